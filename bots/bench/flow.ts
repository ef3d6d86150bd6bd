import { silentLog } from '../../infra/log.ts'
import { openTestDatabase } from '../../infra/testing/database.ts'
import { atRate, type Spread, spreadOf, watchMemory, within } from '../../infra/testing/figures.ts'
import { openBot } from '../session.ts'
import { networkOn } from '../testing/paper-desk.ts'
import { openStory } from '../testing/story.ts'
import type { BenchChat, BenchParts } from './chat.ts'

/** What became of an even flow of lines on one platform. */
export interface Flow {
  readonly platform: string
  readonly sent: number
  /** Answered lines a second, from the first line to the last answer. */
  readonly perSecond: number
  /** From what a person did to the message that answers it. */
  readonly latency: Spread
  readonly lost: number
  readonly doubled: number
  /** Chats in which answers stand in another order than the lines. */
  readonly disordered: number
  readonly memory: { readonly mostMiB: number; readonly lastMiB: number; readonly heapMiB: number }
}

const PEOPLE = 200
/** Seconds that the last answers may take. */
const PATIENCE = 60

/** Lets people write lines at an even rate and looks for every answer: each once, in the order of its chat. */
export const measureFlow = async (
  open: (parts: BenchParts) => Promise<BenchChat>,
  { seconds, rate }: { seconds: number; rate: number },
): Promise<Flow> => {
  const { database, remove } = await openTestDatabase()
  const story = openStory()
  const network = networkOn(database, story)
  const chat = await open({ network, bot: openBot(network, story.verbs), log: silentLog })
  const memory = watchMemory()
  try {
    const people = Array.from({ length: PEOPLE }, (_, at) => chat.person(`P${at}`))
    const sentAt = new Map<string, number>()
    const latencies: number[] = []
    chat.listen(({ text }) => {
      const [mark = ''] = /line\d+end/.exec(text) ?? []
      const at = sentAt.get(mark)
      if (at === undefined) return
      sentAt.delete(mark)
      latencies.push(performance.now() - at)
    })
    const began = performance.now()
    const sent = await atRate({ rate, seconds }, number => {
      const mark = `line${number}end`
      sentAt.set(mark, performance.now())
      people[number % PEOPLE]?.say(mark)
    })
    await within(PATIENCE, () => sentAt.size === 0)
    const took = (performance.now() - began) / 1000
    await chat.idle()
    let [lost, doubled, disordered] = [0, 0, 0]
    for (const [at, person] of people.entries()) {
      const heard = person.heard().flatMap(text => /line(\d+)end/.exec(text)?.[1] ?? [])
      const numbers = heard.map(Number)
      const wanted = Math.max(0, Math.ceil((sent - at) / PEOPLE))
      const different = new Set(numbers).size
      lost += wanted - different
      doubled += numbers.length - different
      if (numbers.some((number, place) => number < (numbers[place - 1] ?? 0))) disordered++
    }
    return {
      platform: chat.name,
      sent,
      perSecond: Math.round((10 * latencies.length) / took) / 10,
      latency: spreadOf(latencies),
      lost,
      doubled,
      disordered,
      memory: memory(),
    }
  } finally {
    memory()
    await chat.close()
    await remove()
  }
}
