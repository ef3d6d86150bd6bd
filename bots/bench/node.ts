import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { startAgents } from '../../agents/agents.ts'
import { openConcierge } from '../../agents/concierge.ts'
import { readSettings } from '../../infra/env.ts'
import { silentLog } from '../../infra/log.ts'
import { atRate, type Spread, spreadOf, within } from '../../infra/testing/figures.ts'
import { openNetwork } from '../../tools/network.ts'
import { verbs } from '../../tools/verbs.ts'
import { openBot } from '../session.ts'
import { readTourData } from '../tour/data.ts'
import { contributeRows, proposeModel, voteOnIt } from '../tour/gathering.ts'
import { freezeAndTune } from '../tour/making.ts'
import { peopleOf } from '../tour/people.ts'
import type { Tour } from '../tour/tour.ts'
import type { BenchChat } from './chat.ts'
import { openDiscordChat } from './discord-chat.ts'
import { openTelegramChat } from './telegram-chat.ts'

export interface Figure {
  readonly what: string
  readonly spread: Spread
}

export interface NodeFigures {
  /** From what a person does to our first call about it. */
  readonly acknowledgements: readonly Figure[]
  readonly trainingSeconds: number
  readonly tokensPerSecond: number
  /** From a question to the first message that shows part of its answer. */
  readonly firstTokens: readonly Figure[]
}

const sample = resolve(import.meta.dirname, '../../infra/samples/beekeepers')
/** What people do a second, on both platforms together, while the trainer trains. */
const ACTS = 10
const QUESTIONS = 20
/** Seconds for one answer of a busy machine. */
const PATIENCE = 60

/**
 * A whole node in a temporary folder, as it is started by people: embedded chain and database, agents, the shipped base. The
 * sample is contributed and its trainer trains; meanwhile acknowledgements are measured, and with the released adapter
 * first tokens, by the verb `ask` itself. Measuring and settling that the agents do by themselves go on beside it.
 */
export const measureNode = async (say: (text: string) => void): Promise<NodeFigures> => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-bench-'))
  const { network, close } = await openNetwork(
    readSettings({
      ...process.env,
      TRIBUTARY_DATA: join(folder, 'data'),
      DATABASE_URL: '',
      TRIBUTARY_BASE: '',
    }),
  )
  const agents = await startAgents(network)
  const chats: BenchChat[] = []
  try {
    const data = await readTourData(sample, sample)
    let trains: () => void = () => {}
    const training = new Promise<void>(done => {
      trains = done
    })
    const screen = { step: () => {}, line: () => {}, progress: () => trains() }
    const people = peopleOf(network, 'bench')
    const tour: Tour = { network, screen, people, data, bad: [], questions: 0, model: data.name }
    say('a node: the sample is proposed, voted on and contributed ...')
    await proposeModel(tour)
    await voteOnIt(tour)
    await contributeRows(tour)
    const bot = openBot(network, verbs, await openConcierge({ network, verbs, chatModel: null }))
    for (const open of [openDiscordChat, openTelegramChat])
      chats.push(await open({ network, bot, log: silentLog }))
    const greeted = await Promise.all(chats.map(greet))
    say('its trainer trains ...')
    const ended = new AbortController()
    const tuned = freezeAndTune(tour).finally(() => ended.abort())
    await Promise.race([training, tuned])
    const acknowledgements = await measureAcknowledgements(chats, greeted, ended.signal)
    const { run } = await tuned
    const firstTokens: Figure[] = []
    for (const [at, chat] of chats.entries()) {
      const asker = greeted[at]?.[0]
      if (asker === undefined) continue
      say(`${QUESTIONS} questions on ${chat.name} ...`)
      const questions = data.evaluation.slice(at * QUESTIONS, (at + 1) * QUESTIONS)
      const asked = questions.map(({ question }) => question)
      firstTokens.push(await measureFirstTokens(chat, asker, asked))
    }
    return {
      acknowledgements,
      trainingSeconds: Math.round(run.seconds),
      tokensPerSecond: Math.round(run.tokensPerSecond),
      firstTokens,
    }
  } finally {
    for (const chat of chats) await chat.close()
    await agents.stop()
    await close()
    await rm(folder, { recursive: true, force: true })
  }
}

type Person = ReturnType<BenchChat['person']>

const answersOf = (person: Person, count: number): Promise<boolean> =>
  within(PATIENCE, () => person.heard().length >= count)

/** People with an account, who were answered once. */
const greet = async (chat: BenchChat): Promise<Person[]> => {
  const people = Array.from({ length: 10 }, (_, at) => chat.person(`B${at}`))
  for (const person of people) person.say('/help')
  for (const person of people) await answersOf(person, 1)
  return people
}

const measureAcknowledgements = async (
  chats: readonly BenchChat[],
  people: readonly (readonly Person[])[],
  signal: AbortSignal,
): Promise<Figure[]> => {
  const kinds = chats.flatMap(({ name }) => [`${name}: button or slash command`, `${name}: line`])
  const spans = new Map<string, number[]>(kinds.map(kind => [kind, []]))
  const open = new Map<string, { at: number; kind: string }>()
  for (const chat of chats)
    chat.listen(({ key }) => {
      const began = open.get(`${chat.name}/${key}`)
      if (began === undefined) return
      open.delete(`${chat.name}/${key}`)
      spans.get(began.kind)?.push(performance.now() - began.at)
    })
  await atRate({ rate: ACTS, seconds: 600, signal }, number => {
    const which = number % chats.length
    const chat = chats[which]
    const round = Math.floor(number / chats.length)
    const own = people[which] ?? []
    const person = own[Math.floor(round / 2) % own.length]
    if (chat === undefined || person === undefined) return
    const at = performance.now()
    if (round % 2 === 0) open.set(`${chat.name}/${person.interact()}`, { at, kind: kinds[2 * which] ?? '' })
    else if (!open.has(`${chat.name}/${person.key}`)) {
      open.set(`${chat.name}/${person.key}`, { at, kind: kinds[2 * which + 1] ?? '' })
      person.say('/help')
    }
  })
  await within(PATIENCE, () => open.size === 0)
  for (const chat of chats) chat.listen(() => {})
  // What was never acknowledged counts as late as it can be.
  for (const { at, kind } of open.values()) spans.get(kind)?.push(performance.now() - at)
  return kinds.map(what => ({ what: `acknowledgement, ${what}`, spread: spreadOf(spans.get(what) ?? []) }))
}

const measureFirstTokens = async (
  chat: BenchChat,
  person: Person,
  questions: readonly string[],
): Promise<Figure> => {
  await chat.idle()
  const after = async (act: () => void): Promise<void> => {
    const count = person.heard().length
    act()
    await answersOf(person, count + 1)
    await chat.idle()
  }
  await after(() => person.say('/deposit 20'))
  await after(() => person.press('Yes'))
  // The first question has its price confirmed; later ones are asked at once.
  await after(() => person.say(questions[0] ?? ''))
  await after(() => person.press('Yes'))
  const spans: number[] = []
  for (const question of questions.slice(1)) {
    let first: number | null = null
    const began = performance.now()
    chat.listen(({ key, text }) => {
      if (key === person.key && text !== '') first ??= performance.now() - began
    })
    await after(() => person.say(question))
    if (first !== null) spans.push(first)
  }
  chat.listen(() => {})
  return { what: `first token, ${chat.name}, released sample adapter`, spread: spreadOf(spans) }
}
