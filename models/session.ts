/** The only door to onnxruntime-node. A run blocks its thread, so the engine lives in a worker (engine-thread.ts). */
import { availableParallelism } from 'node:os'
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { fault } from '../infra/errors.ts'
import type { ElementType } from './onnx.ts'

export type TensorData = Float32Array | Uint16Array | Int32Array | BigInt64Array | Uint8Array | Int8Array

/** A dense row-major array. float16 is not among them: onnxruntime-node 1.30 reads a Float16Array as empty. */
export interface Tensor {
  type: ElementType
  dims: readonly number[]
  data: TensorData
}

export interface Session {
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** Sizes of an input; the names of those that are known only when the graph runs. */
  inputDims(name: string): readonly (number | string)[]
  /**
   * Runs the graph. Inputs are read where they lie; every output is copied once into fresh memory (onnxruntime-node 1.30), so
   * a graph's results should be small. `into` names outputs that are also written to memory of the caller's.
   */
  run(
    feeds: Readonly<Record<string, Tensor>>,
    into?: Readonly<Record<string, Tensor>>,
  ): Promise<Record<string, Tensor>>
  close(): Promise<void>
}

/** Where graphs run: `webgpu` and `cuda` are onnxruntime's execution providers; what they lack runs on the processor. */
export type Device = 'cpu' | 'webgpu' | 'cuda'

export interface SessionOptions {
  threads: number
  /** Default: the processor. */
  device?: Device
  /** Fuse and fold with every optimiser (default); off shows what was written, for tests of single operators. */
  optimise?: boolean
  /**
   * Lay the working memory of a shape out in one block when the shape comes again (default). That block comes on top of
   * what the first run took: the step graph's process peaked at 1,203 MiB with it and 708 without, at the same speed.
   */
  planned?: boolean
}

/** The machine's cores, at most 8: past that the products of small models no longer gain. */
export const defaultThreads = (): number => Math.min(8, availableParallelism())

export const floats = (data: Float32Array, dims: readonly number[]): Tensor => ({
  type: 'float32',
  dims,
  data,
})
export const halves = (data: Uint16Array, dims: readonly number[]): Tensor => ({
  type: 'float16',
  dims,
  data,
})
export const integers = (data: Int32Array, dims: readonly number[]): Tensor => ({ type: 'int32', dims, data })

const wrapped = new WeakMap<Tensor, OrtTensor>()

/** onnxruntime's view of a tensor, kept for as long as the tensor: a step of serving feeds over a hundred that stay. */
const wrap = (tensor: Tensor): OrtTensor => {
  const known = wrapped.get(tensor)
  if (known) return known
  const { type, dims, data } = tensor
  const fresh = new OrtTensor(type as 'float32', data as Float32Array, dims)
  wrapped.set(tensor, fresh)
  return fresh
}

/**
 * Opens a session on a serialised ONNX model. Takes time in proportion to the nodes (about 0.1 ms each).
 * Error `graph-refused` (blame ours): the model does not load.
 */
export async function openSession(model: Uint8Array, options: SessionOptions): Promise<Session> {
  let session: InferenceSession
  try {
    session = await InferenceSession.create(model, {
      executionProviders: options.device && options.device !== 'cpu' ? [options.device, 'cpu'] : ['cpu'],
      intraOpNumThreads: options.threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      enableMemPattern: options.planned !== false,
      graphOptimizationLevel: options.optimise === false ? 'disabled' : 'all',
      logSeverityLevel: 3,
      // Idle threads sleep instead of spinning: on two busy cores a training step took 0.9 s instead of 1.9 s.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    })
  } catch (cause) {
    throw fault('graph-refused', 'onnxruntime refused a graph of the engine.', {
      fix: 'Report it with the cause.',
      blame: 'ours',
      cause,
    })
  }
  return {
    inputs: session.inputNames,
    outputs: session.outputNames,
    inputDims(name) {
      const about = session.inputMetadata.find(metadata => metadata.name === name)
      return about?.isTensor ? about.shape : []
    },
    async run(feeds, into) {
      const inputs: Record<string, OrtTensor> = {}
      for (const [name, tensor] of Object.entries(feeds)) inputs[name] = wrap(tensor)
      const fetches: Record<string, OrtTensor | null> = {}
      for (const name of session.outputNames) fetches[name] = into?.[name] ? wrap(into[name]) : null
      const outputs = await session.run(inputs, fetches)
      const tensors: Record<string, Tensor> = {}
      for (const [name, value] of Object.entries(outputs)) {
        tensors[name] = { type: value.type as ElementType, dims: value.dims, data: value.data as TensorData }
      }
      return tensors
    },
    close: () => session.release(),
  }
}
