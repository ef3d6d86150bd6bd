import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fault } from '../../infra/errors.ts'
import {
  type Documents,
  type OpenSuffixArray,
  openSuffixArray,
  sortApart,
  writeTokens,
} from './suffix-array-files.ts'
import { type PageCache, pageCache } from './suffix-array-pages.ts'
import { type Passages, passagesOf } from './suffix-array-passages.ts'

/** A token index that grows: a main suffix array, a small one beside it for documents that came later, and withdrawals. */
export interface TokenStore extends Passages {
  /** Documents ever added, the withdrawn ones included; their numbers never change. */
  readonly documents: number
  /** Whether what lies beside the main array, or is withdrawn from it, has reached its share: time to `merge`. */
  readonly mergeDue: boolean
  /** Adds documents and returns the number of the first of them. Sorts only what lies beside the main array. */
  add(documents: Documents): Promise<number>
  /** Takes documents out at once: no passage is found in them any more. Unknown numbers are ignored. */
  withdraw(documents: Iterable<number>): Promise<void>
  /** Sorts everything into one array on a thread of its own; look-ups go on meanwhile. */
  merge(): Promise<void>
  close(): Promise<void>
}

export interface StoreOptions {
  /** Tokens beside the main array, or withdrawn, over the tokens of the main array; default 1/8. */
  mergeShare?: number
  /** Arrays of up to this many bytes are read whole; default 256 MiB. */
  whole?: number
  cache?: PageCache
}

/** state.json: which folders count. Replaced whole, so that a change that is cut off leaves the state before it. */
interface State {
  format: 1
  separator: number
  main: string
  side: string | null
  /** Withdrawn since the last merge, which made those of before it empty. */
  withdrawn: number[]
  /** Number that no folder has had yet. */
  next: number
}

/** Makes a store of documents whose tokens are below `vocabulary`; what the folder held is replaced. */
export const createTokenStore = async (
  folder: string,
  documents: Documents,
  vocabulary: number,
): Promise<void> => {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  await writeTokens(join(folder, 'part-0'), documents, vocabulary)
  await sortApart({ folder: join(folder, 'part-0'), separator: vocabulary, parts: [] })
  await writeState(folder, {
    format: 1,
    separator: vocabulary,
    main: 'part-0',
    side: null,
    withdrawn: [],
    next: 1,
  })
}

/** Opens a store for one process. Throws `index-stale` where the folder holds none that is whole. */
export const openTokenStore = async (folder: string, options: StoreOptions = {}): Promise<TokenStore> => {
  const cache = options.cache ?? pageCache()
  const openPart = (name: string) =>
    openSuffixArray(join(folder, name), {
      cache,
      ...(options.whole === undefined ? {} : { whole: options.whole }),
    })
  let state = await readState(folder)
  for (const name of await readdir(folder))
    if (/^part-\d+$/.test(name) && name !== state.main && name !== state.side)
      await rm(join(folder, name), { recursive: true, force: true })
  let main = await openPart(state.main)
  let side = state.side === null ? null : await openPart(state.side)
  const withdrawn = new Set(state.withdrawn)
  const view = (): Passages =>
    passagesOf(
      [{ array: main, first: 0 }, ...(side === null ? [] : [{ array: side, first: main.starts.length }])],
      withdrawn,
    )
  let passages = view()

  // One change at a time, in the order they were asked for; look-ups do not wait.
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(change: () => Promise<T>): Promise<T> => {
    const turn = last.then(change)
    last = turn.catch(() => {})
    return turn
  }
  const save = async (change: Partial<State>): Promise<void> => {
    const changed = { ...state, withdrawn: [...withdrawn], ...change }
    await writeState(folder, changed)
    state = changed
  }
  const nextFolder = async (): Promise<string> => {
    const name = `part-${state.next}`
    await save({ next: state.next + 1 })
    return name
  }
  const discard = async (parts: (OpenSuffixArray | null)[], names: (string | null)[]): Promise<void> => {
    for (const part of parts) await part?.close()
    for (const name of names)
      if (name !== null) await rm(join(folder, name), { recursive: true, force: true })
  }
  const count = () => main.starts.length + (side?.starts.length ?? 0)

  return {
    get size() {
      return passages.size
    },
    longest: (query, start, end) => passages.longest(query, start, end),
    first: (query, start, end) => passages.first(query, start, end),
    get documents() {
      return count()
    },
    get mergeDue() {
      const beside = side?.tokens.length ?? 0
      const gone = main.tokens.length + beside - passages.size
      return Math.max(beside, gone) > main.tokens.length * (options.mergeShare ?? 1 / 8)
    },
    add: documents =>
      inTurn(async () => {
        const first = count()
        const name = await nextFolder()
        await writeTokens(join(folder, name), documents, state.separator)
        const parts = state.side === null ? [] : [{ folder: join(folder, state.side), without: [] }]
        await sortApart({ folder: join(folder, name), separator: state.separator, parts })
        const before = { part: side, name: state.side }
        const opened = await openPart(name)
        await save({ side: name })
        side = opened
        passages = view()
        await discard([before.part], [before.name])
        return first
      }),
    withdraw: documents => {
      for (const document of documents)
        if (Number.isSafeInteger(document) && document >= 0 && document < count()) withdrawn.add(document)
      return inTurn(() => save({}))
    },
    merge: () =>
      inTurn(async () => {
        const name = await nextFolder()
        const empty = new Set(withdrawn)
        const gone = [...empty]
        const inMain = main.starts.length
        await writeTokens(join(folder, name), [], state.separator)
        const parts = [
          { folder: join(folder, state.main), without: gone.filter(document => document < inMain) },
          ...(state.side === null
            ? []
            : [
                {
                  folder: join(folder, state.side),
                  without: gone.filter(document => document >= inMain).map(document => document - inMain),
                },
              ]),
        ]
        await sortApart({ folder: join(folder, name), separator: state.separator, parts })
        const before = { parts: [main, side], names: [state.main, state.side] }
        const opened = await openPart(name)
        await save({ main: name, side: null, withdrawn: [...withdrawn].filter(one => !empty.has(one)) })
        main = opened
        side = null
        for (const document of gone) withdrawn.delete(document)
        passages = view()
        await discard(before.parts, before.names)
      }),
    close: async () => {
      await last
      await discard([main, side], [])
    },
  }
}

const readState = async (folder: string): Promise<State> => {
  const state = await readFile(join(folder, 'state.json'), 'utf8')
    .then(text => JSON.parse(text) as State)
    .catch(() => null)
  if (state?.format === 1) return state
  throw fault('index-stale', 'The token index cannot be used: it was never finished.', {
    fix: 'Build the index again.',
    facts: { folder },
    blame: 'ours',
  })
}

const writeState = async (folder: string, state: State): Promise<void> => {
  const file = await open(join(folder, 'state.tmp'), 'w')
  try {
    await file.writeFile(JSON.stringify(state))
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(join(folder, 'state.tmp'), join(folder, 'state.json'))
}
