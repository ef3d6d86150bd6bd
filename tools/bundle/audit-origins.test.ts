import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sha256Hex } from '../../infra/canonical.ts'
import { hashEvent, hashPayload } from '../../infra/ledger.ts'
import type { Engine } from '../../models/engine.ts'
import { exportBundle } from '../export.ts'
import { fineTune } from '../fine-tune.ts'
import { openSampleNetwork, type SampleNetwork } from './sample-network.ts'
import { playSampleStory } from './sample-story.ts'
import { tamper } from './tamper.ts'
import { verifyBundle } from './verify.ts'

const ORIGINS = 'every model without a vote is one by the ledger'
const PROPOSALS = "every proposal's terms and bond are on chain"
const SNAPSHOTS = 'every snapshot has the root of its rows, and the chain holds it'
const RELEASES = "every release's hashes are on chain"
const EVALUATIONS = 'every evaluation has its hash'

let sample: SampleNetwork
let bundle: Buffer

/** What the model does elsewhere: an adapter of some bytes. */
const train: Engine['train'] = async (_, __, { folder }) => {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'adapter_config.json'), '{}')
  await writeFile(join(folder, 'adapter_model.safetensors'), 'own')
  const figures = { steps: 1, tokens: 1, tokensPerSecond: 1, seconds: 1, firstLoss: 2, lastLoss: 1 }
  return { hash: sha256Hex('own'), ...figures }
}

// The voted model of the story, and one of its owner's own.
beforeAll(async () => {
  sample = await openSampleNetwork()
  await playSampleStory(sample)
  const network = { ...sample.network, engine: { ...sample.network.engine, train } }
  await sample.as('operator', network)(fineTune, {
    name: 'own-bees',
    licence: 'CC0-1.0',
    rights: true,
    rows: Array.from({ length: 20 }, (_, at) => ({
      question: `What is in hive ${at}?`,
      answer: `Bees, ${at} of them.`,
    })),
  })
  const file = join(network.folder, 'exports', 'own.tar')
  bundle = await readFile((await sample.as('operator')(exportBundle, { file })).file)
}, 90_000)
afterAll(() => sample.remove())

type Draft = Parameters<Parameters<typeof tamper>[2]>[0]

const failing = async (change: (draft: Draft) => void): Promise<string[]> =>
  (await verifyBundle(await tamper(bundle, sample.network.receipts, change))).checks
    .filter(({ ok }) => !ok)
    .map(({ name }) => name)
    .sort()

const proposal = ({ proposals }: Draft, name: string) => proposals.find(item => item.name === name)!

/** Lets the voted model pass for its owner's own, as far as the records go. */
const pose = (draft: Draft): void => {
  const voted = proposal(draft, 'bee-help')
  Object.assign(voted, { origin: 'own', tx: null, bondUnits: '0' })
  for (const item of draft.snapshots) if (item.proposal === voted.id) item.tx = null
  for (const item of draft.releases)
    if (item.proposal === voted.id) Object.assign(item, { commitTx: null, releaseTx: null })
}

test('a bundle with an own model beside a voted one holds', async () => {
  expect(await failing(() => {})).toEqual([])
})

test('a voted model that poses as own is caught, also where an event is made up for it', {
  timeout: 30_000,
}, async () => {
  expect(await failing(pose)).toEqual([ORIGINS])
  const made = (draft: Draft) => {
    pose(draft)
    const { id, proposer, termsHash } = proposal(draft, 'bee-help')
    const payload = { origin: 'own', account: proposer, termsHash, priceUnits: '0' }
    const last = draft.events.at(-1)!
    const salt = 'ab'.repeat(32)
    const event = {
      ...{
        seq: String(BigInt(last.seq) + 1n),
        at: last.at,
        kind: 'model.opened',
        actor: 'operator',
        subject: id,
      },
      ...{ payload, salt, payloadHash: hashPayload(Buffer.from(salt, 'hex'), payload), prevHash: last.hash },
    }
    const hash = hashEvent({ ...event, seq: BigInt(event.seq), at: new Date(event.at) })
    draft.events.push({ ...event, hash })
  }
  expect(await failing(made)).toEqual([ORIGINS])
})

test('an own model that poses as voted is caught', async () => {
  expect(
    await failing(draft => {
      proposal(draft, 'own-bees').origin = 'voted'
    }),
  ).toEqual([ORIGINS, PROPOSALS, RELEASES, SNAPSHOTS].sort())
})

test('an own model with another owner, adapter, row or evaluation is caught', async () => {
  const own = (draft: Draft) => draft.releases.find(item => item.proposal === proposal(draft, 'own-bees').id)!
  expect(
    await failing(draft => {
      const owner = proposal(draft, 'bee-help').proposer
      proposal(draft, 'own-bees').proposer = owner
    }),
  ).toEqual([ORIGINS])
  expect(
    await failing(draft => {
      const release = own(draft)
      release.adapter = sha256Hex('another')
      draft.evaluations.find(item => item.id === release.evaluation)!.adapter = release.adapter
    }),
  ).toEqual([ORIGINS, EVALUATIONS].sort())
  expect(
    await failing(draft => {
      const { snapshot } = own(draft)
      draft.snapshots.find(item => item.id === snapshot)!.root = sha256Hex('another')
    }),
  ).toEqual([ORIGINS, SNAPSHOTS].sort())
})
