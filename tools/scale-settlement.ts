/** `node tools/scale-settlement.ts [--accounts 1000,10000,100000] [--answers 200] [--json FILE]`: what settling costs as a datanet grows. */
import { fork } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { fault, isFault } from '../infra/errors.ts'
import { verifyProof } from '../infra/merkle.ts'
import { type PayInput, payTable } from '../models/attribution/pay.ts'
import { type RewardLeaf, rewardsTree } from './rewards-tree.ts'

/** Seconds, and MiB of the process's highest resident memory after each part; every account has one row. */
interface Measurement {
  accounts: number
  clusters: number
  payInput: { mebibytes: number }
  payTable: { seconds: number; mebibytes: number; paid: number }
  tree: { seconds: number; mebibytes: number }
  /** The tree of the same leaves once more, as a claim asks for it, and one proof of it. */
  again: { seconds: number }
  proof: { milliseconds: number; nodes: number }
}

const mebibytes = () => process.resourceUsage().maxRSS / 1024
const timed = async <T>(work: () => T): Promise<{ value: Awaited<T>; seconds: number }> => {
  const start = performance.now()
  return { value: await work(), seconds: (performance.now() - start) / 1000 }
}

/** Influence of either sign on every row of every answer, from a generator with a fixed start. */
const syntheticPeriod = (accounts: number, clusters: number, answers: number): PayInput => {
  let state = 1
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
  return {
    rows: Array.from({ length: accounts }, (_, i) => ({
      account: `account-${i}`,
      cluster: i % clusters,
      canonical: i % 10 !== 9,
    })),
    answers: Array.from({ length: answers }, (_, i) => ({
      id: `answer-${i}`,
      revenueUnits: 1_000_000_000n,
      tokens: 100,
      nats: { unigram: 700, base: 300, adapter: 200 },
      influence: Float64Array.from({ length: accounts }, () => (random() - 0.4) / accounts),
      askerAccount: 'asker',
      disputed: false,
    })),
    dataShare: 6_000,
    maxGain: 0.5,
  }
}

const measure = async (accounts: number, clusters: number, answers: number): Promise<Measurement> => {
  const input = syntheticPeriod(accounts, clusters, answers)
  const before = mebibytes()
  const table = await timed(() => payTable(input))
  const tableMebibytes = mebibytes()
  const leaves: RewardLeaf[] = input.rows.map(({ account }, index) => ({
    index,
    accountId: account,
    address: `0x${(index + 1).toString(16).padStart(40, '0')}`,
    cumulativeUnits: table.value.accounts.get(account) ?? 0n,
  }))
  const tree = await timed(() => rewardsTree(leaves))
  const again = await timed(() => rewardsTree(leaves.map(leaf => ({ ...leaf }))))
  const place = accounts >> 1
  const proof = await timed(() => again.value.proof(place))
  const single = rewardsTree([leaves[place] as RewardLeaf]).root
  if (!verifyProof(single, proof.value, tree.value.root))
    throw fault('scale-broken', 'A proof does not lead to its root.', { fix: 'Run the tests.' })
  return {
    accounts,
    clusters,
    payInput: { mebibytes: before },
    payTable: { seconds: table.seconds, mebibytes: tableMebibytes, paid: table.value.accounts.size },
    tree: { seconds: tree.seconds, mebibytes: mebibytes() },
    again: { seconds: again.seconds },
    proof: { milliseconds: proof.seconds * 1000, nodes: proof.value.length },
  }
}

/** Measures one size in a process of its own, whose memory is then its own too. */
const measureApart = (...numbers: readonly number[]): Promise<Measurement> =>
  new Promise((resolve, reject) => {
    const child = fork(import.meta.filename, ['--measure', numbers.join(',')])
    child.once('message', message => resolve(message as Measurement))
    child.once('exit', code =>
      reject(
        fault('scale-broken', `The measurement of ${numbers[0]} accounts ended with code ${code}.`, {
          fix: 'Read what it printed above.',
        }),
      ),
    )
  })

const line = (m: Measurement): string =>
  [
    `${m.accounts} accounts in ${m.clusters} clusters:`,
    `pay table ${m.payTable.seconds.toFixed(2)} s, ${m.payTable.mebibytes.toFixed(0)} MiB`,
    `(of which input ${m.payInput.mebibytes.toFixed(0)}), ${m.payTable.paid} paid;`,
    `tree ${m.tree.seconds.toFixed(2)} s, again ${m.again.seconds.toFixed(3)} s,`,
    `proof of ${m.proof.nodes} nodes ${m.proof.milliseconds.toFixed(3)} ms`,
  ].join(' ')

const main = async (): Promise<void> => {
  const text = { type: 'string' } as const
  const { values } = parseArgs({ options: { accounts: text, answers: text, json: text, measure: text } })
  const numbers = (list: string): number[] => list.split(',').map(Number)
  if (values.measure !== undefined) {
    const [accounts, clusters, answers] = numbers(values.measure) as [number, number, number]
    process.send?.(await measure(accounts, clusters, answers))
    return
  }
  const measured: Measurement[] = []
  for (const accounts of numbers(values.accounts ?? '1000,10000,100000'))
    for (const clusters of [200, accounts]) {
      const found = await measureApart(accounts, clusters, Number(values.answers ?? 200))
      measured.push(found)
      process.stdout.write(`${line(found)}\n`)
    }
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(measured, null, 2)}\n`)
}

try {
  await main()
} catch (error) {
  process.stderr.write(isFault(error) ? `${error.message} ${error.fix}\n` : `${error}\n`)
  process.exitCode = 1
}
