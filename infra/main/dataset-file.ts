import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline/promises'
import { type Dataset, readDataset } from '../../tools/own-models/dataset.ts'
import { fault } from '../errors.ts'
import { say } from './command.ts'

/** Reads a file of rows and says which lines are none. Throws `file-unreadable` and `dataset-unreadable`. */
export const readDatasetFile = async (path: string): Promise<Dataset> => {
  const text = await readFile(path, 'utf8').catch(cause => {
    throw fault('file-unreadable', `The file ${path} cannot be read.`, { fix: 'Check its path.', cause })
  })
  const dataset = readDataset(text)
  const { rows, unread } = dataset
  say(`${rows.length} rows read${unread.length === 0 ? '' : `, ${unread.length} left out:`}`)
  for (const { line, why } of unread.slice(0, 5)) say(`  line ${line}: ${why}`)
  if (unread.length > 5) say(`  and ${unread.length - 5} more`)
  return dataset
}

/** What was said of the rights in rows, asked for where a person sits there. Throws `licence-missing` and `rights-missing`. */
export const statedRights = async (given: {
  licence?: string | undefined
  rights?: string | undefined
}): Promise<{ licence: string; rights: true }> => {
  const licence = given.licence ?? (await asked('Licence of the rows (SPDX, such as CC0-1.0): '))
  if (licence === '')
    throw fault('licence-missing', 'The rows have no licence.', {
      fix: 'Add --licence with an SPDX expression, such as CC0-1.0 or LicenseRef-private.',
    })
  const rights = given.rights ?? (await asked('May you use and give these rows under it? [yes/no] '))
  if (!/^y(es)?$/i.test(rights))
    throw fault('rights-missing', 'Nobody has said that these rows may be used.', {
      fix: 'Add --rights yes if you may use and give them under that licence.',
    })
  return { licence, rights: true }
}

/** What a person answers; nothing where there is none. */
const asked = async (question: string): Promise<string> => {
  if (process.stdin.isTTY !== true) return ''
  const lines = createInterface({ input: process.stdin, output: process.stdout })
  try {
    return (await lines.question(question)).trim()
  } finally {
    lines.close()
  }
}
