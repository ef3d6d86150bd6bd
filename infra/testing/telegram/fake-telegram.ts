import { fault } from '../../errors.ts'
import { Activity, type BotCall, type SettleOptions, type WaitOptions } from './activity.ts'
import { Call } from './call.ts'
import { FaultBook } from './faults.ts'
import { FakeGroup, type GroupOptions, type Place } from './group.ts'
import type { FakeMessage } from './message.ts'
import { FakePerson } from './person.ts'
import { REAL_LIMITS, type SendLimits, SendMeter } from './send-limits.ts'
import { ApiServer } from './server.ts'
import { readSpecification } from './specification.ts'
import { transcriptOf } from './transcript.ts'
import { UpdateQueue } from './update-queue.ts'
import { Webhook } from './webhook.ts'
import { World } from './world.ts'

export type { BotCall, SettleOptions, WaitOptions } from './activity.ts'
export type { FaultKind, FaultMix, FaultRule } from './faults.ts'
export type { FakeGroup, FakeTopic, GroupOptions, Place } from './group.ts'
export type { FakeMessage, StoredFile } from './message.ts'
export type { FakePerson, Press, PressAnswer, SayOptions, SentDocument } from './person.ts'

export interface FakeTelegramOptions {
  /** The bot's token; a made-up one unless told. */
  readonly token?: string
  /** First name of the bot; `Tributary` unless told. */
  readonly botName?: string
  /** Without the @; `tributary_bot` unless told. */
  readonly username?: string
  /** Whether groups let the bot hear only what is meant for it; true unless told, as for new bots. */
  readonly privacy?: boolean
  /** 429 where the bot writes too fast: true for the platform's own limits. Off unless told. */
  readonly limits?: boolean | Partial<SendLimits>
  /** Milliseconds since 1970; the real clock unless told. */
  readonly now?: () => number
  /** Milliseconds before a webhook that failed is tried again, doubled each time to a second; 20 unless told. */
  readonly webhookRetryMilliseconds?: number
}

/** Telegram for one bot, on 127.0.0.1. */
export interface FakeTelegram {
  /** For grammY: `new Bot(fake.token, { client: { apiRoot: fake.url } })`. Files: `${url}/file/bot${token}/${file_path}`. */
  readonly url: string
  readonly token: string
  readonly faults: FaultBook
  /** Every call that came to its end, in order. */
  readonly calls: readonly BotCall[]
  /** What broke the Bot API's description, or left a press unanswered. Reading it takes note: then `close` does not throw. */
  readonly violations: readonly string[]
  person(name: string, options?: { language?: string }): FakePerson
  group(name: string, options?: GroupOptions): FakeGroup
  /** The messages that stand in a chat or topic, oldest first; deleted ones only where asked for. */
  messages(place: Place, options?: { from?: 'bot' | 'people'; deleted?: boolean }): FakeMessage[]
  /** The bot's newest message in a chat or topic; throws where there is none. */
  last(place: Place): FakeMessage
  /** Waits until no call is open, every update is confirmed and the bot has been silent for `idle` milliseconds. */
  settled(options?: SettleOptions): Promise<void>
  /** The next call of the bot from now on that a predicate holds for. */
  next(predicate: (call: BotCall) => boolean, options?: WaitOptions): Promise<BotCall>
  /** Waits until a condition gives something; it is asked again after every call. */
  until<T>(condition: () => T | undefined | false, options?: WaitOptions): Promise<T>
  /** Calls by method. */
  counts(): Record<string, number>
  transcript(place: Place): string
  /** Ends every connection. Throws `telegram-violations` where there are some that nobody read. */
  close(): Promise<void>
}

/** Opens a fake Telegram that an unmodified grammY bot can be pointed at. Without TRIBUTARY_SPECS calls are not checked. */
export const openFakeTelegram = async (options: FakeTelegramOptions = {}): Promise<FakeTelegram> => {
  const { token = '123456:AAfake-token-of-a-bot-that-is-nowhere', privacy = true, now = Date.now } = options
  const faults = new FaultBook()
  const violations: string[] = []
  let read = false
  const specification = readSpecification()
  const activity: Activity = new Activity(() => [
    ...(queue.length === 0 ? [] : [`${queue.length} updates unconfirmed`]),
    ...(webhook.inFlight === 0 ? [] : [`${webhook.inFlight} updates on their way`]),
  ])
  const queue = new UpdateQueue(faults, () => activity.stir())
  const world = new World({
    botName: options.botName ?? 'Tributary',
    username: options.username ?? 'tributary_bot',
    privacy,
    now,
    queue,
  })
  const limits = typeof options.limits === 'object' ? { ...REAL_LIMITS, ...options.limits } : REAL_LIMITS
  const server = new ApiServer({
    token,
    world,
    queue,
    webhook: () => webhook,
    faults,
    activity,
    meter: options.limits === undefined || options.limits === false ? undefined : new SendMeter(limits, now),
    specification,
    violation: sentence => violations.push(sentence),
  })
  const stir = () => activity.stir()
  const webhook = new Webhook(queue, options.webhookRetryMilliseconds ?? 20, stir, async (method, fields) => {
    await server.run(new Call(method, { fields, files: new Map() }), new AbortController().signal)
  })
  const url = await server.listen()

  const unanswered = (): string[] =>
    [...world.presses.keys()].map(id => `The press ${id} was never answered with answerCallbackQuery.`)
  const messages: FakeTelegram['messages'] = ({ room, thread }, { from, deleted = false } = {}) =>
    [...room.messages.values()].filter(
      message =>
        (deleted || !message.deleted) &&
        (thread === undefined || message.thread === thread) &&
        (from === undefined || message.fromBot === (from === 'bot')),
    )

  return {
    url,
    token,
    faults,
    calls: activity.calls,
    get violations() {
      read = true
      return [...violations, ...unanswered()]
    },
    person: (name, { language } = {}) => new FakePerson(world, name, language),
    group: (name, group = {}) => new FakeGroup(world, name, group, privacy),
    messages,
    last: place => {
      const last = messages(place, { from: 'bot' }).at(-1)
      if (last !== undefined) return last
      throw fault('telegram-no-message', 'The bot has said nothing there.', {
        fix: 'Wait for settled(), then look at calls.',
        facts: { calls: JSON.stringify(activity.counts()) },
      })
    },
    settled: wait => activity.settled(wait),
    next: (predicate, wait) => activity.next(predicate, wait),
    until: (condition, wait) => activity.until(condition, wait),
    counts: () => activity.counts(),
    transcript: transcriptOf,
    close: async () => {
      webhook.close()
      queue.close()
      await server.close()
      const all = [...violations, ...unanswered()]
      if (read || all.length === 0) return
      throw fault('telegram-violations', `The bot broke the Bot API ${all.length} times: ${all[0]}`, {
        fix: 'Mend the calls, or read fake.violations where they are meant.',
        facts: { all: all.join('\n') },
      })
    },
  }
}
