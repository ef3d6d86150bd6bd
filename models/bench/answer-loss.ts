import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openBaseFolder } from '../base.ts'
import type { Adapter } from '../lora.ts'
import { type Model, openModel } from '../model.ts'
import type { TokenExample } from '../packing.ts'
import type { Forward } from '../serving/forward.ts'
import type { ServedWeights } from '../serving/packed-weights.ts'
import { openTokenizer } from '../tokenizer.ts'
import { tokeniseExamples } from '../training/examples.ts'
import { defaultRecipe, type Example } from '../training/recipe.ts'
import { train } from '../training/train.ts'
import { forwardOf } from './decode-steps.ts'
import { type BenchRow, benchRow } from './row.ts'
import { benchThreads, shippedBase } from './settings.ts'

const sample = join(import.meta.dirname, '../../infra/samples/beekeepers')
/** Questions that are answered, and answers that the adapter is tuned on. */
const heldOut = 60
const tunedOn = 320

const rounded = ['int8', 'int4'] as const satisfies readonly ServedWeights[]

async function questions(file: string): Promise<Example[]> {
  const lines = (await readFile(join(sample, file), 'utf8')).trim().split('\n')
  return lines.map(line => {
    const { question, answer }: { question: string; answer: string } = JSON.parse(line)
    return { prompt: question, answer }
  })
}

/** Nats per answer token through the graph that serves; `adapter` from the banks. */
export async function servedLoss(
  forward: Forward,
  examples: readonly TokenExample[],
  adapter: Adapter | null,
): Promise<number> {
  let nats = 0
  let count = 0
  if (adapter) forward.banks.hold([adapter])
  for (const { tokens, answerStart } of examples) {
    const fed = tokens.slice(0, -1)
    forward.keyValues.reserve(1, fed.length, [])
    const logits = await forward.run({
      from: 0,
      tokens: [fed],
      past: [0],
      banked: adapter !== null,
      every: true,
    })
    const vocabulary = logits.length / fed.length
    for (let place = answerStart; place < tokens.length; place++) {
      nats -= logProbability(logits.subarray((place - 1) * vocabulary, place * vocabulary), tokens[place]!)
      count++
    }
  }
  return nats / count
}

function logProbability(logits: Float32Array, token: number): number {
  let most = Number.NEGATIVE_INFINITY
  for (const logit of logits) most = Math.max(most, logit)
  let sum = 0
  for (const logit of logits) sum += Math.exp(logit - most)
  return logits[token]! - most - Math.log(sum)
}

/** An adapter tuned for one epoch on the sample's contributions. */
async function tuned(model: Model, examples: readonly TokenExample[]): Promise<Adapter> {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-bench-'))
  try {
    const base = await openBaseFolder(shippedBase)
    await train(model, { base, examples, recipe: { ...defaultRecipe, epochs: 1 }, options: { folder } })
    return await model.adapters.get(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What rounding the weights costs in loss on held-out answers, with the base alone and with an adapter; about 30 seconds. */
export async function answerLossBenches(): Promise<BenchRow[]> {
  const model = await openModel(shippedBase, benchThreads())
  const tokenizer = await openTokenizer(shippedBase)
  const files = (await readdir(sample)).filter(name => /^(?!evaluation).*\.jsonl$/.test(name)).toSorted()
  const contributed = (await Promise.all(files.map(questions))).flat().slice(0, tunedOn)
  const asked = (await questions('evaluation-a.jsonl')).slice(0, heldOut)
  const tokens = (examples: readonly Example[]): TokenExample[] =>
    tokeniseExamples(tokenizer, examples, defaultRecipe.maxTokens)
  const adapters = { 'base alone': null, 'one adapter': await tuned(model, tokens(contributed)) }
  const rows: BenchRow[] = []
  for (const [name, adapter] of Object.entries(adapters)) {
    const loss = (kind: ServedWeights): Promise<number> =>
      servedLoss(forwardOf(model, kind), tokens(asked), adapter)
    const exact = await loss('float32')
    for (const kind of rounded) {
      const ours = await loss(kind)
      rows.push(
        benchRow(`held-out answer loss, ${kind} weights against float32, ${name}`, null, {
          ours,
          peer: exact,
          less: true,
          unit: 'nats/token',
          note: `${ours >= exact ? '+' : ''}${(ours - exact).toFixed(4)} nats a token on ${asked.length} answers of ${'infra/samples/beekeepers'}`,
        }),
      )
    }
  }
  await model.close()
  return rows
}
