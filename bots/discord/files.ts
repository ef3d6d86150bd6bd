import { fault } from '../../infra/errors.ts'

/** A file as Discord describes it; its address expires. */
export interface Attachment {
  readonly filename: string
  readonly size: number
  readonly url: string
}

/** A file's bytes with a name that can stand in a command line. */
export interface FetchedFile {
  readonly name: string
  readonly bytes: Uint8Array
}

const PATIENCE_MS = 20_000

/**
 * Copies a file at once, since its address expires. Throws `file-too-large`, and `file-unfetched` (retry) where it cannot
 * be had now.
 */
export const fetchFile = async ({ filename, size, url }: Attachment, most: number): Promise<FetchedFile> => {
  const tooLarge = () =>
    fault('file-too-large', 'The file is larger than the chat takes.', {
      fix: `Send one of at most ${Math.floor(most / 1024 / 1024)} MB.`,
      facts: { bytes: size },
    })
  if (size > most) throw tooLarge()
  const bytes = await read(url).catch((cause: unknown) => {
    throw fault('file-unfetched', 'The file could not be fetched from Discord.', {
      fix: 'Send it again.',
      retry: true,
      blame: 'world',
      cause,
    })
  })
  if (bytes.length > most) throw tooLarge()
  return { name: nameOf(filename), bytes }
}

const read = async (url: string): Promise<Uint8Array> => {
  const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS), redirect: 'error' })
  if (!response.ok) throw new Error(`status ${response.status}`)
  return new Uint8Array(await response.arrayBuffer())
}

/** A file's name without what would mean something in a line or a path. */
const nameOf = (filename: string): string =>
  filename
    .replaceAll(/[^\p{L}\p{N}._-]+/gu, '_')
    .replace(/^[._]+/, '')
    .slice(-80) || 'file.txt'
