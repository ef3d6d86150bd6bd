import { Worker } from 'node:worker_threads'
import { fault } from '../../infra/errors.ts'
import type { Tokenizer } from '../tokenizer.ts'
import { asciiClasses, classesBeyondAscii } from './character-classes.ts'
import { jsonGrammar, jsonSchemaGrammar } from './json-schema-grammar.ts'
import type { CompiledGrammar, GrammarLibrary, GrammarSource, GrammarState } from './library.ts'
import type { ProbeAnswer, ProbeData } from './probe.ts'

/** What the text must be: a JSON object or array, JSON under a schema, a text that a regular expression matches as a whole, or a text of an EBNF grammar (xgrammar's, rule `root`). */
export type ConstraintSpec =
  | { kind: 'json' }
  | { kind: 'json-schema'; schema: unknown }
  | { kind: 'regex'; pattern: string }
  | { kind: 'grammar'; ebnf: string }

/** One text in the making. */
export interface Matcher {
  /**
   * The tokens that may come next, a bit each: token t is bit t % 32 of word t >> 5. The array is the matcher's own and
   * changes at `accept`. The token that ends the turn is allowed exactly where the text may end, other control tokens never.
   */
  mask(): Int32Array
  /** Moves on by a token. Error `constraint-broken` where the mask does not allow it. */
  accept(token: number): void
  /** True once nothing but the end of the turn may follow. */
  readonly done: boolean
  /** Frees its memory; it cannot be used afterwards. */
  close(): void
}

/** A compiled constraint. */
export interface Constraint {
  start(): Matcher
  /** Lets go of it; matchers that were started go on. What nobody holds is freed when the cache drops it. */
  close(): void
}

export interface Constraints {
  /**
   * Compiles, or finds it compiled. A second thread tries it first, under the limits; then it is compiled here, for as
   * long as that took at most. Error `constraint-invalid`: not understood, not honoured as a whole, or past the limits.
   */
  compile(spec: ConstraintSpec): Promise<Constraint>
  /** Stops the second thread; matchers that were started go on. */
  close(): Promise<void>
}

export interface ConstraintLimits {
  /** Compiled constraints that are kept. */
  kept: number
  /** The longest a constraint may take to compile; this thread stands still for about as long once. */
  seconds: number
  /** Memory of the library, which two threads have each. */
  heapBytes: number
}

const limits: ConstraintLimits = { kept: 32, seconds: 5, heapBytes: 512 * 2 ** 20 }
const maxCharacters = 65_536

interface Entry {
  grammar: CompiledGrammar
  /** The cache, constraints not closed and matchers not closed. */
  holders: number
}

/**
 * Constrained output for one tokenizer; `vocabularySize` is the width of the logits, where rows past the tokenizer's are never allowed. Nothing
 * is loaded before the first `compile`. The method: xgrammar (Dong et al. 2024).
 */
export const openConstraints = (
  tokenizer: Tokenizer,
  vocabularySize: number,
  given: Partial<ConstraintLimits> = {},
): Constraints => {
  const { kept, seconds, heapBytes } = { ...limits, ...given }
  const { encoding, pieces: all } = tokenizer.vocabulary()
  const pieces = all.slice(0, vocabularySize)
  const { eos } = tokenizer
  const vocabulary = { pieces, encoding, size: vocabularySize, eos }
  // The library allows control tokens and empty rows where a grammar allows everything.
  const writable = new Int32Array(Math.ceil(vocabularySize / 32))
  for (let t = 0; t < pieces.length; t++)
    if (pieces[t] !== '' || t === eos) writable[t >> 5]! |= 1 << (t & 31)

  const cache = new Map<string, Entry>()
  const probe = openProbe({ vocabulary, heapBytes }, seconds)
  let library: Promise<GrammarLibrary> | null = null
  let last: Promise<unknown> = Promise.resolve()

  const release = (entry: Entry): void => {
    if (--entry.holders === 0) entry.grammar.free()
  }
  const make = async (key: string, source: GrammarSource): Promise<Entry> => {
    const refusal = await probe.ask(source)
    if (refusal !== null) throw invalid(refusal)
    library ??= import('./library.ts').then(l => l.openGrammarLibrary(vocabulary, heapBytes))
    const grammar = await (await library).compile(source).catch(cause => {
      // It aborted half-way. What it made before stays usable, but it makes nothing more.
      library = null
      for (const entry of cache.values()) release(entry)
      cache.clear()
      throw invalid('the library gave up on it', cause)
    })
    const entry = { grammar, holders: 1 }
    cache.set(key, entry)
    return entry
  }
  const find = async (source: GrammarSource): Promise<Constraint> => {
    const key = `${source.kind}\n${source.text}`
    const entry = cache.get(key) ?? (await make(key, source))
    cache.delete(key)
    cache.set(key, entry)
    for (const [oldest, old] of cache) {
      if (cache.size <= kept) break
      cache.delete(oldest)
      release(old)
    }
    entry.holders++
    let open = true
    return {
      start() {
        if (!open) throw closed()
        entry.holders++
        return matcherOf(entry.grammar.start(), writable, eos, () => release(entry))
      },
      close() {
        if (open) release(entry)
        open = false
      },
    }
  }

  return {
    compile(spec) {
      // One at a time: the library is not to be entered twice, and a constraint asked for twice is compiled once.
      const made = last.then(() => find(sourceOf(spec)))
      last = made.catch(() => undefined)
      return made
    },
    close: () => probe.close(),
  }
}

