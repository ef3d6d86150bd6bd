import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildTokenIndex, firstDocument, longestMatch } from './suffix-array.ts'
import { openSuffixArray, sortFolder, writeTokens } from './suffix-array-files.ts'
import { openPagedNumbers, pageCache } from './suffix-array-pages.ts'
import { createTokenStore, openTokenStore } from './suffix-array-store.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tokens-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const vocabulary = 6
let state = 7
const draw = (below: number): number => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return Math.floor((state / 2 ** 32) * below)
}
const randomDocument = () => Array.from({ length: 1 + draw(20) }, () => draw(vocabulary))
const documents = Array.from({ length: 300 }, randomDocument)

describe('numbers read page by page', () => {
  it('are those of the file, whatever is evicted', async () => {
    const numbers = Uint32Array.from({ length: 1003 }, (_, i) => i * 7)
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'numbers'), numbers)
    const cache = pageCache(4 * 64, 64)
    const paged = await openPagedNumbers(join(folder, 'numbers'), 4, cache)
    const halves = await openPagedNumbers(join(folder, 'numbers'), 2, cache)
    const asHalves = new Uint16Array(numbers.buffer)
    fc.assert(
      fc.property(fc.array(fc.nat(1002), { maxLength: 60 }), at => {
        for (const i of at) {
          expect(paged.at(i)).toBe(numbers[i])
          expect(halves.at(i)).toBe(asHalves[i])
        }
      }),
    )
    expect(paged.at(1003)).toBeUndefined()
    await paged.close()
    await halves.close()
  })
})

describe('a suffix array in files', () => {
  it('answers alike from memory, whole files and pages', async () => {
    const part = join(folder, 'alike')
    await writeTokens(part, documents, vocabulary)
    await sortFolder({ folder: part, separator: vocabulary, parts: [] })
    const built = buildTokenIndex(documents, vocabulary)
    const whole = await openSuffixArray(part)
    const paged = await openSuffixArray(part, { whole: 0, cache: pageCache(2 * 256, 256) })
    for (let i = 0; i < 300; i++) {
      const query = randomDocument()
      const match = longestMatch(built, query, 0, query.length)
      for (const index of [whole, paged]) {
        expect(longestMatch(index, query, 0, query.length)).toEqual(match)
        expect(firstDocument(index, match)).toBe(firstDocument(built, match))
      }
    }
    await whole.close()
    await paged.close()
  })

  it('is refused where it was never finished or a file was cut', async () => {
    const part = join(folder, 'cut')
    await writeTokens(part, documents, vocabulary)
    await expect(openSuffixArray(part)).rejects.toMatchObject({ code: 'index-stale' })
    await sortFolder({ folder: part, separator: vocabulary, parts: [] })
    await writeFile(join(part, 'suffixes.u32'), new Uint32Array(3))
    await expect(openSuffixArray(part)).rejects.toMatchObject({ code: 'index-stale' })
    await expect(openSuffixArray(part, { whole: 0 })).rejects.toMatchObject({ code: 'index-stale' })
  })
})

describe('a token store', () => {
  it('answers as one array over all live documents, through additions, withdrawals, a merge and another start', async () => {
    const home = join(folder, 'store')
    const added = Array.from({ length: 60 }, randomDocument)
    await createTokenStore(home, documents, vocabulary)
    let store = await openTokenStore(home)
    const agrees = (live: readonly (readonly number[])[]) => {
      const index = buildTokenIndex(live, vocabulary)
      expect(store.size).toBe(index.tokens.length)
      for (let i = 0; i < 200; i++) {
        const query = randomDocument()
        const match = longestMatch(index, query, 0, query.length)
        expect(store.longest(query, 0, query.length)).toBe(match.length)
        expect(store.first(query, 0, match.length)).toBe(firstDocument(index, match))
      }
    }
    expect(await store.add(added.slice(0, 20))).toBe(300)
    expect(await store.add(added.slice(20))).toBe(320)
    agrees([...documents, ...added])
    expect(store.mergeDue).toBe(true)

    const gone = new Set([0, 1, 17, 299, 300, 345])
    const live = [...documents, ...added].map((held, i) => (gone.has(i) ? [] : held))
    await store.withdraw(gone)
    agrees(live)
    await store.close()
    store = await openTokenStore(home, { whole: 0 })
    agrees(live)
    const merging = store.merge()
    agrees(live)
    await store.withdraw([2, 301])
    const left = live.map((held, i) => (i === 2 || i === 301 ? [] : held))
    agrees(left)
    await merging
    agrees(left)
    await store.close()
    store = await openTokenStore(home)
    agrees(left)
    expect(store.mergeDue).toBe(false)
    expect(store.documents).toBe(360)
    expect((await readdir(home)).filter(name => name.startsWith('part-'))).toHaveLength(1)
    await store.close()
  })
})
