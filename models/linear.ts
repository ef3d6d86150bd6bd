import { fault } from '../infra/errors.ts'
import { encodeModel } from './onnx.ts'
import { defaultThreads, floats, openSession, type Session, type Tensor } from './session.ts'

/** Row-major matrix rows: float32, or float16 as its bits. */
export type Rows = Float32Array | Uint16Array

const sessions = new Map<number, Promise<Session>>()

/** Rows of one product, so that its result stays small. */
const blockRows = 2048
/** Elements of one operand's float32 panel (16 MiB), whose memory is reused: fresh pages cost more than the conversion. */
const panelElements = 4 * 2 ** 20

function productSession(threads: number): Promise<Session> {
  const known = sessions.get(threads)
  if (known) return known
  const model = encodeModel({
    name: 'matmul-transposed',
    nodes: [
      {
        op: 'Gemm',
        domain: '',
        inputs: ['a', 'b', 'sum'],
        outputs: ['c'],
        attributes: { transB: 1 },
      },
    ],
    constants: [],
    inputs: [
      { name: 'a', type: 'float32', dims: ['m', 'k'] },
      { name: 'b', type: 'float32', dims: ['n', 'k'] },
      { name: 'sum', type: 'float32', dims: ['m', 'n'] },
    ],
    outputs: [{ name: 'c', type: 'float32', dims: ['m', 'n'] }],
  })
  const opened = openSession(model, { threads })
  sessions.set(threads, opened)
  return opened
}

interface Matrix {
  data: Rows
  rows: number
  k: number
}

function matrix(data: Rows, k: number): Matrix {
  if (k < 1 || data.length % k !== 0)
    throw fault('shape-mismatch', `${data.length} elements are not whole rows of ${k}.`, {
      fix: 'Pass whole rows.',
      blame: 'ours',
    })
  return { data, rows: data.length / k, k }
}

/** A plain loop takes 1.3 ns an element; TypedArray.set 12 ns and onnxruntime's Cast 8 ns. */
function widen(from: Float16Array, start: number, count: number, to: Float32Array, at: number): void {
  for (let i = 0; i < count; i++) to[at + i] = from[start + i]!
}

/** Rows [first, first + rows) and columns [from, from + width) as float32; a view where the memory already is that. */
function panel(
  { data, k }: Matrix,
  first: number,
  rows: number,
  from: number,
  width: number,
  scratch: Float32Array,
): Tensor {
  if (data instanceof Float32Array && width === k) {
    return floats(data.subarray(first * k, (first + rows) * k), [rows, k])
  }
  const out = scratch.subarray(0, rows * width)
  const halves =
    data instanceof Uint16Array ? new Float16Array(data.buffer, data.byteOffset, data.length) : null
  for (let r = 0; r < rows; r++) {
    const start = (first + r) * k + from
    if (halves) widen(halves, start, width, out, r * width)
    else out.set(data.subarray(start, start + width), r * width)
  }
  return floats(out, [rows, width])
}

/**
 * a [m, k] times b [n, k] transposed, as [m, n] row-major float32; sums are float32 whatever the operands are.
 * Runs in this thread (a large product blocks it: use `engine.matmulTransposed` where the event loop matters).
 * Error `shape-mismatch` (blame ours): an operand has a partial row.
 */
export async function matmulTransposed(
  a: Rows,
  b: Rows,
  k: number,
  threads = defaultThreads(),
): Promise<Float32Array> {
  const left = matrix(a, k)
  const right = matrix(b, k)
  const session = await productSession(threads)
  const out = new Float32Array(left.rows * right.rows)
  const asTheyLie = a instanceof Float32Array && b instanceof Float32Array
  for (let i = 0; i < left.rows; i += blockRows) {
    const rows = Math.min(blockRows, left.rows - i)
    for (let j = 0; j < right.rows; j += blockRows) {
      const columns = Math.min(blockRows, right.rows - j)
      const width = asTheyLie ? k : Math.min(k, Math.ceil(panelElements / Math.max(rows, columns)))
      const scratchLeft = new Float32Array(asTheyLie ? 0 : rows * width)
      const scratchRight = new Float32Array(asTheyLie ? 0 : columns * width)
      let sum = floats(new Float32Array(rows * columns), [rows, columns])
      for (let from = 0; from < k; from += width) {
        const size = Math.min(width, k - from)
        const x = panel(left, i, rows, from, size, scratchLeft)
        const y = a === b && i === j ? x : panel(right, j, columns, from, size, scratchRight)
        sum = (await session.run({ a: x, b: y, sum })).c!
      }
      const block = sum.data as Float32Array
      for (let r = 0; r < rows; r++) {
        out.set(block.subarray(r * columns, (r + 1) * columns), (i + r) * right.rows + j)
      }
    }
  }
  return out
}

/** Releases the product sessions of this thread. */
export async function closeLinear(): Promise<void> {
  const open = [...sessions.values()]
  sessions.clear()
  for (const session of open) await (await session).close()
}
