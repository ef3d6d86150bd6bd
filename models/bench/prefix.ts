import { openModel } from '../model.ts'
import { defaultServingLimits, Scheduler } from '../serving/scheduler.ts'
import { forwardOf } from './decode-steps.ts'
import { type BenchRow, benchRow } from './row.ts'
import { benchThreads, shippedBase, threadsText } from './settings.ts'
import { medianSteps } from './timing.ts'

const promptTokens = 256
const questionTokens = 16

/** First token after a prompt of 256 tokens and a question of 16, the prompt recalled or computed; about 5 seconds. */
export async function prefixBenches(): Promise<BenchRow[]> {
  const threads = benchThreads()
  const model = await openModel(shippedBase, threads)
  const scheduler = new Scheduler(model, forwardOf(model, 'float32'), defaultServingLimits)
  let asked = 0
  const ask = (prompt: number): Promise<unknown> => {
    asked++
    const token = (place: number): number =>
      5 + ((place * 37 + (place < promptTokens ? prompt : asked) * 977) % 8000)
    const tokens = Array.from({ length: promptTokens + questionTokens }, (_, place) => token(place))
    return scheduler.run({ prompt: tokens, maxTokens: 1, adapter: null, next: () => null })
  }
  const steps = await medianSteps(
    { recalled: () => ask(0), fresh: () => ask(asked + 1) },
    { turns: 5, milliseconds: 200 },
  )
  await model.close()
  return [
    benchRow(
      `first token with ${promptTokens} recalled tokens, ${threadsText(threads)}, against a fresh prompt`,
      null,
      {
        ours: steps.recalled,
        peer: steps.fresh,
        less: true,
        unit: 'ms',
        note: `and a question of ${questionTokens} tokens after them`,
      },
    ),
  ]
}
