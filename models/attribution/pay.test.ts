import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fitScale, type PayAnswer, type PayInput, payTable } from './pay.ts'

const answer = (change: Partial<PayAnswer> = {}): PayAnswer => ({
  id: 'a',
  revenueUnits: 1_000_000n,
  tokens: 50,
  nats: { unigram: 300, base: 200, adapter: 100 },
  influence: [3, 1, -2],
  askerAccount: 'asker',
  disputed: false,
  ...change,
})
const rows = [
  { account: 'ann', cluster: 0, canonical: true },
  { account: 'bob', cluster: 1, canonical: true },
  { account: 'cal', cluster: 2, canonical: true },
]
const table = (input: Partial<PayInput>) =>
  payTable({ answers: [answer()], rows, dataShare: 7_000, maxGain: 0.9, scale: 1, ...input })

const nats = fc.double({ min: 0, max: 2_000, noNaN: true })
const period = fc.integer({ min: 1, max: 12 }).chain(size =>
  fc.record({
    rows: fc.array(
      fc.record({
        account: fc.constantFrom('ann', 'bob', 'cal', 'dan'),
        cluster: fc.nat(5),
        canonical: fc.boolean(),
      }),
      { minLength: size, maxLength: size },
    ),
    answers: fc
      .array(
        fc.record({
          revenueUnits: fc.bigInt({ min: 0n, max: 10n ** 13n }),
          tokens: fc.integer({ min: 1, max: 400 }),
          nats: fc.record({ unigram: nats, base: nats, adapter: nats }),
          influence: fc.array(fc.double({ min: -50, max: 50, noNaN: true }), {
            minLength: size,
            maxLength: size,
          }),
          askerAccount: fc.constantFrom('asker', 'other', 'ann'),
          disputed: fc.boolean(),
        }),
        { maxLength: 8 },
      )
      .map(answers => answers.map((a, i) => ({ ...a, id: String(i) }))),
    dataShare: fc.integer({ min: 0, max: 10_000 }),
    maxGain: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
)

describe('pay', () => {
  it('pays a row nothing that helps its cluster no more than it harms it', async () => {
    const topic = { account: 'ann', cluster: 0, canonical: true }
    const noise = { account: 'noise', cluster: 0, canonical: true }
    const once = { account: 'once', cluster: 0, canonical: true }
    const answers = [
      { id: '1', influence: [9, 0.9, 0] },
      { id: '2', influence: [8, -0.8, 0] },
      { id: '3', influence: [9, 0.7, 6] },
      { id: '4', influence: [7, -0.6, -0.1] },
    ].map((change, i) => answer({ ...change, nats: { unigram: 300 + i, base: 200, adapter: 100 } }))
    const { accounts } = await table({ answers, rows: [topic, noise, once] })
    expect(accounts.get('noise')).toBeUndefined()
    expect(accounts.get('once')).toBeGreaterThan(0n)
    expect(accounts.get('ann')).toBeGreaterThan(accounts.get('once')!)
    // The same answers asked for a hundred times say nothing new of the row.
    const often = answers.flatMap(one =>
      Array.from({ length: 100 }, (_, i) => ({ ...one, id: `${one.id}/${i}` })),
    )
    expect(
      (await table({ answers: often, rows: [topic, noise, once] })).accounts.get('noise'),
    ).toBeUndefined()
  })

  it('divides the pot by positive influence and leaves the rest to the commons', async () => {
    // Pot: 70% of 1,000,000 times gain 0.5; gamma 100 is more than the positive influences 4, so little is attributed.
    const paid = await table({})
    expect(paid.accounts).toEqual(
      new Map([
        ['ann', 10_500n],
        ['bob', 3_500n],
      ]),
    )
    expect(paid).toMatchObject({ paidUnits: 14_000n, commonsUnits: 686_000n, dataUnits: 700_000n })
  })

  it('never exceeds the pot of an answer whose influences are large', async () => {
    const paid = await table({ scale: 1_000 })
    expect(paid.paidUnits).toBe(350_000n)
    expect(paid.accounts.get('ann')).toBe(262_500n)
  })

  it('sums a cluster over the period before it drops what is negative', async () => {
    const good = answer({ id: 'good', influence: [10, 0, 0] })
    const bad = answer({ id: 'bad', influence: [-10, 0, 0] })
    expect((await table({ answers: [good, bad] })).paidUnits).toBe(0n)
    expect((await table({ answers: [good, bad] })).clusters[0]).toEqual({ cluster: 0, units: 0, error: 0 })
    expect((await table({ answers: [good, good, bad] })).paidUnits).toBe(
      (await table({ answers: [good] })).paidUnits,
    )
  })

  it('gives near-copies nothing, their canonical row the whole of the cluster', async () => {
    const copied = [rows[0]!, { account: 'copycat', cluster: 0, canonical: false }, rows[1]!]
    const paid = await table({ rows: copied, answers: [answer({ influence: [0, 3, 1] })] })
    expect(paid.accounts.get('copycat')).toBeUndefined()
    expect(paid.accounts.get('ann')).toBe(10_500n)
  })

  it('abstains for disputed answers, small gains and contributors who ask', async () => {
    const why = async (change: Partial<PayAnswer>, more: Partial<PayInput> = {}) =>
      (await table({ answers: [answer(change)], ...more })).perAnswer[0]
    expect((await why({ disputed: true }))?.abstained).toBe('disputed')
    expect((await why({ nats: { unigram: 300, base: 100, adapter: 99.5 } }))?.abstained).toBe(
      'gain-too-small',
    )
    expect((await why({ nats: { unigram: 300, base: 100, adapter: 101 } }))?.abstained).toBe('no-gain')
    expect(await why({ disputed: true })).toMatchObject({ shares: [], unattributed: 1, potUnits: 0n })
    expect((await why({ askerAccount: 'ann', influence: [3, 0, -2] }))?.abstained).toBe(
      'asker-is-contributor',
    )
  })

  it("gives the asker's own part to the commons and leaves the others theirs", async () => {
    const own = await table({ answers: [answer({ askerAccount: 'ann' })] })
    expect(own.accounts).toEqual(new Map([['bob', 3_500n]]))
    expect(own.perAnswer[0]).toMatchObject({ abstained: null, shares: [{ account: 'bob' }] })
    const linked = await table({
      answers: [answer({ askerAccount: 'bee' })],
      linked: (a, b) => a === 'bob' && b === 'bee',
    })
    expect(linked.accounts).toEqual(new Map([['ann', 10_500n]]))
  })

  it('is conserved to the unit and never negative, whatever the figures', async () => {
    await fc.assert(
      fc.asyncProperty(period, async input => {
        const paid = await payTable(input)
        const dataUnits = input.answers.reduce(
          (sum, a) => sum + (a.revenueUnits * BigInt(input.dataShare)) / 10_000n,
          0n,
        )
        expect(paid.paidUnits + paid.commonsUnits).toBe(dataUnits)
        expect(paid.commonsUnits).toBeGreaterThanOrEqual(0n)
        const sum = (units: Iterable<bigint>) => [...units].reduce((a, b) => a + b, 0n)
        expect(sum(paid.accounts.values())).toBe(paid.paidUnits)
        expect(sum(paid.rows.map(row => row.units))).toBe(paid.paidUnits)
        for (const { row, units } of paid.rows) {
          expect(units).toBeGreaterThan(0n)
          expect(input.rows[row]!.canonical).toBe(true)
        }
        expect(paid.paidUnits).toBeLessThanOrEqual(sum(paid.perAnswer.map(a => a.potUnits)))
      }),
      { numRuns: 500 },
    )
  })

  it('of one answer never exceeds its pot, and its shares are what it pays', async () => {
    await fc.assert(
      fc.asyncProperty(period, fc.double({ min: 0, max: 100, noNaN: true }), async (input, scale) => {
        for (const one of input.answers) {
          const paid = await payTable({ ...input, answers: [one], scale })
          const [explained] = paid.perAnswer
          expect(paid.paidUnits).toBeLessThanOrEqual(explained!.potUnits)
          const shares = explained!.shares.reduce((sum, { share }) => sum + share, 0)
          expect(shares + explained!.unattributed).toBeCloseTo(1, 9)
          expect(Math.abs(shares * Number(paid.dataUnits) - Number(paid.paidUnits))).toBeLessThan(
            1 + Number(paid.dataUnits) * 1e-9,
          )
        }
      }),
    )
  })

  it("for one's own questions is nothing", async () => {
    await fc.assert(
      fc.asyncProperty(period, async input => {
        const answers = input.answers.map(a => ({ ...a, askerAccount: 'ann' }))
        expect((await payTable({ ...input, answers })).accounts.get('ann')).toBeUndefined()
      }),
    )
  })

  it('does not change when a contributor splits into several accounts', async () => {
    await fc.assert(
      fc.asyncProperty(period, async input => {
        const answers = input.answers.map(a => ({ ...a, askerAccount: 'asker' }))
        const whole = await payTable({ ...input, answers })
        const split = await payTable({
          ...input,
          answers,
          rows: input.rows.map((row, i) =>
            row.account === 'ann' ? { ...row, account: `ann${i % 3}` } : row,
          ),
        })
        const parts = ['ann0', 'ann1', 'ann2'].reduce(
          (sum, name) => sum + (split.accounts.get(name) ?? 0n),
          0n,
        )
        expect(parts).toBe(whole.accounts.get('ann') ?? 0n)
        expect(split.rows).toEqual(whole.rows)
      }),
    )
  })

  it('is refused for influences of other rows and for figures that are not numbers', async () => {
    const refused = expect.objectContaining({ code: 'pay-input' })
    await expect(table({ answers: [answer({ influence: [1] })] })).rejects.toThrow(refused)
    await expect(table({ answers: [answer({ influence: [1, Number.NaN, 1] })] })).rejects.toThrow(refused)
    await expect(table({ dataShare: 10_001 })).rejects.toThrow(refused)
  })
})

describe('the scale of influence', () => {
  it('is the median answer, so one crafted answer cannot move it', async () => {
    expect(fitScale([1, 2, 3])).toBe(2)
    expect(fitScale([1, 2, 3e9])).toBe(2)
    expect(fitScale([1, 3])).toBe(2)
    expect(fitScale([Number.POSITIVE_INFINITY, Number.NaN, -1])).toBe(0)
  })

  it('makes pay independent of the damping, which only stretches influence', async () => {
    const stretched = answer({ influence: [300, 100, -200] })
    const { scale: _, ...input } = { answers: [answer()], rows, dataShare: 7_000, maxGain: 0.9, scale: 1 }
    expect((await payTable({ ...input, answers: [stretched] })).accounts).toEqual(
      (await payTable(input)).accounts,
    )
    expect((await payTable(input)).paidUnits).toBe(350_000n)
  })
})
