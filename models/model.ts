import { type AdapterStore, adapterStore, contentKey } from './adapter-store.ts'
import type { ModelConfig } from './architectures/config.ts'
import { readConfig } from './architectures/read-config.ts'
import { readWeights, ropeTables } from './architectures/weights.ts'
import { hiddenGraph, lossGraph, mergeGraph, rowsGraph } from './graphs.ts'
import { checkInt8, int8Weights } from './int8.ts'
import { type Adapter, type LoraLayout, weakened } from './lora.ts'
import {
  type Device,
  floats,
  openSession,
  type Session,
  type SessionOptions,
  type Tensor,
} from './session.ts'

type Tensors = Record<string, Tensor>

/** A base model in memory: its weights once, and the sessions of its graphs, opened when first needed. */
export interface Model {
  readonly config: ModelConfig
  readonly threads: number
  readonly device: Device
  /** Weights and rotary tables by input name. */
  readonly weights: Readonly<Tensors>
  /**
   * A session of a graph by a name that is the same for the same graph. `planned`: its working memory is laid out in one
   * block when a shape comes again (default false: gradient passes peaked at 1,173 MiB with it and 704 without).
   */
  session(name: string, graph: () => Uint8Array, options?: Partial<SessionOptions>): Promise<Session>
  loss(): Promise<Session>
  hidden(): Promise<Session>
  rows(layout: LoraLayout): Promise<Session>
  /**
   * The frozen matrices in 8 bits, made once.
   * Error `int8-unsupported`: this processor multiplies 8-bit integers inexactly.
   */
  int8(): Promise<Readonly<Tensors>>
  /** The weights with an adapter merged in; `into` gives the memory of the merged matrices, to be written again. */
  merge(layout: LoraLayout, flat: Float32Array, into?: Tensors): Promise<Tensors>
  /** Memory for `merge`. */
  mergeMemory(layout: LoraLayout): Tensors
  /** Adapters as they were read, for serving. */
  readonly adapters: AdapterStore
  /** An adapter folder read and merged, its matrices B times `strength` (default 1); the last few are kept. Null is the base alone. */
  adapted(folder: string | null, strength?: number): Promise<{ weights: Tensors; adapter: Adapter | null }>
  readonly baseBytes: number
  /** Adapters in memory as read, their bytes, merged copies, and graphs held open. */
  counts(): { adapters: number; adapterBytes: number; merged: number; mergedBytes: number; sessions: number }
  close(): Promise<void>
}

/** Merged copies of the adapted layers kept at once: each has the size of the base's linear layers (24 MB for 8M parameters). */
const keptAdapters = 4
export const defaultAdapterBytes = 256 * 2 ** 20

const mergedBytes = (layout: LoraLayout): number =>
  layout.parts.reduce((sum, { out, width }) => sum + 4 * out * width, 0)

/** Only the feeds that a session declares: onnxruntime refuses others. */
export const feedsFor = (session: Session, ...sources: readonly Readonly<Tensors>[]): Tensors => {
  const feeds: Tensors = {}
  for (const name of session.inputs) {
    const source = sources.find(tensors => name in tensors)
    if (source) feeds[name] = source[name]!
  }
  return feeds
}

export interface ModelOptions {
  /** Memory for adapters that are read but not merged. */
  adapterBytes?: number | undefined
  device?: Device | undefined
}

/** Loads a base from a Hugging Face folder (config.json and weights; no tokenizer). Error `base-unsupported`. */
export async function openModel(
  folder: string,
  threads: number,
  { adapterBytes = defaultAdapterBytes, device = 'cpu' }: ModelOptions = {},
): Promise<Model> {
  const config = await readConfig(folder)
  const loaded = await readWeights(folder, config)
  const { cos, sin } = ropeTables(config)
  const weights: Tensors = { ...Object.fromEntries(loaded), 'rope.cos': cos, 'rope.sin': sin }
  let int8: Promise<Tensors> | undefined
  const sessions = new Map<string, Promise<Session>>()
  const store = adapterStore(config, adapterBytes)
  const merged = new Map<string, { weights: Tensors; adapter: Adapter }>()

  const session: Model['session'] = (name, graph, options = {}) => {
    const known = sessions.get(name)
    if (known) return known
    const opened = openSession(graph(), { threads, device, planned: false, ...options })
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
    device,
    weights,
    session,
    adapters: store,
    merge,
    mergeMemory,
    int8: () => {
      int8 ??= checkInt8(threads).then(() => int8Weights(config, weights))
      return int8
    },
    loss: () => session('loss', () => lossGraph(config)),
    hidden: () => session('hidden', () => hiddenGraph(config)),
    rows: layout => session(`rows ${layout.key}`, () => rowsGraph(config, layout)),
    async adapted(adapterFolder, strength = 1) {
      if (adapterFolder === null) return { weights, adapter: null }
      const key = `${strength} ${await contentKey(adapterFolder)}`
      const known = merged.get(key)
      if (known) {
        merged.delete(key)
        merged.set(key, known)
        return known
      }
      const adapter = weakened(await store.get(adapterFolder), strength)
      const fresh = { weights: await merge(adapter.layout, adapter.flat), adapter }
      merged.set(key, fresh)
      if (merged.size > keptAdapters) merged.delete(merged.keys().next().value!)
      return fresh
    },
    baseBytes: [...loaded.values()].reduce((sum, { data }) => sum + data.byteLength, 0),
    counts: () => ({
      adapters: store.count,
      adapterBytes: store.bytes,
      merged: merged.size,
      mergedBytes: [...merged.values()].reduce((sum, { adapter }) => sum + mergedBytes(adapter.layout), 0),
      sessions: sessions.size,
    }),
    async close() {
      const open = [...sessions.values()]
      sessions.clear()
      merged.clear()
      store.clear()
      for (const opened of open) await (await opened).close()
    },
  }
}
