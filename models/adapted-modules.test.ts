import { expect, test } from 'vitest'
import { adaptedModules } from './adapted-modules.ts'
import type { LoraShape } from './adapter-config.ts'

const names = ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj', 'mlp.down_proj']
const paths = [0, 1, 10].flatMap(layer => names.map(name => `model.layers.${layer}.${name}`))
const select = (shape: Partial<LoraShape>) =>
  adaptedModules(paths, { rank: 4, alpha: 8, targets: 'all-linear', ...shape })
const chosen = (shape: Partial<LoraShape>): string[] =>
  select(shape).modules.map(({ path }) => path.replace('model.layers.', '').replace(/(self_attn|mlp)\./, ''))

test('a name stands for the end of a path after a dot, a whole path for itself', () => {
  expect(chosen({ targets: ['q_proj'] })).toEqual(['0.q_proj', '1.q_proj', '10.q_proj'])
  expect(chosen({ targets: ['mlp.down_proj', 'model.layers.1.self_attn.q_proj'] })).toEqual([
    '0.down_proj',
    '1.q_proj',
    '1.down_proj',
    '10.down_proj',
  ])
  expect(chosen({ targets: ['0.self_attn.q_proj'] })).toEqual(['0.q_proj'])
})

test('one string is an expression of whole paths, or every linear layer', () => {
  expect(chosen({ targets: 'all-linear' })).toHaveLength(paths.length)
  expect(chosen({ targets: 'All-Linear' })).toHaveLength(paths.length)
  expect(chosen({ targets: '.*\\.1\\..*(q|k)_proj' })).toEqual(['1.q_proj', '1.k_proj'])
  expect(chosen({ targets: '(?P<any>.*)\\.q_proj\\Z' })).toEqual(['0.q_proj', '1.q_proj', '10.q_proj'])
  expect(select({ targets: 'q_proj' }).reasons).toEqual(['q_proj names no linear layer of this base'])
})

test('layers narrow ends of paths, not whole paths', () => {
  expect(chosen({ targets: ['q_proj', 'model.layers.0.mlp.down_proj'], layers: [10] })).toEqual([
    '0.down_proj',
    '10.q_proj',
  ])
})

test('excluded names win over targets', () => {
  expect(
    chosen({ targets: ['q_proj', 'k_proj'], excluded: ['model.layers.0.self_attn.k_proj', 'q_proj'] }),
  ).toEqual(['1.k_proj', '10.k_proj'])
  expect(chosen({ targets: ['q_proj'], excluded: '.*\\.10\\..*' })).toEqual(['0.q_proj', '1.q_proj'])
})

test('the first expression that fits the end of a path gives its rank and its alpha', () => {
  const { modules } = select({
    targets: ['q_proj', 'down_proj'],
    ranks: { 'layers.1.self_attn.q_proj': 2, q_proj: 8, own_proj: 3 },
    alphas: { '1\\.self_attn\\.q_proj': 64, '^model.layers.0.mlp.down_proj': 2 },
  })
  expect(modules.map(({ rank, scale }) => [rank, scale])).toEqual([
    [8, 1],
    [4, 0.5],
    [2, 32],
    [4, 2],
    [8, 1],
    [4, 2],
  ])
})

test('rank-stabilised LoRA divides each alpha by the root of its own rank', () => {
  const { modules } = select({ targets: ['q_proj', 'k_proj'], rankStabilised: true, ranks: { k_proj: 16 } })
  expect(modules.slice(0, 2).map(({ scale }) => scale)).toEqual([4, 2])
})

test('names that fit nothing are refused, or passed over while others fit where PEFT would', () => {
  expect(select({ targets: ['q_proj', 'w1'] }).reasons).toEqual([
    'w1 names no linear layer of a decoder block',
  ])
  expect(select({ targets: ['q_proj', 'w1'], passOver: true }).reasons).toEqual([])
  expect(select({ targets: ['w1'], passOver: true }).reasons).toEqual([
    'w1 names no linear layer of this base',
  ])
  expect(select({ targets: ['q_proj', 'lm_head'], passOver: true }).reasons).toHaveLength(1)
})

test('ranks, alphas and expressions out of range are refused together', () => {
  const { reasons } = select({ targets: '(', rank: 0, ranks: { x: 1 }, excluded: 'a'.repeat(1001) })
  expect(reasons).toHaveLength(2)
  expect(select({ rank: 0.5, alpha: 0 }).reasons).toEqual([
    'the rank 0.5 is not from 1 to 256',
    'the alpha 0 is not positive',
  ])
})

test('an expression that would run for years is stopped', () => {
  expect(select({ targets: '(([a-z0-9._]+)+)+!' }).reasons).toContain(
    'its expressions take over 1 s to match',
  )
})
