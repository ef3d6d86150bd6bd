import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isFault } from '../../infra/errors.ts'
import { readDocuments } from './documents.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'documents-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function read(name: string): Promise<string[]> {
  const found: string[] = []
  for await (const document of readDocuments(join(folder, name))) found.push(document)
  return found
}

async function documents(text: string): Promise<string[]> {
  await writeFile(join(folder, 'corpus.txt'), text)
  return read('corpus.txt')
}

test('a line with the end mark ends a document, the last one with or without it', async () => {
  const two = 'one\n\nstill <|endoftext|> one\n<|endoftext|>\ntwo'
  const expected = ['one\n\nstill <|endoftext|> one', 'two']
  expect(await documents(two)).toEqual(expected)
  expect(await documents(`${two}\n<|endoftext|>\n`)).toEqual(expected)
})

test('documents are whole where a read ends within one, or within a character of it', async () => {
  const all = Array.from({ length: 40 }, (_, i) => `${i} ${'hönig '.repeat(1000 + i)}`.trim())
  expect(await documents(all.join('\n<|endoftext|>\n'))).toEqual(all)
})

test('a file that is not there is refused, packed or not', async () => {
  for (const name of ['absent.txt', 'absent.txt.xz']) {
    const error = await read(name).catch((cause: unknown) => cause)
    expect(isFault(error, 'corpus-unreadable')).toBe(true)
  }
})
