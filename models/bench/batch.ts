import type { Adapter } from '../lora.ts'
import { type Model, openModel } from '../model.ts'
import { defaultServingLimits, Scheduler } from '../serving/scheduler.ts'
import { benchAdapters, decodeStep, forwardOf, likeliest, past, window } from './decode-steps.ts'
import { type BenchRow, benchRow } from './row.ts'
import { benchThreads, shippedBase, threadsText } from './settings.ts'
import { medianSteps, type Step } from './timing.ts'

const rows = 32
const promptTokens = 64
const answerTokens = 32

type Who = 'different' | 'one' | 'none'

/** Bars of design: what a batch of 32 adapters keeps of the speed with one, and with none. */
const bars = { one: 0.9, none: 0.8 } as const

const perSecond = (tokens: number, milliseconds: number): number => (1000 * tokens) / milliseconds

function compared(what: string, speeds: Record<Who, number>, notes: Record<'one' | 'none', string>) {
  const ours = speeds.different
  return (['one', 'none'] as const).map(who =>
    benchRow(`${what}, ${rows} adapters against ${who}`, bars[who], {
      ours,
      peer: speeds[who],
      unit: 'tokens/s',
      note: notes[who],
    }),
  )
}

/** 32 prompts read and answered at once; no two prompts are alike, so that none is recalled. */
function conversations(model: Model, adapters: readonly (Adapter | null)[]): Step {
  const scheduler = new Scheduler(model, forwardOf(model, 'float32'), defaultServingLimits)
  let round = 0
  return async () => {
    round++
    await Promise.all(
      adapters.map((adapter, row) => {
        let left = answerTokens
        const prompt = Array.from(
          { length: promptTokens },
          (_, i) => 5 + ((round * 977 + row * 131 + i * 37) % 8000),
        )
        return scheduler.run({
          prompt,
          maxTokens: answerTokens,
          adapter,
          next: logits => (--left > 0 ? likeliest(logits) : null),
        })
      }),
    )
  }
}

/** A batch of 32 sequences with 32 adapters of rank 8 on all linear layers, with one, and with none; about 20 seconds. */
export async function batchBenches(): Promise<BenchRow[]> {
  const threads = benchThreads()
  const model = await openModel(shippedBase, threads)
  const adapters = benchAdapters(model, rows)
  const one = adapters.map(() => adapters[0]!)
  const nobody = adapters.map(() => null)
  const steps = await medianSteps<Who | 'empty'>(
    {
      different: decodeStep(forwardOf(model, 'float32'), rows, adapters),
      one: decodeStep(forwardOf(model, 'float32'), rows, one),
      none: decodeStep(forwardOf(model, 'float32'), rows),
      empty: decodeStep(forwardOf(model, 'float32'), rows, nobody),
    },
    { turns: 12, milliseconds: 150 },
  )
  const whole = await medianSteps<Who>(
    {
      different: conversations(model, adapters),
      one: conversations(model, one),
      none: conversations(model, nobody),
    },
    { turns: 4, milliseconds: 0, least: 1 },
  )
  await model.close()
  const step = (who: Who): number => perSecond(rows, steps[who])
  const answers = (who: Who): number => perSecond(rows * answerTokens, whole[who])
  const on = threadsText(threads)
  return [
    ...compared(
      `decode step, batch of ${rows}, float32, ${on}`,
      { different: step('different'), one: step('one'), none: step('none') },
      {
        one: `every row of the banks holds the one adapter; ${past} tokens of past, room for ${past + window}`,
        none: `the graph without banks; with empty banks ${perSecond(rows, steps.empty).toFixed(0)} tokens/s`,
      },
    ),
    ...compared(
      `${rows} conversations through the scheduler, ${on}`,
      { different: answers('different'), one: answers('one'), none: answers('none') },
      {
        one: `${promptTokens} tokens of prompt and ${answerTokens} of answer each; answer tokens over the whole time`,
        none: 'the scheduler always runs the graph with banks',
      },
    ),
  ]
}
