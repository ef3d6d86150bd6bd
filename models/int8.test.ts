import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { answerLosses } from './evaluate.ts'
import { checkInt8 } from './int8.ts'
import { weightsFile } from './lora.ts'
import { type Model, openModel } from './model.ts'
import type { TokenExample } from './packing.ts'
import { openSession } from './session.ts'
import { defaultRecipe, type Recipe } from './training/recipe.ts'
import { train } from './training/train.ts'

let model: Model
let folder: string
const base = { name: 'tiny', hash: '0'.repeat(64) }
const recipe: Recipe = { ...defaultRecipe, rank: 4, alpha: 8, epochs: 3, batch: 4, learningRate: 5e-3 }
const examples: TokenExample[] = Array.from({ length: 12 }, (_, i) => {
  const question = Array.from({ length: 3 + (i % 7) }, (_, t) => 3 + ((i * 31 + t * 17) % 300))
  return { tokens: [1, ...question, ...question, 2], answerStart: question.length + 1, weight: 1 }
})

beforeAll(async () => {
  model = await openModel(join(import.meta.dirname, 'golden/llama-tied/base'), 1)
  folder = await mkdtemp(join(tmpdir(), 'int8-'))
})
afterAll(async () => {
  await model.close()
  await rm(folder, { recursive: true })
})

async function lossAfter(name: string, products: 'float32' | 'int8'): Promise<number> {
  const options = { folder: join(folder, name) }
  await train(model, { base, examples, recipe: { ...recipe, products }, options })
  return (await answerLosses(model, examples, options.folder)).perToken
}

test('a training with int8 products learns what one with float32 does, and gives the same bytes again', async () => {
  const before = (await answerLosses(model, examples, null)).perToken
  const float32 = await lossAfter('float32', 'float32')
  const int8 = await lossAfter('int8', 'int8')
  expect(Math.abs(int8 - float32)).toBeLessThan(0.02 * (before - float32))
  await lossAfter('again', 'int8')
  const bytes = (name: string) => readFile(join(folder, name, weightsFile))
  expect(await bytes('again')).toEqual(await bytes('int8'))
  expect(await bytes('int8')).not.toEqual(await bytes('float32'))
})

test('a processor whose int8 products clip is refused, and an exact one is not', async () => {
  await checkInt8(1)
  const clipping: typeof openSession = async (graph, options) => {
    const session = await openSession(graph, options)
    return {
      ...session,
      run: async feeds => {
        const { y } = await session.run(feeds)
        return { y: { ...y!, data: (y!.data as Float32Array).map(value => Math.min(value, 4_194_176)) } }
      },
    }
  }
  await expect(checkInt8(1, clipping)).rejects.toMatchObject({ code: 'int8-unsupported' })
})
