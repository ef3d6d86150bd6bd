import {
  type AttributeValue,
  type Dim,
  type ElementType,
  encodeModel,
  type OnnxConstant,
  type OnnxNode,
} from '../onnx.ts'

/** A tensor of the graph: its name in ONNX, its element type and its shape (names stand for sizes known at run time). */
export interface Value {
  readonly name: string
  readonly type: ElementType
  readonly dims: readonly Dim[]
}

/** For one gradient of the output, the gradient of each input (null: not differentiable), emitted only when asked. */
export type Vjp = (gradient: Value) => readonly ((() => Value) | null)[]

/** The same for several outputs made together, all of which lead to the loss. */
export type VjpOfMany = (gradients: readonly Value[]) => readonly ((() => Value) | null)[]

interface Step {
  outputs: readonly string[]
  inputs: readonly Value[]
  vjp: VjpOfMany
}

type Shape = readonly Dim[]
type Attributes = Readonly<Record<string, AttributeValue>>
type ConstantData = Float32Array | BigInt64Array | Uint8Array

export interface TapeOptions {
  /** Emit standard operators only, the twins that onnxruntime's own are tested against. */
  plain?: boolean
}

/**
 * Records operators as ONNX nodes, and how to differentiate each, so that a graph and its gradient are one model.
 * Only what leads to a watched value is differentiated: frozen weights cost nothing.
 */
export class Tape {
  readonly plain: boolean
  readonly #nodes: OnnxNode[] = []
  readonly #constants = new Map<string, OnnxConstant>()
  readonly #inputs = new Map<string, Value>()
  readonly #outputs: Value[] = []
  readonly #steps: Step[] = []
  readonly #watched = new Set<string>()
  #count = 0

  constructor(options: TapeOptions = {}) {
    this.plain = options.plain ?? false
  }

  /** A tensor that is fed at each run; asking twice for one name gives the same one. */
  input(name: string, dims: Shape, type: ElementType = 'float32'): Value {
    const known = this.#inputs.get(name)
    if (known) return known
    const value = { name, type, dims }
    this.#inputs.set(name, value)
    return value
  }

  scalar(value: number): Value {
    return this.#constant(`scalar ${value}`, 'float32', [], new Float32Array([value]))
  }

  /** A tensor that stands in the graph itself, for operators that want to arrange it once. */
  constant(name: string, type: 'float32' | 'uint8', dims: readonly number[], data: ConstantData): Value {
    return this.#constant(`constant ${name}`, type, dims, data)
  }

  /** A list of integers for shapes and axes. */
  integers(values: readonly number[]): Value {
    return this.#constant(`integers ${values}`, 'int64', [values.length], BigInt64Array.from(values, BigInt))
  }

  #constant(name: string, type: ElementType, dims: readonly number[], data: ConstantData): Value {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    if (!this.#constants.has(name)) this.#constants.set(name, { name, type, dims, bytes })
    return { name, type, dims }
  }

  /** Emits one node with one output. `domain` 'com.microsoft' marks onnxruntime's own operators. */
  emit(op: string, inputs: readonly Value[], dims: Shape, attributes: Attributes = {}, domain = ''): Value {
    return this.emitMany(op, inputs, [dims], attributes, domain)[0]!
  }

  /** Emits one node with several outputs, all of the type of its first input. */
  emitMany(
    op: string,
    inputs: readonly Value[],
    shapes: readonly Shape[],
    attributes: Attributes = {},
    domain = '',
  ): Value[] {
    const type = inputs[0]?.type ?? 'float32'
    const outputs = shapes.map(dims => ({ name: `${op}_${this.#count++}`, type, dims }))
    this.#nodes.push({
      op,
      domain,
      inputs: inputs.map(input => input.name),
      outputs: outputs.map(output => output.name),
      attributes,
    })
    return outputs
  }

  /** Gradients will be wanted with respect to this value. */
  watch(value: Value): Value {
    this.#watched.add(value.name)
    return value
  }

  isWatched(value: Value): boolean {
    return this.#watched.has(value.name)
  }

  /** Records how `output` was made from `inputs`; does nothing where no input leads to a watched value. */
  record(output: Value, inputs: readonly Value[], vjp: Vjp): Value {
    this.recordMany([output], inputs, ([gradient]) => vjp(gradient!))
    return output
  }

  /** The same for outputs that are made together because they, or their gradients, share work. */
  recordMany(outputs: readonly Value[], inputs: readonly Value[], vjp: VjpOfMany): void {
    if (!inputs.some(input => this.isWatched(input))) return
    for (const output of outputs) this.watch(output)
    this.#steps.push({ outputs: outputs.map(({ name }) => name), inputs, vjp })
  }

  /**
   * Emits the gradients of sum(seed * output) with respect to watched values, by walking the tape backwards.
   * `seed` has the shape of `output`.
   */
  gradients(output: Value, seed: Value, wrt: readonly Value[]): Value[] {
    const pending = new Map<string, Value[]>([[output.name, [seed]]])
    const total = (name: string): Value | null => {
      const parts = pending.get(name)
      if (!parts) return null
      if (parts.length === 1) return parts[0]!
      const sum = this.emit('Sum', parts, parts[0]!.dims)
      pending.set(name, [sum])
      return sum
    }
    for (const step of this.#steps.toReversed()) {
      const gradients = step.outputs.map(total).filter(gradient => gradient !== null)
      if (gradients.length === 0) continue
      if (gradients.length < step.outputs.length)
        throw new Error(`Only some of ${step.outputs.join(', ')} lead to ${output.name}.`)
      const parts = step.vjp(gradients)
      for (const [i, input] of step.inputs.entries()) {
        const part = parts[i]
        if (!part || !this.isWatched(input)) continue
        const known = pending.get(input.name)
        if (known) known.push(part())
        else pending.set(input.name, [part()])
      }
    }
    return wrt.map(value => {
      const gradient = total(value.name)
      if (!gradient) throw new Error(`${value.name} does not lead to ${output.name}.`)
      return gradient
    })
  }

  /** Names a value as a result of the graph. */
  output(name: string, value: Value): void {
    this.#nodes.push({ op: 'Identity', domain: '', inputs: [value.name], outputs: [name], attributes: {} })
    this.#outputs.push({ ...value, name })
  }

  encode(name: string): Uint8Array {
    return encodeModel({
      name,
      nodes: this.#nodes,
      constants: [...this.#constants.values()],
      inputs: [...this.#inputs.values()],
      outputs: this.#outputs,
    })
  }
}
