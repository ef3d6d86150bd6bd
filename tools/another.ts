import { z } from 'zod'
import { sha256Hex } from '../infra/canonical.ts'
import { fault } from '../infra/errors.ts'
import { withLease } from '../infra/leases.ts'
import { checkedAdapter } from './adapter.ts'
import { type AskRequest, messagesOf } from './ask-request.ts'
import type { Context } from './context.ts'
import { findAccount, findReleaseById, type Release } from './find.ts'
import { limits } from './limits.ts'
import { record } from './record.ts'
import { verb } from './registry.ts'

/** Second answers that one person may have made in 24 hours: they are free, and each costs as much work as a paid one. */
const PER_DAY = 20
const DAY_SECONDS = 86_400
/** Warm enough that two answers differ, cool enough that both are worth comparing. */
const sampling = { temperature: 0.8, topP: 0.95, repetitionPenalty: 1.1 }
/** A model that is sure of its words gives the same ones again. */
const ATTEMPTS = 3

/**
 * Makes a second answer to a question of the caller's, to be compared with the first by `prefer`: free, once a question,
 * twenty a day. It carries no receipt and pays nobody. Throws `answer-unknown`, `comparisons-spent`, `answers-alike`.
 */
export const another = verb({
  name: 'another',
  summary: 'Get a second answer to a question of yours for free, to say which is better.',
  who: ['member'],
  effect: 'write',
  input: z.object({ answer: z.string().describe('the id of an answer of yours') }),
  output: z.object({
    answerId: z.string(),
    model: z.string(),
    question: z.string(),
    first: z.string(),
    second: z.string(),
  }),
  async run(context, input) {
    const account = await findAccount(context.db, context.caller.accountId)
    const [asked] = await context.db.query<Asked>(
      `select w.id, w.release_id, w.question, w.request, w.answer, v.answer as second from answers w left join alternatives v on v.answer_id = w.id
       where w.id::text = $1 and w.account_id = $2 and w.state = 'answered'`,
      [input.answer.trim().toLowerCase(), account.id],
    )
    if (asked === undefined)
      throw fault('answer-unknown', 'You have no such answer.', {
        fix: 'Compare an answer of your own; /account lists what you asked.',
      })
    const release = await findReleaseById(context.db, asked.release_id)
    const told = {
      answerId: asked.id,
      model: `${release.name}@${release.version}`,
      question: asked.question,
      first: asked.answer,
    }
    const { second } = asked
    if (second !== null) return context.commit(async () => ({ ...told, second }))
    // One at a time a person, so that the day's budget is one.
    return withLease(context.db, context.clock, `another/${account.id}`, 120, async () => {
      await refuseSpent(context, account.id)
      const made = await generate(context, release, asked)
      return context.commit(async tx => {
        const [kept] = await tx.query<{ answer: string }>(
          `insert into alternatives (answer_id, account_id, answer, seed, tokens, made_at) values ($1, $2, $3, $4, $5, $6)
           on conflict (answer_id) do update set answer_id = excluded.answer_id returning answer`,
          [asked.id, account.id, made.text, made.seed, made.tokens, context.clock.now()],
        )
        await record(context, tx, 'alternative.made', asked.id, { tokens: made.tokens })
        return { ...told, second: kept?.answer ?? made.text }
      })
    })
  },
})

interface Asked {
  readonly id: string
  readonly release_id: string
  readonly question: string
  readonly request: AskRequest | null
  readonly answer: string
  readonly second: string | null
}

const refuseSpent = async ({ db, clock }: Context, accountId: string): Promise<void> => {
  const since = new Date(clock.now().getTime() - DAY_SECONDS * 1000)
  const [made] = await db.query<{ count: number }>(
    'select count(*)::int as count from alternatives where account_id = $1 and made_at > $2',
    [accountId, since],
  )
  if ((made?.count ?? 0) >= PER_DAY)
    throw fault('comparisons-spent', `You have had ${PER_DAY} second answers within a day.`, {
      fix: 'Compare more tomorrow.',
    })
}

const generate = async (context: Context, release: Release, asked: Asked) => {
  const adapter = await checkedAdapter(context, release.adapterHash)
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const seed = Number.parseInt(sha256Hex(`another/${asked.id}/${attempt}`).slice(0, 8), 16) >>> 1
    const { text, tokens } = await context.engine.generate({
      messages: messagesOf(asked.question, asked.request),
      adapter,
      maxTokens: limits.answerTokens,
      ...sampling,
      seed,
      ...(context.signal === undefined ? {} : { signal: context.signal }),
    })
    context.signal?.throwIfAborted()
    if (text.trim() !== '' && text.trim() !== asked.answer.trim())
      return { text, tokens: tokens.length, seed }
  }
  throw fault('answers-alike', 'The model gives the same answer again: it is sure of its words.', {
    fix: 'Say with /feedback whether it is a good one.',
  })
}
