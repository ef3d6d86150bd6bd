/** Compiles grammars away from the engine's thread, where one that never ends or breaks the library can be stopped. */
import { parentPort, workerData } from 'node:worker_threads'
import { type GrammarSource, type GrammarVocabulary, openGrammarLibrary } from './library.ts'

export interface ProbeData {
  vocabulary: GrammarVocabulary
  heapBytes: number
}

/** null: the grammar compiles and some token may begin its text; otherwise the reason why not. */
export type ProbeAnswer = string | null

const { vocabulary, heapBytes } = workerData as ProbeData
const library = await openGrammarLibrary(vocabulary, heapBytes)

const judge = async (source: GrammarSource): Promise<ProbeAnswer> => {
  try {
    const grammar = await library.compile(source)
    const state = grammar.start()
    const mask = new Int32Array(Math.ceil(vocabulary.size / 32))
    state.fill(mask)
    state.free()
    grammar.free()
    return mask.every(word => word === 0) ? 'no token of the vocabulary can begin it' : null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

parentPort!.on('message', async (source: GrammarSource) => parentPort!.postMessage(await judge(source)))
