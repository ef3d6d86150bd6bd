// Long: one story with everybody in it; in parts nobody would see how it hangs together.
import { z } from 'zod'
import { fault } from '../../infra/errors.ts'
import { silentLog } from '../../infra/log.ts'
import type { Caller, Network } from '../../tools/context.ts'
import { type Verb, verb } from '../../tools/registry.ts'
import type { ProposalStatus } from '../../tools/status.ts'
import { tokens } from '../../tools/terms.ts'
import type { Explained } from '../explanation.ts'
import type { Reply } from '../reply.ts'
import { type Bot, openBot, openSession, type Session } from '../session.ts'
import { ANSWER_ID, explained } from './explained.ts'

export { ANSWER_ID }

/** Verbs with the real names and shapes over a few values in memory, and what was called with which input. */
export interface Story {
  readonly network: Network
  readonly verbs: readonly Verb[]
  readonly calls: { verb: string; input: unknown; accountId: string | null }[]
  readonly proposals: ProposalStatus[]
  balanceUnits: bigint
  notices: { id: string; kind: string; facts: Record<string, unknown>; at: string }[]
  /** What `explain` tells of any answer. */
  explained: Explained
}

export const member: Caller = {
  role: 'member',
  accountId: '018f0000-0000-7000-8000-00000000000a',
  surface: 'test',
}

/** A proposal as `status` tells it: released and serving unless said otherwise. */
export const proposal = (part: Partial<ProposalStatus> = {}): ProposalStatus => ({
  origin: 'voted',
  id: '018f0000-0000-7000-8000-0000000000aa',
  name: 'beekeeping',
  state: 'serving',
  reason: null,
  proposer: 'Ann',
  purpose: 'Answers questions of new beekeepers.',
  dataWanted: 'Questions about hives, with answers.',
  licences: ['CC0-1.0'],
  rowsWanted: 400,
  minimumImprovement: 10,
  split: { contributors: 60, proposer: 15, compute: 10, reviewers: 5, commons: 5, protocol: 5 },
  priceUnits: '50000',
  bondUnits: '25000000',
  bondTx: '0xb0',
  termsHash: 'aa',
  createdAt: '2026-03-01T10:00:00.000Z',
  closesAt: '2026-03-01T10:10:00.000Z',
  gatheringClosedAt: null,
  ballots: 3,
  poll: {
    yesUnits: '300',
    noUnits: '0',
    passed: true,
    root: 'r0',
    tx: '0x01',
    finalAt: '2026-03-01T10:20:00.000Z',
  },
  pledgedUnits: '0',
  pledges: 0,
  rows: { received: 0, accepted: 480, refused: 40, review: 0, withdrawn: 0 },
  contributors: 12,
  snapshot: { rows: 480, root: 'r1', tx: '0x02' },
  run: null,
  evaluation: { rows: 120, baseLoss: 3, adapterLoss: 2, passed: true, reason: null },
  release: { version: 1, tx: '0x03', at: '2026-03-01T11:00:00Z' },
  answers: 0,
  mine: { proposer: false, choice: null, weightUnits: '0' },
  ...part,
})

/** A network in which only the idempotency table exists, empty: enough for verbs that keep their values in memory. */
const memoryNetwork = (): Network => {
  const db = {
    query: async () => [],
    tx: async (work: (tx: unknown) => Promise<unknown>) => work(db),
    afterCommit: (work: () => void) => work(),
  }
  return { db, log: silentLog, clock: { now: () => new Date(), offsetMs: 0 } } as unknown as Network
}

