import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeSafetensors, readSafetensors, type StoredTensor } from '../safetensors.ts'

const run = promisify(execFile)
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'golden-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function program(...args: string[]): Promise<{ code: number; out: string; errors: string }> {
  try {
    const { stdout, stderr } = await run(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args])
    return { code: 0, out: stdout, errors: stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { code, out: stdout, errors: stderr }
  }
}

/** A copy of a case whose golden tensors are changed. */
async function changed(name: string, change: (tensors: Map<string, StoredTensor>) => void): Promise<string> {
  const own = join(folder, name)
  await cp(join(import.meta.dirname, 'llama-bias'), own, { recursive: true })
  const { tensors } = await readSafetensors(join(own, 'golden.safetensors'))
  const copy = new Map(tensors)
  change(copy)
  await writeFile(join(own, 'golden.safetensors'), encodeSafetensors(copy))
  return own
}

test('a single case that agrees exits 0 and is written as JSON', async () => {
  const json = join(folder, 'report.json')
  const { code, out } = await program(join(import.meta.dirname, 'llama-bias'), '--json', json)
  expect(code).toBe(0)
  expect(out).toMatch(/^llama-bias {2}dpo_grad +8 +\S+e-\d +1\.0e-3 +ok$/m)
  const report = JSON.parse(await readFile(json, 'utf8'))
  expect(report).toMatchObject({ passed: true, cases: [{ name: 'llama-bias', passed: true }] })
  expect(report.cases[0].results).toHaveLength(17)
})

test('one wrong number past a bar and one absent tensor exit 1, also among cases that agree', async () => {
  const gradient = 'grad_example_2.model.layers.1.self_attn.q_proj.lora_A.weight'
  await changed('mixed/wrong', tensors => {
    tensors.get(gradient)!.data[5]! *= 1.1
    tensors.delete('adamw_final.model.layers.1.mlp.up_proj.lora_B.weight')
    tensors.get('greedy')!.data[20]! += 1
    tensors.delete('left_mask')
  })
  await cp(join(import.meta.dirname, 'llama-bias'), join(folder, 'mixed/right'), { recursive: true })
  const { code, out } = await program(join(folder, 'mixed'))
  expect(code).toBe(1)
  expect(out).toMatch(/^wrong {2}grad_example_2 .+ PAST$/m)
  expect(out).toMatch(/^wrong {2}adamw_final .+ absent .+ ABSENT$/m)
  expect(out).toMatch(/^wrong {2}left_logits .+ absent .+ ABSENT$/m)
  expect(out).toMatch(/^wrong {2}grad_example_1 .+ ok$/m)
  expect(out).toContain('2 cases, 34 groups: 1 past their bar, 5 absent, 0 cases not opened.')
})

test('a case that cannot be opened exits 1 and says why', async () => {
  const own = await changed('headless', tensors => tensors.delete('input_ids'))
  const { code, out } = await program(own)
  expect(code).toBe(1)
  expect(out).toContain('headless: The golden case headless cannot be used: input_ids')
})

test.each([
  ['no folder', [], 'Exactly one folder is needed.'],
  ['a folder that is not there', ['/nowhere/at/all'], 'The folder /nowhere/at/all cannot be read.'],
  ['a folder without cases', [join(import.meta.dirname, '../graph')], 'holds no golden case'],
  [
    'a report that cannot be written',
    [join(import.meta.dirname, 'llama-bias'), '--json', '/nowhere/report.json'],
    '/nowhere/report.json cannot be written.',
  ],
  ['an unknown option', ['--jsno', 'x'], '--jsno'],
])('%s exits 2 with a sentence', async (_, args, sentence) => {
  const { code, errors } = await program(...args)
  expect(code).toBe(2)
  expect(errors).toContain(sentence)
})
