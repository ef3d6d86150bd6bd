import { expect, test } from 'vitest'
import { staleArtifacts } from './compile.ts'
import { forgeTest } from './forge.ts'

test('the committed artifacts are compiled from the contracts at hand (else: node infra/contracts/compile.ts)', () => {
  expect(staleArtifacts()).toEqual([])
})

test('the contracts keep their rules, their invariants and their gas figures (else: node infra/contracts/forge.ts)', () => {
  const { ok, output } = forgeTest()
  expect(ok, output.slice(-6000)).toBe(true)
  expect(output).toMatch(/invariant_bondsInAreBondsOutSlashedAndHeld/)
}, 120_000)
