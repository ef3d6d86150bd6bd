import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256Hex } from '../../infra/canonical.ts'
import { newId } from '../../infra/ids.ts'
import { activate } from '../activate.ts'
import { adapterFolder } from '../adapter.ts'
import { advance } from '../advance.ts'
import { anchor } from '../anchor.ts'
import { ask } from '../ask.ts'
import { claim } from '../claim.ts'
import { close } from '../close.ts'
import { contribute } from '../contribute.ts'
import { deposit } from '../deposit.ts'
import { evaluate } from '../evaluate.ts'
import { exportBundle } from '../export.ts'
import { freeze } from '../freeze.ts'
import { join as joinNetwork } from '../join.ts'
import { pledge } from '../pledge.ts'
import { post } from '../post.ts'
import { propose } from '../propose.ts'
import { release } from '../release.ts'
import { review } from '../review.ts'
import { settle } from '../settle.ts'
import { snapshot } from '../snapshot.ts'
import { tally } from '../tally.ts'
import { defaultRecipe, tune } from '../tune.ts'
import { vote } from '../vote.ts'
import { withdraw } from '../withdraw.ts'
import type { SampleNetwork } from './sample-network.ts'
import { playPayments } from './sample-payments.ts'

const heldOut = Array.from({ length: 10 }, (_, at) => ({
  question: `When is hive ${at} fed?`,
  answer: `In week ${at}.`,
}))

const terms = (name: string) => ({
  name,
  purpose: 'Answers what new beekeepers ask about feeding.',
  dataWanted: 'Questions of beekeepers with short answers.',
  rowsWanted: 10,
  evaluation: heldOut,
})

/** What a story leaves to the model: how a run is trained, and how the answers so far are attributed. */
export interface ModelActs {
  train(sample: SampleNetwork, runId: string, proposalId: string): Promise<void>
  attribute(sample: SampleNetwork, rows: number): Promise<void>
  /** What else is paid for before the second epoch closes. */
  pay?(sample: SampleNetwork): Promise<void>
}

/** What the model and the attributor do elsewhere: a trained run, and influence that favours the first rows. */
const trainRun = async ({ network: { db, folder } }: SampleNetwork, runId: string, proposalId: string) => {
  const adapter = adapterFolder(folder, sha256Hex('adapter'))
  await mkdir(adapter, { recursive: true })
  await writeFile(join(adapter, 'adapter_model.safetensors'), 'adapter')
  await db.query(`update runs set state = 'trained', adapter_hash = $2 where id = $1`, [
    runId,
    sha256Hex('adapter'),
  ])
  await db.query(`update proposals set state = 'evaluating' where id = $1`, [proposalId])
}
const attributeAnswers = async ({ network: { db, blobs } }: SampleNetwork, rows: number) => {
  const influence = Float64Array.from({ length: rows }, (_, row) => (row < 8 ? 1 + row : -0.5))
  const blob = await blobs.put(new Uint8Array(influence.buffer))
  const measured = { tokens: 10, nats: { unigram: 40, base: 30, adapter: 5 } }
  await db.query(
    `update answers set attribution = $1, influence_blob = $2 where state = 'answered' and attribution is null`,
    [JSON.stringify(measured), blob],
  )
}

/** From a proposal to a claimed reward over two epochs, with a withdrawn row and a second poll that stays open; returns the bundle's path. */
export const playSampleStory = async (
  sample: SampleNetwork,
  acts: ModelActs = { train: trainRun, attribute: attributeAnswers, pay: playPayments },
): Promise<string> => {
  const { network, as } = sample
  const open = async (name: string): Promise<string> =>
    (await as('anyone')(joinNetwork, { name, platform: 'test', subject: name })).accountId
  const [anna, bela, cleo] = [await open('Anna'), await open('Bela'), await open('Cleo')] as const
  await as(anna)(deposit, { tokens: '20' })
  await as(cleo)(deposit, { tokens: '10' })
  const { proposalId } = await as(anna)(propose, terms('bee-help'))
  await as(bela)(pledge, { proposal: proposalId, tokens: '3' })
  await as(cleo)(vote, { proposal: proposalId, choice: 'no' })
  await as(cleo)(vote, { proposal: proposalId, choice: 'yes' })
  await as(anna)(vote, { proposal: proposalId, choice: 'yes' })
  await as(bela)(vote, { proposal: proposalId, choice: 'no' })
  await as('operator')(advance, { seconds: 601 })
  await as('treasurer')(tally, { proposal: proposalId })
  await as('treasurer')(anchor, {})
  await as('operator')(advance, { seconds: 601 })

  const rows = (who: string) =>
    Array.from({ length: 6 }, (_, at) => ({
      question: `What does ${who} feed hive ${at}?`,
      answer: `Syrup number ${at}.`,
    }))
  const mine: string[] = []
  for (const [who, name] of [
    [anna, 'Anna'],
    [bela, 'Bela'],
  ] as const) {
    const sent = await as(who)(contribute, { proposal: proposalId, rights: true, rows: rows(name) })
    mine.push(...sent.rows.map(row => row.id))
    const decisions = sent.rows.map(row => ({
      id: row.id,
      verdict: 'accepted' as const,
      reason: null,
      message: null,
      fix: null,
      firstId: null,
      clusterId: newId(),
    }))
    await as('curator')(review, { submissionId: sent.submissionId, decisions })
  }
  await as(anna)(freeze, { proposal: proposalId })
  const frozen = await as('curator')(snapshot, { proposal: proposalId })
  const { runId } = await as('trainer')(tune, {
    proposal: proposalId,
    snapshotId: frozen.snapshotId,
    recipe: { ...defaultRecipe, targets: [...defaultRecipe.targets] },
  })
  await acts.train(sample, runId, proposalId)
  await as('trainer')(evaluate, { runId })
  await as('trainer')(release, { runId })
  await as('treasurer')(anchor, {})

  const settleEpoch = async (epoch: number): Promise<void> => {
    await acts.attribute(sample, frozen.rows)
    await as('treasurer')(close, { epoch })
    await as('treasurer')(settle, { epoch })
    await as('treasurer')(post, { epoch })
    await as('operator')(advance, { seconds: 601 })
    await as('treasurer')(activate, { epoch })
  }
  for (let at = 0; at < 3; at++)
    await as(cleo)(ask, { model: 'bee-help', question: `How much syrup in month ${at}?` })
  await settleEpoch(1)
  await as(anna)(claim, {})
  await as(bela)(withdraw, { contribution: mine.at(-1) as string })
  await as(cleo)(ask, { model: 'bee-help', question: 'And in winter?' })
  await acts.pay?.(sample)
  await settleEpoch(2)
  await as(anna)(claim, {})
  await as(bela)(claim, {})
  await as(cleo)(ask, { model: 'bee-help', question: 'And in spring?' })
  await as('treasurer')(anchor, {})

  const second = await as(bela)(propose, terms('bee-more'))
  await as(cleo)(vote, { proposal: second.proposalId, choice: 'no' })
  const { file } = await as('operator')(exportBundle, { file: join(network.folder, 'exports', 'sample.tar') })
  return file
}
