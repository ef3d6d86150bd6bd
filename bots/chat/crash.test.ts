import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Database } from '../../infra/db.ts'
import { openTestDatabase, type TestDatabase } from '../../infra/testing/database.ts'
import { type Verb, verb } from '../../tools/registry.ts'
import { networkOn, openPaperDesk, type PaperDesk } from '../testing/paper-desk.ts'
import { line, openPaper, press } from '../testing/paper-platform.ts'
import { ANSWER_ID, openStory } from '../testing/story.ts'

let opened: TestDatabase
beforeAll(async () => {
  opened = await openTestDatabase()
})
afterAll(() => opened.remove())

/** A process that dies at its nth step: from then on nothing that it began comes back to it. */
const mortality = (at: number) => {
  let steps = 0
  let die = () => {}
  const dead = new Promise<void>(resolve => {
    die = resolve
  })
  const step = async (): Promise<void> => {
    if (steps++ >= at) {
      die()
      await new Promise(() => {})
    }
  }
  return {
    dead,
    step,
    steps: () => steps,
    /** The same thing, for as long as the process lives: it may die before and after each call. */
    mortal: <T extends object>(thing: T, ...names: (keyof T)[]): T => {
      const copy = Object.create(thing) as T
      for (const name of names)
        Object.assign(copy, {
          [name]: async (...input: unknown[]) => {
            await step()
            const result = await (thing[name] as (...input: unknown[]) => Promise<unknown>).apply(
              thing,
              input,
            )
            await step()
            return result
          },
        })
      return copy
    },
  }
}

/** A story in which asking is a real call: it costs once, however often it is repeated. */
const openPaid = (db: Database) => {
  const story = openStory()
  const asked: string[] = []
  const ask = verb({
    name: 'ask',
    summary: 'Ask a released model.',
    who: ['member'],
    effect: 'money',
    input: z.object({ model: z.string(), question: z.string() }),
    output: z.any(),
    run: async ({ emit, commit, key }) => {
      for (const text of ['A nuc is ', 'a small ', 'hive. ']) emit({ kind: 'text', text })
      return commit(async () => {
        asked.push(key)
        return {
          answerId: ANSWER_ID,
          answer: 'A nuc is a small hive.',
          model: 'beekeeping@1',
          receiptId: 'r',
          priceUnits: '50000',
          balanceUnits: '950000',
        }
      })
    },
  })
  const verbs: Verb[] = story.verbs.map(known => (known.name === 'ask' ? ask : known))
  return { network: networkOn(db, story), verbs, asked }
}

/** Two lines of one person, answered by a process that dies at a step, and after it by one that does not. */
const tellWithDeath = async (subject: string, at: number) => {
  const life = mortality(at)
  const paper = openPaper()
  /** Asks, and presses Yes under what comes of it. */
  const say = async ({ desk, button }: PaperDesk): Promise<void> => {
    await desk.receive(line('What is a nuc?', { subject, key: `${subject}/1` }))
    await desk.idle()
    await desk.receive(press(button('Yes'), { subject, key: `${subject}/2` }))
    await desk.idle()
  }
  const first = openPaid(life.mortal(opened.database, 'query', 'tx'))
  const doomed = openPaperDesk(first.network, first.verbs, { paper: life.mortal(paper, 'answer', 'post') })
  const whole = (async () => {
    await say(doomed)
    await doomed.desk.stop()
    return true
  })()
  const survived = await Promise.race([whole, life.dead.then(() => false)])
  const second = openPaid(opened.database)
  if (!survived) {
    const next = openPaperDesk(second.network, second.verbs, { paper })
    await say(next)
    await next.desk.stop()
  }
  return { survived, steps: life.steps(), paper, calls: [...first.asked, ...second.asked] }
}

const shown = ({ paper }: Awaited<ReturnType<typeof tellWithDeath>>) =>
  paper.messages.map(message => ({
    words: paper.read(message),
    labels: message.view.buttons.map(({ label }) => label),
    final: message.view.final,
  }))

describe('a process that dies between an update and its answer', () => {
  it('leaves exactly one answer of the same words to each, wherever it dies', async () => {
    const whole = await tellWithDeath('nobody', Number.POSITIVE_INFINITY)
    const expected = shown(whole)
    expect(whole.survived).toBe(true)
    expect(expected).toHaveLength(2)
    expect(expected[1]?.words).toContain('A nuc is a small hive.')
    let deaths = 0
    for (let at = 0; at < whole.steps; at++) {
      const told = await tellWithDeath(`person-${at}`, at)
      if (!told.survived) deaths++
      expect(shown(told), `died at step ${at}`).toEqual(expected)
      expect(new Set(told.calls).size, `paid once, died at step ${at}`).toBe(1)
    }
    expect(deaths).toBeGreaterThan(40)
  })
})
