import { resolve } from 'node:path'
import { readSettings } from '../env.ts'
import { fault } from '../errors.ts'
import { type Command, readOptions, say } from './command.ts'
import { withNodeHere } from './node-here.ts'

/** `tributary export hf MODEL --to FOLDER`: a folder that PEFT loads and the Hugging Face hub takes. */
export const exportThing: Command = {
  run: async ([what, ...words]) => {
    // Without it, `export` is the verb that writes the audit bundle.
    if (what !== 'hf')
      return (await import('./verb.ts')).runVerb(['export', ...(what === undefined ? [] : [what]), ...words])
    const { values, positionals } = readOptions(words, { to: { type: 'string' } })
    const [model] = positionals
    if (model === undefined || values.to === undefined)
      throw fault('option-missing', 'A MODEL and --to FOLDER are needed.', {
        fix: 'Run tributary export hf MODEL --to FOLDER.',
      })
    const folder = resolve(values.to)
    await withNodeHere(readSettings(process.env), async ({ operator }) => {
      const { files, ...written } = await operator.call('export-adapter', { model, folder })
      say(`${written.model} is in ${written.folder}: ${files.join(', ')}`)
      say(`adapter ${written.adapterHash}, rows under ${written.snapshotRoot}`)
    })
    return 0
  },
}