const sourceOf = (spec: ConstraintSpec): GrammarSource => {
  if (spec.kind === 'json') return { kind: 'ebnf', text: jsonGrammar }
  if (spec.kind === 'json-schema') return { kind: 'ebnf', text: jsonSchemaGrammar(spec.schema) }
  const text = spec.kind === 'regex' ? spec.pattern : spec.ebnf
  if (text.length > maxCharacters)
    throw invalid(`it has ${text.length} characters, more than ${maxCharacters}`)
  if (!text.isWellFormed() || text.includes('\0')) throw invalid('it is not well-formed text')
  if (spec.kind === 'grammar') {
    const refused = classesBeyondAscii(text)
    if (refused !== null) throw invalid(refused)
    return { kind: 'ebnf', text }
  }
  const ascii = asciiClasses(text)
  if ('refused' in ascii) throw invalid(ascii.refused)
  return { kind: 'regex', text: ascii.pattern }
}

const matcherOf = (state: GrammarState, writable: Int32Array, eos: number, free: () => void): Matcher => {
  const words = new Int32Array(writable.length)
  let fresh = false
  let open = true
  const mask = (): Int32Array => {
    if (!open) throw closed()
    if (fresh) return words
    // The library aborts when it is asked past the end.
    if (state.ended()) words.fill(0)[eos >> 5] = 1 << (eos & 31)
    else state.fill(words)
    for (let i = 0; i < words.length; i++) words[i]! &= writable[i]!
    fresh = true
    return words
  }
  return {
    mask,
    accept(token) {
      const allowed = (mask()[token >> 5]! >>> (token & 31)) & 1
      if (allowed !== 1 || (!state.ended() && !state.accept(token)))
        throw fault('constraint-broken', `The constraint does not allow the token ${token} here.`, {
          fix: 'Sample under the mask.',
          facts: { token },
          blame: 'ours',
        })
      fresh = false
    },
    get done() {
      const now = mask()
      for (let i = 0; i < now.length; i++) if (now[i] !== (i === eos >> 5 ? 1 << (eos & 31) : 0)) return false
      return true
    },
    close() {
      if (!open) return
      open = false
      state.free()
      free()
    },
  }
}

/** The thread that tries a constraint first; started when needed, and anew after one that it did not survive. */
const openProbe = (data: ProbeData, seconds: number) => {
  let worker: Worker | null = null
  const drop = async (): Promise<void> => {
    const old = worker
    worker = null
    await old?.terminate()
  }
  return {
    async ask(source: GrammarSource): Promise<ProbeAnswer> {
      worker ??= new Worker(new URL('./probe.ts', import.meta.url), { workerData: data })
      const own = worker
      own.ref()
      const { promise, resolve, reject } = Promise.withResolvers<ProbeAnswer>()
      const timer = setTimeout(() => resolve(`it takes longer than ${seconds} s to compile`), seconds * 1000)
      const ended = () => resolve('the thread that tried it ended')
      own.on('message', resolve).on('error', reject).on('exit', ended)
      own.postMessage(source)
      const answer = await promise.finally(() => clearTimeout(timer))
      own.off('message', resolve).off('error', reject).off('exit', ended)
      if (answer !== null) await drop()
      // A thread that waits keeps no process alive.
      else own.unref()
      return answer
    },
    close: drop,
  }
}

const closed = () =>
  fault('constraint-closed', 'The constraint is closed.', { fix: 'Compile it again.', blame: 'ours' })

const invalid = (reason: string, cause?: unknown) =>
  fault('constraint-invalid', `The constraint cannot be followed: ${reason}.`, {
    fix: 'Mend the pattern or the grammar, or make it smaller.',
    facts: { reason },
    ...(cause === undefined ? {} : { cause }),
  })
