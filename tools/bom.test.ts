import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bom } from './bom.ts'
import { call } from './registry.ts'
import { anyone, ids, openSmallNetwork, type SmallNetwork } from './testing/small-network.ts'

describe('bom', () => {
  let small: SmallNetwork
  beforeAll(async () => {
    small = await openSmallNetwork()
  })
  afterAll(() => small.remove())
  const read = (model: string) => call(small.network, anyone, bom, { model })

  it('names every row of the release by licence and contributor, and shows none', async () => {
    const { model, bom: document } = await read('bees')
    expect(model).toBe('bees@1')
    const [, data] = document.components as { components: object[]; properties: object[] }[]
    expect(data?.components).toMatchObject([
      {
        authors: [{ name: 'Bob' }],
        licenses: [{ expression: 'CC0-1.0' }],
        properties: [
          { name: 'tributary:rows', value: '2' },
          { name: 'tributary:rows-withdrawn-since', value: '0' },
        ],
      },
    ])
    expect(data?.properties).toContainEqual({ name: 'tributary:rows', value: '2' })
    expect(JSON.stringify(document)).not.toContain('Question 1?')
  })

  it('names base, adapter and data by hash, and refers only to what it holds', async () => {
    const { bom: document } = await read('bees@1')
    expect(document.metadata).toMatchObject({
      component: {
        type: 'machine-learning-model',
        hashes: [{ alg: 'SHA-256', content: 'a0' }],
        pedigree: { ancestors: [{ hashes: [{ content: 'b0' }] }] },
        modelCard: { modelParameters: { datasets: [{ ref: 'snapshot/s0' }] } },
      },
    })
    const { dependencies } = document as unknown as { dependencies: { ref: string; dependsOn?: string[] }[] }
    const known = dependencies.map(({ ref }) => ref)
    expect(known).toEqual(['bees@1', 'base/b0', 'snapshot/s0'])
    for (const { dependsOn = [] } of dependencies) expect(known).toEqual(expect.arrayContaining(dependsOn))
  })

  it('is the same document every time, but for rows withdrawn since', async () => {
    const first = await read('bees')
    expect(await read('bees@latest')).toEqual(first)
    await small.network.db.query(`update contributions set state = 'withdrawn' where id = $1`, [ids.row(1)])
    const second = JSON.stringify(await read('bees'))
    expect(second).toBe(
      JSON.stringify(first).replace(
        '"tributary:rows-withdrawn-since","value":"0"',
        '"tributary:rows-withdrawn-since","value":"1"',
      ),
    )
  })

  it('refuses a model that was never released', async () => {
    await expect(read('wasps')).rejects.toMatchObject({ code: 'model-unknown' })
  })
})
