import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { TributaryClient } from 'tributary'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as examples from './examples/readme.ts'
import { openPaidNode } from './testing/paid-node.ts'

const flat = (code: string): string => code.replace(/\s+/g, ' ').trim()
const read = (name: string): string => readFileSync(join(import.meta.dirname, name), 'utf8')

describe('the README of the client', () => {
  let node: Awaited<ReturnType<typeof openPaidNode>>
  let client: TributaryClient
  let apiKey: string
  beforeAll(async () => {
    node = await openPaidNode()
    apiKey = await node.stage.key()
    client = new TributaryClient({ url: node.url, apiKey })
  })
  afterAll(() => node.close())

  it('shows no code that is not checked and run', () => {
    const blocks = [...read('README.md').matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code ?? '')
    expect(blocks.length).toBeGreaterThan(5)
    for (const block of blocks) expect(flat(read('examples/readme.ts'))).toContain(flat(block))
  })

  it('asks a model', async () => {
    let heard = ''
    const said = await examples.quick(node.url, apiKey, text => {
      heard += text
    })
    expect(said.answer).toBe('You asked: What is a nuc?')
    expect(heard).toBe(said.answer)
  })

  it('tells an error by its code', async () => {
    const told: string[] = []
    await examples.errors(client, text => told.push(text))
    expect(told.join()).toContain('hornets')
  })

  it('proves an answer', async () => {
    expect(await examples.proving(client)).toMatchObject({ ok: true })
  })

  it('pays by x402', async () => {
    const signer = await node.walletWith(1_000_000n)
    const { offer, said } = await examples.paying(node.url, signer)
    expect(offer?.units.toString()).toBe(said.priceUnits)
    expect(await node.holds(signer.address)).toBe(1_000_000n - BigInt(said.priceUnits))
  })

  it('follows the ledger until it is told to stop', async () => {
    const stop = new AbortController()
    const seen: string[] = []
    const write = (text: string): void => {
      if (seen.push(text) === 3) stop.abort()
    }
    await examples.following(client, write, stop.signal)
    expect(seen.map(line => line.split(' ')[0])).toEqual(['1', '2', '3'])
  })

  it('gives an agent the verbs that it needs', async () => {
    expect((await examples.toolbox(client)).map(({ name }) => name).sort()).toEqual([
      'ask',
      'explain',
      'models',
    ])
  })
})
