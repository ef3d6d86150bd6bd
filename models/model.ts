import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ModelConfig } from './architectures/config.ts'
import { readConfig } from './architectures/read-config.ts'
import { readWeights, ropeTables } from './architectures/weights.ts'
import { hiddenGraph, lossGraph, mergeGraph, nextTokenGraph, rowsGraph } from './graphs.ts'
import { type Adapter, type LoraLayout, readAdapter, weightsFile } from './lora.ts'
import { floats, openSession, type Session, type Tensor } from './session.ts'

type Tensors = Record<string, Tensor>

/** A base model in memory: its weights once, and the sessions of its graphs, opened when first needed. */
export interface Model {
  readonly config: ModelConfig
  readonly threads: number
  /** Weights and rotary tables by input name. */
  readonly weights: Readonly<Tensors>
  /** A session of a graph by a name that is the same for the same graph. */
  session(name: string, graph: () => Uint8Array): Promise<Session>
  loss(): Promise<Session>
  hidden(): Promise<Session>
  nextToken(): Promise<Session>
  rows(layout: LoraLayout): Promise<Session>
  /** The weights with an adapter merged in; `into` gives the memory of the merged matrices, to be written again. */
  merge(layout: LoraLayout, flat: Float32Array, into?: Tensors): Promise<Tensors>
  /** Memory for `merge`. */
  mergeMemory(layout: LoraLayout): Tensors
  /** An adapter folder read and merged; the last few are kept. Null is the base alone. */
  adapted(folder: string | null): Promise<{ weights: Tensors; adapter: Adapter | null }>
  readonly baseBytes: number
  counts(): { adapters: number; sessions: number }
  close(): Promise<void>
}

/** Merged copies of the adapted layers kept at once: each has the size of the base's linear layers (24 MB for 8M parameters). */
const keptAdapters = 4

/** Only the feeds that a session declares: onnxruntime refuses others. */
export const feedsFor = (session: Session, ...sources: readonly Readonly<Tensors>[]): Tensors => {
  const feeds: Tensors = {}
  for (const name of session.inputs) {
    const source = sources.find(tensors => name in tensors)
    if (source) feeds[name] = source[name]!
  }
  return feeds
}

/** Changes when the folder's adapter is replaced: a file that is renamed into place has another inode. */
async function contentKey(folder: string): Promise<string> {
  const about = await stat(join(folder, weightsFile)).catch(() => null)
  return about ? `${folder} ${about.ino} ${about.size} ${about.mtimeMs}` : folder
}

/** Loads a base from a Hugging Face folder (config.json and weights; no tokenizer). Error `base-unsupported`. */
export async function openModel(folder: string, threads: number): Promise<Model> {
  const config = await readConfig(folder)
  const loaded = await readWeights(folder, config)
  const { cos, sin } = ropeTables(config)
  const weights: Tensors = { ...Object.fromEntries(loaded), 'rope.cos': cos, 'rope.sin': sin }
  const sessions = new Map<string, Promise<Session>>()
  const adapters = new Map<string, { weights: Tensors; adapter: Adapter }>()

  const session = (name: string, graph: () => Uint8Array): Promise<Session> => {
    const known = sessions.get(name)
    if (known) return known
    const opened = openSession(graph(), { threads })
    sessions.set(name, opened)
    return opened
  }

  const mergeMemory = (layout: LoraLayout): Tensors =>
    Object.fromEntries(
      layout.parts.map(({ path, out, width }) => [
        `${path}.weight`,
        floats(new Float32Array(out * width), [out, width]),
      ]),
    )

  const merge = async (
    layout: LoraLayout,
    flat: Float32Array,
    into = mergeMemory(layout),
  ): Promise<Tensors> => {
    const merger = await session(`merge ${layout.key}`, () => mergeGraph(config, layout))
    const outputs = Object.fromEntries(
      Object.entries(into).map(([name, tensor]) => [`merged ${name}`, tensor]),
    )
    await merger.run(feedsFor(merger, { adapter: floats(flat, [layout.size]) }, weights), outputs)
    return { ...weights, ...into }
  }

  return {
    config,
    threads,
    weights,
    session,
    merge,
    mergeMemory,
    loss: () => session('loss', () => lossGraph(config)),
    hidden: () => session('hidden', () => hiddenGraph(config)),
    nextToken: () => session('next-token', () => nextTokenGraph(config)),
    rows: layout => session(`rows ${layout.key}`, () => rowsGraph(config, layout)),
    async adapted(adapterFolder) {
      if (adapterFolder === null) return { weights, adapter: null }
      const key = await contentKey(adapterFolder)
      const known = adapters.get(key)
      if (known) {
        adapters.delete(key)
        adapters.set(key, known)
        return known
      }
      const adapter = await readAdapter(adapterFolder, config)
      const merged = { weights: await merge(adapter.layout, adapter.flat), adapter }
      adapters.set(key, merged)
      if (adapters.size > keptAdapters) adapters.delete(adapters.keys().next().value!)
      return merged
    },
    baseBytes: [...loaded.values()].reduce((sum, { data }) => sum + data.byteLength, 0),
    counts: () => ({ adapters: adapters.size, sessions: sessions.size }),
    async close() {
      const open = [...sessions.values()]
      sessions.clear()
      adapters.clear()
      for (const opened of open) await (await opened).close()
    },
  }
}
