import { TributaryClient, verify } from 'tributary'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openPaidNode } from '../testing/paid-node.ts'
import { askStranger } from './agent-calls-agent.ts'

const PRICE = 50_000n

describe('an agent that calls an agent', () => {
  let node: Awaited<ReturnType<typeof openPaidNode>>
  let network: string
  beforeAll(async () => {
    node = await openPaidNode()
    network = node.network
  })
  afterAll(() => node.close())

  it('finds the model, pays its price from its own wallet, gets the answer and checks the receipt', async () => {
    const signer = await node.walletWith(1_000_000n)
    const purse = { signer, network, atMostUnits: 100_000n }
    const got = await askStranger(node.url, /beekeepers/, 'What is a nuc?', purse)
    expect(got).toMatchObject({ model: 'bees@1', answer: 'You asked: What is a nuc?', paidUnits: PRICE })
    expect(got.verified.ok).toBe(true)
    expect(got.verified.checks.map(({ name, ok }) => [name, ok])).toEqual([
      ['signature', true],
      ['words', true],
      ['event', true],
      ['anchor', null],
    ])
    expect(await node.holds(signer.address)).toBe(1_000_000n - PRICE)
    const income = await node.stage.network.db.query(
      `select units from transfers where reason = 'question' and to_account = 'income:3'`,
    )
    expect(income).toEqual([{ units: PRICE }])

    const { proof, publicKey } = got
    const other = { question: 'What is a nuc?', answer: 'Something else.', salt: '00' }
    expect(verify(proof, { publicKey, said: other }).ok).toBe(false)
    const text = proof.receipt.text.replace('"priceUnits":"50000"', '"priceUnits":"1"')
    expect(verify({ ...proof, receipt: { ...proof.receipt, text } }, { publicKey }).ok).toBe(false)
  })

  it('pays nothing above its budget', async () => {
    const signer = await node.walletWith(1_000_000n)
    const purse = { signer, network, atMostUnits: PRICE - 1n }
    await expect(askStranger(node.url, /beekeepers/, 'Why?', purse)).rejects.toThrow('too dear')
    expect(await node.holds(signer.address)).toBe(1_000_000n)
  })

  it('with an empty wallet is told so in the protocol’s words', async () => {
    const purse = { signer: await node.walletWith(0n), network, atMostUnits: PRICE }
    await expect(askStranger(node.url, /beekeepers/, 'Why?', purse)).rejects.toMatchObject({
      facts: { status: 402 },
      message: expect.stringContaining('wallet'),
    })
  })

  it('pays once for an answer that was lost on the way, however late it is asked for again', async () => {
    const signer = await node.walletWith(1_000_000n)
    let lost = 0
    const client = new TributaryClient({
      url: node.url,
      payWith: { signer, network, asset: node.token, atMostUnits: PRICE },
      fetch: async (url, init) => {
        const response = await fetch(url, init)
        if (response.status !== 200 || lost++ > 2) return response
        await response.text()
        throw new TypeError('terminated')
      },
      tries: 2,
      wait: async () => {},
    })
    const ask = () =>
      client.call('ask', { model: 'bees', question: 'What is a smoker?' }, { idempotencyKey: 'mine' })
    await expect(ask()).rejects.toMatchObject({ code: 'node-unreachable' })
    expect(await ask()).toMatchObject({ answer: 'You asked: What is a smoker?' })
    expect(lost).toBe(4)
    expect(await node.holds(signer.address)).toBe(1_000_000n - PRICE)
  })

  it('streams over /v1 what it pays for by x402', async () => {
    const signer = await node.walletWith(1_000_000n)
    const payWith = { signer, network, asset: node.token, atMostUnits: PRICE }
    const heard: string[] = []
    const client = new TributaryClient({ url: node.url, payWith })
    const { receiptId } = await client.ask('bees', 'What is wax?', { onText: text => heard.push(text) })
    expect(heard.join('')).toBe('You asked: What is wax?')
    const proof = await client.proof(receiptId)
    expect(verify(proof, { publicKey: await client.publicKey() }).ok).toBe(true)
  })

  it('signs no payment in another token or on another chain than was allowed', async () => {
    const signer = await node.walletWith(1_000_000n)
    for (const purse of [
      { network, asset: node.stage.network.chain.address(1) },
      { network: 'eip155:1', asset: node.token },
    ]) {
      const payWith = { signer, atMostUnits: PRICE, ...purse }
      const client = new TributaryClient({ url: node.url, payWith })
      await expect(client.call('ask', { model: 'bees', question: 'Why?' })).rejects.toMatchObject({
        code: 'payment-unwanted',
      })
    }
    expect(await node.holds(signer.address)).toBe(1_000_000n)
  })
})
