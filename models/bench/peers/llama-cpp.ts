/**
 * llama.cpp by way of node-llama-cpp's own low-level calls, which are pinned: tokens go in by number and nothing stands between
 * the clock and a decoded batch but one turn of a thread of Node's pool.
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { past, window } from '../decode-steps.ts'
import type { Step } from '../timing.ts'

interface NativeContext {
  initBatch(size: number): void
  /** Returns where the logits of the tokens numbered by `logitIndexes` will be. */
  addToBatch(sequence: number, position: number, tokens: Uint32Array, logitIndexes: Uint32Array): Uint32Array
  decodeBatch(): Promise<void>
  sampleToken(place: number, sampler: object): Promise<number>
  removeTokenCellsFromSequence(sequence: number, from: number, to: number): boolean
  setThreads(threads: number): void
}

interface Context {
  _ctx: NativeContext
  _setLoras(loras: { filePath: string; scale: number }[]): Promise<void>
  dispose(): Promise<void>
}

interface LlamaModel {
  _model: object
  createContext(options: Record<string, unknown>): Promise<Context>
  dispose(): Promise<void>
}

interface Llama {
  systemInfo: string
  llamaCppRelease: { release: string }
  _bindings: { AddonSampler: new (model: object) => { applyConfig(config: object): void; dispose(): void } }
  loadModel(options: { modelPath: string }): Promise<LlamaModel>
  dispose(): Promise<void>
}

export interface LlamaCpp {
  /** Release of llama.cpp, and the instructions that it uses. */
  readonly release: string
  readonly system: string
  open(file: string, options: { rows: number; threads: number; lora?: string }): Promise<Decoder>
  close(): Promise<void>
}

export interface Decoder {
  /** The likeliest tokens after a prompt, one after the other. */
  greedy(prompt: readonly number[], count: number): Promise<number[]>
  /** A step of every row, one token each, after the same past as `decodeStep` has. */
  step(): Promise<Step>
  close(): Promise<void>
}

/** Opens the library, which `installPeers` has installed. */
export async function openLlamaCpp(threads: number): Promise<LlamaCpp> {
  const entry = join(import.meta.dirname, 'node_modules/node-llama-cpp/dist/index.js')
  const { getLlama }: { getLlama(options: object): Promise<Llama> } = await import(pathToFileURL(entry).href)
  const llama = await getLlama({
    gpu: false,
    build: 'never',
    maxThreads: threads,
    progressLogs: false,
    logLevel: 'disabled',
  })
  return {
    release: llama.llamaCppRelease.release,
    system: llama.systemInfo,
    open: (file, options) => openDecoder(llama, file, options),
    close: () => llama.dispose(),
  }
}

async function openDecoder(
  llama: Llama,
  file: string,
  { rows, threads, lora }: { rows: number; threads: number; lora?: string },
): Promise<Decoder> {
  const model = await llama.loadModel({ modelPath: file })
  const context = await model.createContext({
    sequences: rows,
    contextSize: past + window,
    batchSize: 512,
    threads,
    flashAttention: 'auto',
  })
  if (lora) await context._setLoras([{ filePath: lora, scale: 1 }])
  const native = context._ctx
  native.setThreads(threads)
  const feed = async (row: number, position: number, tokens: readonly number[]): Promise<number> => {
    native.initBatch(tokens.length)
    const [place] = native.addToBatch(
      row,
      position,
      Uint32Array.from(tokens),
      Uint32Array.of(tokens.length - 1),
    )
    await native.decodeBatch()
    return place!
  }
  const forget = (row: number, from: number): boolean => native.removeTokenCellsFromSequence(row, from, -1)
  return {
    async greedy(prompt, count) {
      const sampler = new llama._bindings.AddonSampler(model._model)
      sampler.applyConfig({ temperature: 0 })
      const answer: number[] = []
      forget(0, 0)
      for (let fresh = [...prompt]; answer.length < count; fresh = answer.slice(-1)) {
        const known = answer.length === 0 ? 0 : prompt.length + answer.length - 1
        answer.push(await native.sampleToken(await feed(0, known, fresh), sampler))
      }
      sampler.dispose()
      return answer
    },
    async step() {
      for (let row = 0; row < rows; row++) {
        forget(row, 0)
        await feed(
          row,
          0,
          Array.from({ length: past }, (_, i) => 100 + 13 * row + i),
        )
      }
      let step = 0
      return async () => {
        const position = past + (step++ % window)
        if (position === past) for (let row = 0; row < rows; row++) forget(row, past)
        native.initBatch(rows)
        for (let row = 0; row < rows; row++)
          native.addToBatch(
            row,
            position,
            Uint32Array.of(100 + 13 * row + (step % window)),
            Uint32Array.of(0),
          )
        await native.decodeBatch()
      }
    },
    async close() {
      await context.dispose()
      await model.dispose()
    },
  }
}
