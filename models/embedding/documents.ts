import { spawn } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { fault } from '../../infra/errors.ts'

const separator = '\n<|endoftext|>\n'

/**
 * The documents of a text file in which a line `<|endoftext|>` ends each one; `.xz` is unpacked by the program `xz` on the way.
 * Error `corpus-unreadable`: there is no such file, or xz is absent or refuses it.
 */
export async function* readDocuments(path: string): AsyncGenerator<string> {
  const unpacker = path.endsWith('.xz')
    ? spawn('xz', ['--decompress', '--stdout', '--', path], { stdio: ['ignore', 'pipe', 'ignore'] })
    : null
  const ended =
    unpacker &&
    new Promise<number | null>((resolve, reject) => {
      unpacker.on('error', reject)
      unpacker.on('close', resolve)
    })
  // Its failure is looked at when the text has been read.
  ended?.catch(() => undefined)
  try {
    let rest = ''
    for await (const piece of (unpacker?.stdout ?? createReadStream(path)).setEncoding('utf8')) {
      const documents = (rest + piece).split(separator)
      rest = documents.pop() ?? ''
      yield* documents.map(document => document.trim())
    }
    if (rest.trim() !== '') yield rest.replace(/<\|endoftext\|>\s*$/, '').trim()
    const code = await ended
    if (code) throw new Error(`xz ended with ${code}`)
  } catch (cause) {
    throw fault('corpus-unreadable', `The text ${path} cannot be read.`, {
      fix: 'Name a text file, or one packed by xz where that program is installed.',
      facts: { path },
      blame: 'operator',
      cause,
    })
  } finally {
    unpacker?.kill()
  }
}