/** Opens a story; `parts` are its proposals. */
export const openStory = (parts: Partial<ProposalStatus>[] = [{}]): Story => {
  const story: Story = {
    network: memoryNetwork(),
    calls: [],
    proposals: parts.map(proposal),
    balanceUnits: 1_000_000n,
    notices: [],
    explained: explained(),
    verbs: [],
  }
  const note = (name: string, caller: Caller, input: unknown) =>
    story.calls.push({ verb: name, input, accountId: caller.accountId })
  const row = z.object({
    question: z.string().min(1),
    answer: z.string().min(1),
    licence: z.string().optional(),
  })
  const verbs: Verb[] = [
    verb({
      name: 'join',
      summary: 'Open an account.',
      who: ['anyone'],
      effect: 'write',
      input: z.object({ name: z.string(), platform: z.string(), subject: z.string() }),
      output: z.object({ accountId: z.string() }),
      run: async ({ caller }, input) => {
        note('join', caller, input)
        return { accountId: `account-of-${input.platform}-${input.subject}` }
      },
    }),
    verb({
      name: 'status',
      summary: 'Show where everything stands.',
      who: ['anyone', 'member'],
      effect: 'read',
      input: z.object({ proposal: z.string().optional() }),
      output: z.any(),
      run: async (_, input) => ({
        network: {
          at: '2026-03-01T12:00:00.000Z',
          base: 'base',
          engine: {
            device: 'cpu',
            weights: 'float32',
            threads: 2,
            embedding: 'base',
            sessions: 1,
            baseBytes: 2 ** 25,
            packedBytes: 0,
            adapters: 1,
            adapterBytes: 2 ** 20,
            merged: 0,
            mergedBytes: 0,
            serving: {
              running: 0,
              waiting: 0,
              keyValueBytes: 0,
              bankBytes: 0,
              prefixBytes: 0,
              prefixHits: 0,
            },
            processBytes: 2 ** 28,
          },
          accounts: 3,
          answers: 0,
          events: 9,
          anchoredEvents: 4,
          epoch: null,
          paidUnits: '0',
          claimedUnits: '0',
        },
        proposals: story.proposals.filter(
          ({ name }) => input.proposal === undefined || name === input.proposal,
        ),
        me: null,
      }),
    }),
    verb({
      name: 'ask',
      summary: 'Ask a released model.',
      who: ['member'],
      effect: 'money',
      input: z.object({ model: z.string(), question: z.string().min(1) }),
      output: z.any(),
      run: async ({ caller, emit }, input) => {
        note('ask', caller, input)
        if (story.balanceUnits < 50_000n)
          throw fault('insufficient-balance', 'balance:x holds less.', { fix: 'Top up.' })
        for (const text of ['A nuc is ', 'a small hive.']) emit({ kind: 'text', text })
        return {
          answerId: ANSWER_ID,
          question: input.question,
          answer: 'A nuc is a small hive.',
          model: `${input.model.split('@')[0]}@1`,
          receiptId: '018f0000-0000-7000-8000-000000000002',
          priceUnits: '50000',
          balanceUnits: '950000',
          promptTokens: 5,
          answerTokens: 6,
        }
      },
    }),
    verb({
      name: 'explain',
      summary: 'Show whose rows shaped an answer.',
      who: ['member'],
      effect: 'read',
      input: z.object({ answer: z.string().optional() }),
      output: z.any(),
      run: async ({ caller }, input) => {
        note('explain', caller, input)
        return story.explained
      },
    }),
    verb({
      name: 'feedback',
      summary: 'Say whether an answer was good.',
      who: ['member'],
      effect: 'write',
      input: z.object({
        answer: z.string(),
        thumb: z.coerce.number().pipe(z.union([z.literal(1), z.literal(-1)])),
      }),
      output: z.any(),
      run: async ({ caller }, input) => {
        note('feedback', caller, input)
        return {}
      },
    }),
    verb({
      name: 'vote',
      summary: 'Vote on a proposal.',
      who: ['member'],
      effect: 'vote',
      input: z.object({ proposal: z.string(), choice: z.enum(['yes', 'no']) }),
      output: z.any(),
      run: async ({ caller }, input) => {
        note('vote', caller, input)
        return { receiptId: 'r', weightUnits: '5000000', counted: true, closesAt: '2026-03-01T10:10:00.000Z' }
      },
    }),
    verb({
      name: 'deposit',
      summary: 'Move tokens to your balance.',
      who: ['member'],
      effect: 'money',
      input: z.object({ tokens }),
      output: z.any(),
      run: async ({ caller }, input) => {
        note('deposit', caller, input)
        story.balanceUnits += input.tokens
        return { balanceUnits: story.balanceUnits.toString(), tx: '0x04' }
      },
    }),
    verb({
      name: 'contribute',
      summary: 'Give questions and answers.',
      who: ['member'],
      effect: 'write',
      input: z.object({
        proposal: z.string(),
        licence: z.string().max(20).default('CC0-1.0'),
        rights: z.literal(true, { error: 'say that you may give them' }),
        rows: z.array(row).min(1).max(5),
      }),
      output: z.any(),
      run: async ({ caller }, input) => {
        note('contribute', caller, input)
        return {
          submissionId: 's1',
          rows: input.rows.map((_, position) => ({ id: `c${position}`, position, state: 'received' })),
        }
      },
    }),
    verb({
      name: 'notices',
      summary: 'List notices.',
      who: ['member'],
      effect: 'read',
      input: z.object({}),
      output: z.any(),
      run: async () => ({ notices: story.notices }),
    }),
    verb({
      name: 'acknowledge',
      summary: 'Mark notices.',
      who: ['member'],
      effect: 'write',
      input: z.object({ notices: z.array(z.string()) }),
      output: z.any(),
      run: async (_, input) => {
        story.notices = story.notices.filter(({ id }) => !input.notices.includes(id))
        return {}
      },
    }),
    verb({
      name: 'tune',
      summary: 'Order a run.',
      who: ['trainer'],
      effect: 'write',
      input: z.object({ proposal: z.string() }),
      output: z.any(),
      run: async () => ({}),
    }),
  ]
  return Object.assign(story, { verbs })
}

/** A conversation in a story, and what was said in it so far. */
export const openTalk = (
  story: Story,
): { bot: Bot; session: Session; said: Reply[]; say: (reply: Reply) => void; words(): string } => {
  const said: Reply[] = []
  return {
    bot: openBot(story.network, story.verbs),
    session: openSession(member, 'Ann'),
    said,
    say: reply => said.push(reply),
    words: () => said.map(reply => JSON.stringify(reply)).join('\n'),
  }
}
