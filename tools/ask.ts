import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { canonicalJson, sha256Hex } from '../infra/canonical.ts'
import { fault, isFault } from '../infra/errors.ts'
import { idFrom } from '../infra/ids.ts'
import { balance, transfer } from '../infra/money.ts'
import type { Generation } from '../models/engine.ts'
import { checkedAdapter } from './adapter.ts'
import {
  type AskRequest,
  askRequest,
  messagesOf,
  plainText,
  refuseTooLong,
  requestHashOf,
  samplingOf,
  tokensOf,
  toldToken,
} from './ask-request.ts'
import type { Caller, Context } from './context.ts'
import { findAccount, findRelease, findReleaseById, type Release } from './find.ts'
import { addJob } from './jobs.ts'
import { limits } from './limits.ts'
import { issueReceipt } from './receipt.ts'
import { record } from './record.ts'
import { verb } from './registry.ts'
import { unitsText } from './terms.ts'

/**
 * Asks a released model. The price is taken from the prepaid balance before anything is generated, and given back if the
 * model fails or the signal aborts before anybody has heard a word of the answer (but not where its reason is `interrupted`). The seed comes from the call's key, so a
 * call repeated after a crash gives the same answer and pays once. Each call is one answer, with one receipt and one price.
 * Throws `model-unknown`, `insufficient-balance`, `answer-refunded`, `prompt-too-long` and what the engine throws.
 */
export const ask = verb({
  name: 'ask',
  summary: 'Ask a released model a question; the answer carries a signed receipt.',
  who: ['member'],
  effect: 'money',
  input: z.object({
    model: plainText.max(200),
    question: plainText.trim().min(1).max(limits.questionCharacters),
    request: askRequest.optional().describe('the conversation around the question and how to sample'),
  }),
  output: z.object({
    answerId: z.string(),
    /** Hex; the receipt holds SHA-256(salt, text) of question and answer, so that nobody can guess them from it. */
    salt: z.string(),
    question: z.string(),
    answer: z.string(),
    model: z.string(),
    receiptId: z.string(),
    priceUnits: unitsText,
    balanceUnits: unitsText,
    /** The epoch whose income it is. */
    epoch: z.number(),
    promptTokens: z.number(),
    answerTokens: z.number(),
    finish: z.enum(['stop', 'length']).default('stop'),
    /** Where asked for; stored nowhere, so a repeated call has none. */
    tokens: z.array(toldToken).optional(),
  }),
  cost: async ({ db }, _caller, { model }) => (await findRelease(db, model)).priceUnits,
  async run(context, input) {
    const account = await findAccount(context.db, context.caller.accountId)
    const { answerId: id, receiptId } = idsOf(context.key)
    const { request } = input
    const named = await findRelease(context.db, input.model)
    const asked = { id, release: named, question: input.question, request }
    if (request !== undefined) refuseTooLong(context.engine, messagesOf(input.question, request))
    const { epoch, salt, releaseId } = await payFor(context, account.id, asked)
    // The name may stand for a newer version by now: what was paid for is what is asked.
    const release = releaseId === named.id ? named : await findReleaseById(context.db, releaseId)
    const generation = await generate(context, { ...asked, release })
    const model = `${release.name}@${release.version}`
    const now = context.clock.now()
    const told = await context.commit(async tx => {
      // The epoch may have been settled while this one was generated: its price is with the asker again.
      const [kept] = await tx.query(
        `update answers set answer = $2, state = 'answered', prompt_tokens = $3, answer_tokens = $4, receipt_id = $5, answered_at = $6
         where id = $1 and state <> 'refunded' returning id`,
        [id, generation.text, generation.promptTokens, generation.tokens.length, receiptId, now],
      )
      if (kept === undefined) throw givenBack()
      const seq = await record(context, tx, 'answer.given', id, {
        model,
        receipt: receiptId,
        units: release.priceUnits,
        tokens: generation.tokens.length,
      })
      await issueReceipt(
        context,
        tx,
        receiptId,
        'answer',
        {
          answer: id,
          model,
          base: context.engine.base.hash,
          adapter: release.adapterHash,
          asker: account.id,
          questionHash: sha256Hex(salt, input.question),
          ...(request === undefined ? {} : { requestHash: requestHashOf(salt, input.question, request) }),
          answerHash: sha256Hex(salt, generation.text),
          priceUnits: release.priceUnits,
          promptTokens: generation.promptTokens,
          answerTokens: generation.tokens.length,
          answeredAt: now.toISOString(),
        },
        seq,
      )
      await addJob(context.queue, tx, 'attribute', { answerId: id })
      return {
        answerId: id,
        salt: salt.toString('hex'),
        question: input.question,
        answer: generation.text,
        model,
        receiptId,
        priceUnits: release.priceUnits.toString(),
        epoch,
        balanceUnits: (await balance(tx, `balance:${account.id}`)).toString(),
        promptTokens: generation.promptTokens,
        answerTokens: generation.tokens.length,
        finish: generation.finish,
      }
    })
    return request?.logProbs === true ? { ...told, tokens: tokensOf(context.engine, generation) } : told
  },
})

