import { type FileHandle, mkdir, open, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { fault } from '../../infra/errors.ts'
import { indexTokens, type SuffixArray, type TokenIndex, tokenArray } from './suffix-array.ts'
import { openPagedNumbers, type PageCache, pageCache } from './suffix-array-pages.ts'

/** What a folder of one suffix array holds; meta.json is written last, so a folder that has one is whole. */
interface Meta {
  format: 1
  separator: number
  tokens: number
  documents: number
}

export interface SortJob {
  /** Folder whose tokens.bin is sorted. */
  folder: string
  separator: number
  /** Whole folders whose tokens come before its own, without the documents named by their place in the part. */
  parts: { folder: string; without: readonly number[] }[]
}

export interface OpenSuffixArray extends SuffixArray {
  close(): Promise<void>
}

export type Documents = Iterable<ArrayLike<number>> | AsyncIterable<ArrayLike<number>>

/** Tokens and suffixes of at most this many bytes are read whole when they are opened. */
const wholeBytes = 256 * 2 ** 20
/** Tokens written at once, and numbers read at once: one system call moves at most 2 GiB. */
const chunk = 2 ** 20
const readable = 2 ** 28

/** Writes the documents' tokens into `folder`, each document followed by `separator`, a chunk at a time. */
export const writeTokens = async (folder: string, documents: Documents, separator: number): Promise<void> => {
  await mkdir(folder, { recursive: true })
  const file = await open(join(folder, 'tokens.bin'), 'w')
  let tokens = tokenArray(chunk, separator)
  let held = 0
  try {
    for await (const document of documents) {
      if (held + document.length + 1 > tokens.length) {
        await write(file, tokens.subarray(0, held))
        held = 0
        if (document.length >= tokens.length) tokens = tokenArray(document.length + 1, separator)
      }
      tokens.set(document, held)
      held += document.length
      tokens[held++] = separator
    }
    await write(file, tokens.subarray(0, held))
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Runs `sortFolder` on a thread of its own, so that this one goes on answering. Throws what it throws. */
export const sortApart = (job: SortJob): Promise<void> =>
  new Promise((resolve, reject) => {
    const thread = new Worker(new URL('./suffix-array-thread.ts', import.meta.url), { workerData: job })
    thread.once('error', reject)
    thread.once('exit', code =>
      code === 0
        ? resolve()
        : reject(
            fault('index-thread', `The thread that sorts tokens ended with code ${code}.`, {
              fix: 'Build the index again with more memory.',
              retry: true,
              blame: 'operator',
            }),
          ),
    )
  })

/**
 * Sorts a folder's tokens after those of the parts and writes all files of the suffix array: 6 to 8 bytes a token, and as much
 * memory while it runs plus 8 bytes for each distinct symbol of a level of the sort.
 */
export const sortFolder = async ({ folder, separator, parts }: SortJob): Promise<void> => {
  const pieces: TokenIndex['tokens'][] = []
  for (const { folder: part, without } of parts) pieces.push(await partTokens(part, separator, without))
  pieces.push(await readTokens(folder, separator))
  const index = indexTokens(joined(pieces, separator), separator)
  const { tokens, suffixes, starts, heads, minima } = index
  if (parts.length > 0) await writeNumbers(folder, 'tokens.bin', tokens)
  await writeNumbers(folder, 'suffixes.u32', suffixes)
  await writeNumbers(folder, 'starts.u32', starts)
  await writeNumbers(folder, 'heads.u32', heads!)
  await writeNumbers(folder, 'minima.u32', minima!)
  const meta: Meta = { format: 1, separator, tokens: tokens.length, documents: starts.length }
  await writeFile(join(folder, 'meta.tmp'), JSON.stringify(meta), { flush: true })
  await rename(join(folder, 'meta.tmp'), join(folder, 'meta.json'))
}

/** A part's tokens, the documents left out as empty ones: every other keeps its number. */
const partTokens = async (folder: string, separator: number, without: readonly number[]) => {
  const tokens = await readTokens(folder, separator)
  if (without.length === 0) return tokens
  const starts = new Uint32Array(await bytesOf(join(folder, 'starts.u32')))
  const gone = new Set(without)
  let kept = 0
  for (let document = 0; document < starts.length; document++) {
    const end = starts[document + 1] ?? tokens.length
    const from = gone.has(document) ? end - 1 : starts[document]!
    tokens.copyWithin(kept, from, end)
    kept += end - from
  }
  return tokens.subarray(0, kept)
}

const joined = (pieces: TokenIndex['tokens'][], separator: number): TokenIndex['tokens'] => {
  if (pieces.length === 1) return pieces[0]!
  const tokens = tokenArray(
    pieces.reduce((sum, piece) => sum + piece.length, 0),
    separator,
  )
  let at = 0
  for (const piece of pieces) {
    tokens.set(piece, at)
    at += piece.length
  }
  return tokens
}

/**
 * Opens a folder that `sortFolder` wrote. Tokens and suffixes of more than `whole` bytes are read page by page as they are
 * needed; both ways answer alike. Throws `index-stale` where a file is absent or has another size than meta.json says.
 */
export const openSuffixArray = async (
  folder: string,
  { whole = wholeBytes, cache }: { whole?: number; cache?: PageCache } = {},
): Promise<OpenSuffixArray> => {
  const meta = await readFile(join(folder, 'meta.json'), 'utf8')
    .then(text => JSON.parse(text) as Meta)
    .catch(() => null)
  if (meta === null || meta.format !== 1) throw stale(folder, 'it was never finished')
  const { separator, tokens: length, documents } = meta
  const numbers = async (name: string) => new Uint32Array(await bytesOf(join(folder, name)))
  const [starts, heads, minima] = await Promise.all(['starts.u32', 'heads.u32', 'minima.u32'].map(numbers))
  const width = separator < 2 ** 16 ? 2 : 4
  const inMemory = length * (width + 4) <= whole
  const pages = cache ?? pageCache()
  const tokens = inMemory
    ? await readTokens(folder, separator)
    : await openPagedNumbers(join(folder, 'tokens.bin'), width, pages)
  const suffixes = inMemory
    ? await numbers('suffixes.u32')
    : await openPagedNumbers(join(folder, 'suffixes.u32'), 4, pages)
  const close = async (): Promise<void> => {
    for (const part of [tokens, suffixes]) if ('close' in part) await part.close()
  }
  if (tokens.length !== length || suffixes.length !== length || starts!.length !== documents) {
    await close()
    throw stale(folder, 'its files have other sizes than it says')
  }
  return { tokens, suffixes, starts: starts!, separator, heads: heads!, minima: minima!, close }
}

const stale = (folder: string, why: string) =>
  fault('index-stale', `The token index cannot be used: ${why}.`, {
    fix: 'Build the index again.',
    facts: { folder },
    blame: 'ours',
  })

const readTokens = async (folder: string, separator: number): Promise<TokenIndex['tokens']> => {
  const bytes = await bytesOf(join(folder, 'tokens.bin'))
  return separator < 2 ** 16 ? new Uint16Array(bytes) : new Uint32Array(bytes)
}

const bytesOf = async (path: string): Promise<ArrayBuffer> => {
  const file = await open(path, 'r')
  try {
    const bytes = new Uint8Array((await file.stat()).size)
    for (let done = 0; done < bytes.length; ) {
      const { bytesRead } = await file.read(bytes, done, Math.min(readable, bytes.length - done), done)
      if (bytesRead === 0) throw stale(path, 'a file ends early')
      done += bytesRead
    }
    return bytes.buffer
  } finally {
    await file.close()
  }
}

const writeNumbers = async (folder: string, name: string, numbers: Uint16Array | Uint32Array) => {
  const file = await open(join(folder, name), 'w')
  try {
    await write(file, numbers)
    await file.sync()
  } finally {
    await file.close()
  }
}

const write = async (file: FileHandle, numbers: Uint16Array | Uint32Array): Promise<void> => {
  const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength)
  for (let done = 0; done < bytes.length; )
    done += (await file.write(bytes, done, Math.min(readable, bytes.length - done))).bytesWritten
}
