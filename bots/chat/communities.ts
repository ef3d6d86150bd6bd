import { createHash } from 'node:crypto'
import { call } from '../../tools/registry.ts'
import type { ProposalStatus } from '../../tools/status.ts'
import { type Reply, text } from '../reply.ts'
import type { Sentences } from '../sentences.ts'
import { readCard } from './cards.ts'
import { openPatience } from './patience.ts'
import type { Outcome, Place } from './platform.ts'
import { chatSentences } from './session-json.ts'
import { type CommunitySettings, readSettings } from './settings.ts'
import { shownOf } from './shown.ts'
import { compose, draftOf } from './view.ts'
import type { Workplace } from './workplace.ts'

/** What a digest told last: the day, and each model with its state then. */
interface Digest {
  readonly day: string
  readonly states: Readonly<Record<string, string>>
}

/** Keeps communities up to date: a thread with a card for each new proposal, and a digest a day where there is news. */
export interface CommunityDesk {
  /** Does what is due now, each community by itself. Throws faults of the database; what was done is not done again. */
  look(): Promise<void>
}

export const openCommunityDesk = (place: Workplace): CommunityDesk => {
  const { bot, chats, platform } = place
  // What this process saw done; after a restart each is looked up once.
  const threaded = new Set<string>()
  const patience = openPatience('chat.community', () => bot.network.clock.now(), place.log)

  const readProposals = async (): Promise<ProposalStatus[]> => {
    const verb = bot.verb('status')
    if (verb === undefined) return []
    const caller = { role: 'anyone', accountId: null, surface: platform.name } as const
    return ((await call(bot.network, caller, verb, {})) as { proposals: ProposalStatus[] }).proposals
  }

  /** Posts a message that has a name, once. */
  const postOnce = async (
    to: Place,
    name: string,
    replies: readonly Reply[],
    say: Sentences,
  ): Promise<{ nonce: string; outcome: Outcome | null }> => {
    const nonce = createHash('sha256').update(name).digest('base64url').slice(0, 22)
    const tried = await chats.trying({ nonce, platform: platform.name, place: to.chat })
    if (tried.state === 'gone') return { nonce, outcome: null }
    const { view, buttons } = compose(draftOf(replies), {
      nonce,
      subject: null,
      private: false,
      platform,
      say,
    })
    await chats.keepButtons(platform.name, nonce, buttons)
    const outcome = await platform.post({ place: to }, view, shownOf(tried, nonce))
    await chats.shown(nonce, outcome.kind === 'shown' ? outcome.message : null, outcome.kind)
    return { nonce, outcome }
  }

  const openThread = async (
    channel: Place & { readonly community: string },
    proposal: ProposalStatus,
    say: Sentences,
  ): Promise<void> => {
    const { community } = channel
    const name = `thread/${platform.name}/${community}/${proposal.id}`
    if (threaded.has(name)) return
    if ((await chats.thread(platform.name, community, proposal.id)) === null) {
      const card = { verb: 'status', input: { proposal: proposal.name } }
      const now = await readCard(bot, platform.name, card, say)
      if (now === null) return
      const thread = await platform.thread(channel, proposal.name)
      const { nonce, outcome } = await postOnce(thread, name, now.replies, say)
      if (outcome?.kind === 'shown')
        await chats.keepCard(platform.name, { ...card, nonce, place: thread, hash: now.hash }, null)
      await chats.keepThread(platform.name, community, proposal.id, thread)
    }
    threaded.add(name)
  }

  const tellDigest = async (
    channel: Place & { readonly community: string },
    kept: Digest | null,
    proposals: readonly ProposalStatus[],
    say: Sentences,
  ): Promise<void> => {
    const day = bot.network.clock.now().toISOString().slice(0, 10)
    if (kept?.day === day) return
    const states = Object.fromEntries(proposals.map(proposal => [proposal.name, stateOf(proposal, say)]))
    const news = Object.entries(states).filter(
      ([name, state]) => kept !== null && kept.states[name] !== state,
    )
    if (news.length > 0) {
      const lines = news.map(([name, state]) => say.chatting.digestLine(name, state))
      const replies = [text([say.chatting.digestTitle(day), ...lines].join('\n'))]
      await postOnce(channel, `digest/${platform.name}/${channel.community}/${day}`, replies, say)
    }
    await chats.setDigest(platform.name, channel.community, { day, states } satisfies Digest)
  }

  const lookAt = async (
    community: string,
    settings: CommunitySettings,
    digest: unknown,
    proposals: readonly ProposalStatus[],
  ): Promise<void> => {
    const say = chatSentences([settings.language ?? undefined], true)
    const channel = { platform: platform.name, chat: settings.channel ?? '', community }
    for (const proposal of proposals)
      if (proposal.createdAt >= settings.since) await openThread(channel, proposal, say)
    await tellDigest(channel, readDigest(digest), proposals, say)
  }

  return {
    look: async () => {
      const communities = await chats.communities(platform.name)
      if (communities.length === 0) return
      const proposals = await readProposals()
      for (const { community, settings: kept, digest } of communities) {
        const settings = readSettings(kept)
        if (settings?.channel == null) continue
        // What the admins chose is part of the name: another channel is tried anew.
        const name = `${community} ${settings.channel} ${settings.since}`
        await patience.attempt(name, () => lookAt(community, settings, digest, proposals))
      }
    },
  }
}

const stateOf = ({ state, release }: ProposalStatus, say: Sentences): string =>
  say.chatting.digestState(say.states[state] ?? state, release?.version ?? null)

const readDigest = (kept: unknown): Digest | null =>
  typeof kept === 'object' && kept !== null && 'day' in kept ? (kept as Digest) : null
