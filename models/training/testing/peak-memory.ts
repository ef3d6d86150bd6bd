/** Tunes the shipped base for two steps of COUNT examples of TOKENS tokens; says its peak memory and the estimate, bytes. */
import { resolve } from 'node:path'
import { initialLora, loraLayout } from '../../lora.ts'
import { openModel } from '../../model.ts'
import { sizeOf, stepBytes } from '../memory.ts'
import { defaultRecipe } from '../recipe.ts'
import { openStepper } from '../stepper.ts'
import { startState } from '../train.ts'

const [count, tokens] = process.argv.slice(2).map(Number) as [number, number]
const model = await openModel(resolve(import.meta.dirname, '../../base/tributary-8m'), 2)
const layout = loraLayout(model.config, defaultRecipe)
const batch = Array.from({ length: count }, (_, i) => ({
  tokens: Array.from({ length: tokens }, (_, t) => 10 + ((i * 31 + t * 17) % 4000)),
  answerStart: Math.ceil(tokens / 2),
  weight: 1,
}))
const state = startState(initialLora(layout, 1))
const stepper = await openStepper(model, defaultRecipe, layout, state)
for (; state.step < 2; state.step++) await stepper.step(batch, 1e-3)
// maxRSS is given in KiB.
const peak = process.resourceUsage().maxRSS * 1024
process.stdout.write(JSON.stringify({ peak, estimate: stepBytes(model, layout, sizeOf(batch)) }))