/** One answer in the making. */
interface Asked {
  readonly id: string
  readonly release: Release
  readonly question: string
  readonly request: AskRequest | undefined
}

const idsOf = (contextKey: string) => {
  const answerId = idFrom('answer', contextKey)
  return { answerId, receiptId: idFrom('answer-receipt', answerId) }
}

/** The ids that the answer to a call of `ask` under that key has, once it is given. */
export const answerIds = (
  { accountId, role }: Caller,
  key: string,
): { answerId: string; receiptId: string } => idsOf(`${accountId ?? role}/ask/${key}`)

/** Whoever waited for an answer has left: its price comes back. */
const givenUp = () =>
  fault('answer-given-up', 'Nobody waits for this answer any more.', { fix: 'Ask again under a new key.' })

/** The reason with which a caller aborts a question that it will ask again under the same key: what was paid stays paid. */
export const interrupted = () =>
  fault('answer-interrupted', 'The node stopped while it answered.', {
    fix: 'Ask again under the same key.',
    retry: true,
    blame: 'ours',
  })

const givenBack = () =>
  fault('answer-refunded', 'This question was given back its price.', { fix: 'Ask it again.' })

/** Takes the price into the open epoch's income, once per answer; a repeated call finds what it paid for, and when. */
const payFor = (
  context: Context,
  accountId: string,
  { id, release, question, request }: Asked,
): Promise<{ epoch: number; salt: Buffer; releaseId: string }> =>
  context.db.tx(async tx => {
    // The epoch's lock comes first: of two equal calls at once, the second one finds what the first has paid for.
    const [epoch] = await tx.query<{ number: number }>(
      `select number from epochs where state = 'open' order by number desc limit 1 for update`,
    )
    const [paid] = await tx.query<{ state: string; epoch: number; salt: Buffer; releaseId: string }>(
      'select state, epoch, salt, release_id as "releaseId" from answers where id = $1',
      [id],
    )
    if (paid?.state === 'refunded') throw givenBack()
    if (paid !== undefined) return paid
    if (epoch === undefined)
      throw fault('epoch-missing', 'No epoch is open.', {
        fix: 'Restart the node.',
        blame: 'ours',
        retry: true,
      })
    const at = context.clock.now()
    const salt = randomBytes(32)
    await tx.query(
      `insert into answers (id, release_id, account_id, epoch, question, request, state, price_units, seed, salt, asked_at)
       values ($1, $2, $3, $4, $5, $6, 'paid', $7, $8, $9, $10)`,
      [
        id,
        release.id,
        accountId,
        epoch.number,
        question,
        request === undefined ? null : canonicalJson(request),
        release.priceUnits,
        seedOf(id),
        salt,
        at,
      ],
    )
    if (release.priceUnits > 0n)
      await transfer(tx, {
        key: `ask/${id}`,
        from: `balance:${accountId}`,
        to: `income:${epoch.number}`,
        units: release.priceUnits,
        reason: 'question',
        at,
      })
    return { epoch: epoch.number, salt, releaseId: release.id }
  })

/** 31 bits of the answer's id: the same call samples the same tokens. */
const seedOf = (id: string): number => Number.parseInt(sha256Hex(id).slice(0, 8), 16) >>> 1

const generate = async (
  context: Context,
  { id, release, question, request }: Asked,
): Promise<Generation & { finish: 'stop' | 'length' }> => {
  const { engine, signal } = context
  const ending = new AbortController()
  let read = false
  // Who has read some of an answer pays for it: then only the node's own end stops it.
  const leave = (): void => {
    if (!read || isInterrupted(signal)) ending.abort(signal?.reason)
  }
  if (signal?.aborted === true) leave()
  signal?.addEventListener('abort', leave)
  try {
    const generation = await engine.generate(
      {
        ...samplingOf(request, seedOf(id)),
        messages: messagesOf(question, request),
        adapter: await checkedAdapter(context, release.adapterHash),
        signal: ending.signal,
      },
      text => {
        read = context.heard
        context.emit({ kind: 'text', text })
      },
    )
    const { finish } = generation
    if (finish !== 'cancelled') return { ...generation, finish }
    throw givenUp()
  } catch (error) {
    if (isInterrupted(signal)) throw signal?.reason
    await refund(context, id)
    throw error
  } finally {
    signal?.removeEventListener('abort', leave)
  }
}

const isInterrupted = (signal: AbortSignal | undefined): boolean =>
  signal?.aborted === true && isFault(signal.reason, 'answer-interrupted')

/** Gives the price of an unanswered question back, once. */
export const refund = (context: Context, id: string): Promise<void> =>
  context.db.tx(async tx => {
    const [answer] = await tx.query<{ account_id: string; epoch: number; price_units: bigint }>(
      `update answers set state = 'refunded' where id = $1 and state = 'paid' returning account_id, epoch, price_units`,
      [id],
    )
    if (answer === undefined || answer.price_units === 0n) return
    await transfer(tx, {
      key: `refund/${id}`,
      from: `income:${answer.epoch}`,
      to: `balance:${answer.account_id}`,
      units: answer.price_units,
      reason: 'refund',
      at: context.clock.now(),
    })
    await record(context, tx, 'answer.refunded', id, { units: answer.price_units })
  })
