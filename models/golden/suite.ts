import { tensorsOf } from '../lora.ts'
import type { Model } from '../model.ts'
import type { StoredTensor } from '../safetensors.ts'
import { startSequence } from '../serving/forward.ts'
import { type GoldenCase, openCase, vectorName, vectorOf } from './cases.ts'
import {
  gradientsByExample,
  meanGradient,
  nats,
  preference,
  realRows,
  relativeByMatrix,
  relativeTo,
  tune,
} from './measures.ts'
import { paddedLogits } from './padded.ts'

/** How far the engine is from a group of a case's tensors. */
export interface GoldenResult {
  group: string
  /** Tensors compared. */
  tensors: number
  /** Largest over the group's tensors of: largest difference / largest value. Null where the case lacks one of them. */
  relative: number | null
  bar: number
  passed: boolean
}

interface Check {
  group: string
  bar: number
  /** Names of the tensors that it compares with; none where it holds the engine against itself. */
  compared(golden: GoldenCase): string[]
  /** Names of the tensors that it reads besides. */
  read?(golden: GoldenCase): string[]
  /** A case may lack all of them. */
  optional?: boolean
  measure(golden: GoldenCase): Promise<number>
}

/**
 * Runs every check on a case folder. Groups that hold the engine against itself (packed rows, the cache) have no tensors in
 * the case. Errors: `golden-invalid`, and those of opening the base and the adapter.
 */
export async function runGoldenCase(folder: string, threads = 1): Promise<GoldenResult[]> {
  const golden = await openCase(folder, threads)
  const results: GoldenResult[] = []
  try {
    for (const { group, bar, compared, read, optional, measure } of checks) {
      const names = compared(golden)
      const all = [...names, ...(read?.(golden) ?? [])]
      if (optional && !all.some(name => golden.tensors.has(name))) continue
      const complete = all.every(name => golden.tensors.has(name))
      const relative = complete ? await measure(golden) : null
      // Written so that NaN fails.
      const passed = relative !== null && relative <= bar
      results.push({ group, tensors: names.length, relative, bar, passed })
    }
  } finally {
    await golden.model.close()
  }
  return results
}

const matrices =
  (prefix: string) =>
  ({ adapter }: GoldenCase): string[] =>
    tensorsOf(adapter.layout).map(({ name }) => vectorName(prefix, name))
const stored = ({ tensors }: GoldenCase, name: string): StoredTensor => tensors.get(name)!

const logits = (
  group: string,
  inputs: readonly [ids: string, mask: string],
  weights: (golden: GoldenCase) => Model['weights'],
): Check => ({
  group,
  bar: 1e-4,
  compared: () => [group],
  read: () => [...inputs],
  async measure(golden) {
    const [ids, mask] = [stored(golden, inputs[0]), stored(golden, inputs[1])]
    const got = await paddedLogits(golden.model, weights(golden), ids, mask)
    return relativeTo(realRows(stored(golden, group).data, mask), realRows(got, mask))
  },
})

const right = ['input_ids', 'attention_mask'] as const
const exampleGradients = [0, 1, 2, 3].map(
  (i): Check => ({
    group: `grad_example_${i}`,
    bar: 1e-3,
    compared: matrices(`grad_example_${i}.`),
    async measure(golden) {
      const rows = await gradientsByExample(golden, false)
      return relativeByMatrix(golden, vectorOf(golden, `grad_example_${i}.`), rows[i]!)
    },
  }),
)

const checks: readonly Check[] = [
  logits('base_logits', right, ({ model }) => model.weights),
  logits('adapter_logits', right, ({ weights }) => weights),
  { ...logits('left_logits', ['left_ids', 'left_mask'], ({ weights }) => weights), optional: true },
  {
    group: 'cache = whole',
    bar: 1e-5,
    compared: () => [],
    async measure({ model, weights, examples }) {
      const { tokens } = examples[0]!
      const shape = [1, tokens.length]
      const ids = { shape, data: Float32Array.from(tokens) }
      const whole = await paddedLogits(model, weights, ids, {
        shape,
        data: new Float32Array(tokens.length).fill(1),
      })
      const width = model.config.vocabulary
      const sequence = startSequence(model, weights)
      let worst = 0
      // Pieces of several lengths, as a prompt and its continuation come.
      for (let at = 0, piece = 5; at < tokens.length; piece = (piece % 3) + 1) {
        const fresh = tokens.slice(at, at + piece)
        at += fresh.length
        worst = Math.max(
          worst,
          relativeTo(whole.subarray((at - 1) * width, at * width), await sequence.feed(fresh)),
        )
      }
      return worst
    },
  },
  {
    group: 'nll_sum_per_example',
    bar: 1e-5,
    compared: () => ['nll_sum_per_example'],
    measure: async golden =>
      relativeTo(stored(golden, 'nll_sum_per_example').data, await nats(golden, false)),
  },
  {
    group: 'packed = alone, nll',
    bar: 1e-5,
    compared: () => [],
    measure: async golden => relativeTo(await nats(golden, true), await nats(golden, false)),
  },
  {
    group: 'grad_mean_loss',
    bar: 1e-3,
    compared: matrices('grad_mean_loss.'),
    async measure(golden) {
      const got = await meanGradient(golden)
      return relativeByMatrix(golden, vectorOf(golden, 'grad_mean_loss.'), got)
    },
  },
  ...exampleGradients,
  {
    group: 'packed = alone, gradients',
    bar: 1e-5,
    compared: () => [],
    async measure(golden) {
      const packed = await gradientsByExample(golden, false)
      const alone = await gradientsByExample(golden, true)
      return Math.max(...alone.map((row, i) => relativeByMatrix(golden, row, packed[i]!)))
    },
  },
  {
    group: 'adamw_losses',
    bar: 1e-4,
    compared: () => ['adamw_losses'],
    measure: async golden => relativeTo(stored(golden, 'adamw_losses').data, (await tune(golden)).losses),
  },
  {
    group: 'adamw_final',
    // Small enough to see a forgotten weight decay, which moves every number by ten steps x 5e-3 x 0.01 = 5e-4 of itself.
    bar: 1e-4,
    compared: matrices('adamw_final.'),
    measure: async golden =>
      relativeByMatrix(golden, vectorOf(golden, 'adamw_final.'), (await tune(golden)).final),
  },
  {
    group: 'dpo_loss',
    bar: 1e-4,
    compared: () => ['dpo_loss'],
    read: matrices('adamw_final.'),
    measure: async golden => relativeTo(stored(golden, 'dpo_loss').data, [(await preference(golden)).loss]),
  },
  {
    group: 'dpo_grad',
    bar: 1e-3,
    compared: matrices('dpo_grad.'),
    read: matrices('adamw_final.'),
    measure: async golden =>
      relativeByMatrix(golden, vectorOf(golden, 'dpo_grad.'), (await preference(golden)).gradient),
  },
  {
    group: 'greedy',
    bar: 0,
    compared: () => ['greedy'],
    read: matrices('adamw_final.'),
    async measure(golden) {
      const { model, adapter } = golden
      const want = [...stored(golden, 'greedy').data]
      const sequence = startSequence(
        model,
        await model.merge(adapter.layout, vectorOf(golden, 'adamw_final.')),
      )
      const tokens = want.slice(0, 8)
      for (let fresh = tokens.slice(); tokens.length < want.length; tokens.push(...fresh)) {
        const next = await sequence.feed(fresh)
        fresh = [next.indexOf(Math.max(...next))]
      }
      return relativeTo(want, tokens)
    },
  },
]
