import { setTimeout as after } from 'node:timers/promises'
import type { Database } from '../../infra/db.ts'
import type { Speaker, Stage } from './stage.ts'

/** Budgets that no test uses up. */
export const manyBudgets = { personMinute: 1e6, personDay: 1e6, communityDay: 1e6 }

/** Waits at most 20 ms: retries of a test follow one another without taking all the processor. */
export const shortPause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  after(Math.min(milliseconds, 20), undefined, { signal })

/** Updates of a platform that nobody answered yet. */
export const waitingOn = async (db: Database, platform: string): Promise<number> => {
  const [row] = await db.query<{ count: bigint }>(
    'select count(*) from chat_updates where platform = $1 and done_at is null',
    [platform],
  )
  return Number(row?.count)
}

/** A line that was said and what its reply must tell. */
interface Said {
  readonly line: string
  readonly reply: RegExp
}

/** Somebody who says a line, waits for the reply, and says the next one; and what was said and paid so far. */
export class Talker {
  readonly said: Said[] = []
  /** What the lines so far must have paid for. */
  readonly owed: string[] = []
  private readonly stage: Stage
  private readonly speaker: Speaker
  private readonly number: number
  private round = 0

  constructor(stage: Stage, number: number) {
    this.stage = stage
    this.number = number
    this.speaker = stage.person(`P${number}`)
  }

  /** Letters and digits only: no platform's markup changes them. */
  private mark(): string {
    return `bee${this.number}no${this.said.length}end`
  }

  private remark(): () => void {
    const mark = this.mark()
    this.said.push({ line: mark, reply: new RegExp(mark) })
    return this.speaker.say(mark)
  }

  private async replied(): Promise<void> {
    const count = this.said.length
    await this.stage.until(() => this.speaker.heard().length >= count)
  }

  /** One round of talk: a remark, a question, a deposit behind a button, three lines at once, and one that is deleted. */
  async talk(): Promise<void> {
    this.remark()
    await this.replied()
    const question = `What is ${this.mark()}?`
    this.owed.push(question)
    if (this.round === 0) {
      this.said.push({ line: question, reply: /beekeeping/ })
      this.speaker.say(question)
      await this.replied()
      await this.stage.until(() => this.speaker.heard().at(-1)?.buttons.includes('Yes') === true)
      this.said.push({ line: '', reply: new RegExp(`About.*${question.slice(8, -1)}`) })
      this.speaker.press('Yes')
    } else {
      this.said.push({ line: question, reply: new RegExp(`About.*${question.slice(8, -1)}`) })
      this.speaker.say(question)
    }
    await this.replied()
    const amount = this.number * 20 + this.round + 1
    this.owed.push(`${amount * 1_000_000} units`)
    this.said.push({ line: `/deposit ${amount}`, reply: new RegExp(`Move ${amount} tokens`) })
    this.speaker.say(`/deposit ${amount}`)
    await this.replied()
    await this.stage.until(() => this.speaker.heard().at(-1)?.buttons.includes('Yes') === true)
    this.said.push({ line: '', reply: new RegExp(`balance is ${amount} tokens`) })
    this.speaker.press('Yes')
    await this.replied()
    for (let sent = 0; sent < 3; sent++) this.remark()
    await this.replied()
    const remove = this.remark()
    remove()
    await this.replied()
    this.round++
  }

  /** Says something and blocks the bot before it can answer. */
  sayAndBlock(): void {
    this.speaker.say('nobody will hear of this')
    this.speaker.block()
  }

  unblock(): void {
    this.speaker.unblock()
  }

  /** What is wrong with the replies: nothing missing, doubled, or out of order but where the bot was told so. */
  faults(): string[] {
    const heard = this.speaker.heard().map(({ text }) => text.replace(/[\u200B\u2060\\*]/g, ''))
    const wrong: string[] = []
    if (heard.length !== this.said.length)
      wrong.push(`${heard.length} replies to ${this.said.length} lines: ${heard.join(' | ')}`)
    const order = this.said.map(({ reply }) => heard.findIndex(text => reply.test(text)))
    const told = this.stage.told(this.speaker.subject)
    for (const [at, { line, reply }] of this.said.entries()) {
      const count = heard.filter(text => reply.test(text)).length
      if (count < 1 || (isRemark(line) && count > 1)) wrong.push(`"${line}" has ${count} replies`)
      for (const [later, { line: other }] of this.said.entries()) {
        if (later <= at || (order[later] ?? 0) >= (order[at] ?? 0)) continue
        // Of what was said at once, the bot answers first what it was told first.
        const excused = isRemark(line) && isRemark(other) && told.indexOf(line) > told.indexOf(other)
        if (!excused) wrong.push(`"${other}" is answered before "${line}": ${heard.join(' | ')}`)
      }
    }
    return wrong
  }
}

const isRemark = (line: string): boolean => line.startsWith('bee')
