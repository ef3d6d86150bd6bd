import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { compileFunction } from 'node:vm'
import type * as XGrammar from '@mlc-ai/web-xgrammar'

/** What a grammar is compiled from: xgrammar's EBNF with the rule `root`, or a regular expression for the whole text. */
export interface GrammarSource {
  kind: 'ebnf' | 'regex'
  text: string
}

export interface GrammarVocabulary {
  /** The vocabulary's own spelling of each token by id; '' for what may never be written. */
  pieces: readonly string[]
  encoding: 'byte-level' | 'byte-fallback' | 'plain'
  /** Width of the logits, at least pieces.length. */
  size: number
  eos: number
}

/** One grammar over one vocabulary, in the library's memory until `free`. */
export interface CompiledGrammar {
  start(): GrammarState
  free(): void
}

/** One text in the making. */
export interface GrammarState {
  /** Writes a bit for every token that may come next into out [ceil(size / 32)]. */
  fill(out: Int32Array): void
  /** False where the grammar does not allow the token; the state is as before then. */
  accept(token: number): boolean
  /** True once the token that ends the turn was accepted; nothing may be asked after it. */
  ended(): boolean
  free(): void
}

export interface GrammarLibrary {
  /**
   * Compiles synchronously, in one piece. Rejects with a plain Error that says what the library said. After a rejection
   * the library is not to be used again: it aborts in the middle of its work.
   */
  compile(source: GrammarSource): Promise<CompiledGrammar>
}

/** The library's objects as its bindings give them; its own wrappers are asynchronous without need. */
interface RawVector {
  size(): number
  get(index: number): number
  delete(): void
}
interface RawMatcher {
  GetNextTokenBitmask(size: number): RawVector
  AcceptToken(token: number, verbose: boolean): boolean
  IsTerminated(): boolean
  delete(): void
}
type RawMatcherClass = new (
  grammar: unknown,
  stops: undefined,
  endsWithoutStop: boolean,
  rollback: number,
) => RawMatcher

/**
 * Opens a fresh xgrammar with a vocabulary; about 50 ms and 17 MB for 8,192 tokens. It has neither files, network nor this process's
 * globals: the package says that it is an ES module but is not one, so it is run as a function that is handed all it may see.
 * `heapBytes` bounds its memory.
 */
export const openGrammarLibrary = async (
  vocabulary: GrammarVocabulary,
  heapBytes: number,
): Promise<GrammarLibrary> => {
  const { library, said } = await load(heapBytes)
  const { pieces, encoding, size, eos } = vocabulary
  const spelling = { 'byte-level': 'byte_level', 'byte-fallback': 'byte_fallback', plain: 'raw' }[encoding]
  const info = await library.TokenizerInfo.createTokenizerInfo([...pieces], spelling, false, size, [eos])
  const compiler = await library.GrammarCompiler.createGrammarCompiler(info, false)

  const compileSource = async ({ kind, text }: GrammarSource) => {
    if (kind === 'regex') return compiler.compileStructuralTag({ type: 'regex', pattern: text })
    const grammar = await library.Grammar.fromEBNF(text)
    try {
      return await compiler.compileGrammar(grammar)
    } finally {
      grammar.dispose()
    }
  }

  return {
    async compile(source) {
      said.length = 0
      let compiled: XGrammar.CompiledGrammar
      try {
        compiled = await compileSource(source)
      } catch (cause) {
        throw new Error(reason(said) ?? 'the library gave up on it, for want of memory or depth', { cause })
      }
      // It warns of what it leaves out: a grammar that means something else than its text.
      const warning = reason(said)
      if (warning !== null) throw new Error(warning)
      const first = await library.GrammarMatcher.createGrammarMatcher(compiled)
      const handle = (first as unknown as { handle: RawMatcher }).handle
      const Matcher = handle.constructor as RawMatcherClass
      first.dispose()
      return {
        start: () => stateOf(new Matcher(compiled.handle, undefined, false, -1), size),
        free: () => compiled.dispose(),
      }
    },
  }
}

const stateOf = (matcher: RawMatcher, size: number): GrammarState => ({
  fill(out) {
    const words = matcher.GetNextTokenBitmask(size)
    for (let i = 0; i < out.length; i++) out[i] = words.get(i)
    words.delete()
  },
  accept: token => matcher.AcceptToken(token, false),
  ended: () => matcher.IsTerminated(),
  free: () => matcher.delete(),
})

/** The last line of what was said, without the place in the library's sources. */
const reason = (said: readonly string[]): string | null => {
  const lines = said.filter(line => !line.startsWith('Aborted('))
  return lines.at(-1)?.replace(/^\[\w+\] (\S+:\d+: )?/, '') ?? null
}

const load = async (heapBytes: number) => {
  const file = createRequire(import.meta.url).resolve('@mlc-ai/web-xgrammar')
  const names = ['exports', 'module', 'process', 'console', 'location', 'WebAssembly']
  const run = compileFunction(await readFile(file, 'utf8'), names, { filename: file })
  const library = {} as typeof XGrammar
  const said: string[] = []
  const say = (...words: unknown[]): void => {
    said.push(words.join(' '))
  }
  const output = { log: say, warn: say, error: say }
  // No `process`: it would look for Node's files. A `location`: it would look for its own path otherwise.
  run(library, {}, undefined, output, { href: '' }, boundedWebAssembly(heapBytes))
  return { library, said }
}

/** The few names of WebAssembly that are used; TypeScript has them with a browser's types only. */
interface Memory {
  readonly buffer: ArrayBuffer
  grow(pages: number): number
}
declare const WebAssembly: {
  RuntimeError: ErrorConstructor
  Memory: new (limits: { initial: number }) => Memory
  instantiate(
    bytes: Uint8Array,
    imports: unknown,
  ): Promise<{ instance: { exports: Record<string, unknown> } }>
}

const pageBytes = 65_536

/** WebAssembly whose memories grow up to a limit; past it the program sees no memory left. */
const boundedWebAssembly = (heapBytes: number) => ({
  RuntimeError: WebAssembly.RuntimeError,
  async instantiate(bytes: Uint8Array, imports: unknown) {
    const made = await WebAssembly.instantiate(bytes, imports)
    for (const memory of Object.values(made.instance.exports)) {
      if (!(memory instanceof WebAssembly.Memory)) continue
      const grow = memory.grow.bind(memory)
      memory.grow = pages => {
        if (memory.buffer.byteLength + pages * pageBytes > heapBytes) throw new RangeError('memory limit')
        return grow(pages)
      }
    }
    return made
  },
})
