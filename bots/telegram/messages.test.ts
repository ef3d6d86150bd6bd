import { Api } from 'grammy'
import { describe, expect, it, onTestFinished } from 'vitest'
import { isFault } from '../../infra/errors.ts'
import { openFakeTelegram } from '../../infra/testing/telegram/fake-telegram.ts'
import type { Shown } from '../chat/platform.ts'
import type { Content } from './content.ts'
import { messageOf } from './ids.ts'
import { openMessages } from './messages.ts'
import { openPacer } from './pace.ts'
import { openSeen } from './seen.ts'

const fresh = (nonce: string): Shown => ({ message: null, others: [], nonce, fresh: true })
const content = (html: string): Content => ({ html, keyboard: undefined })

const open = async () => {
  const fake = await openFakeTelegram()
  onTestFinished(() => fake.close())
  const ann = fake.person('Ann')
  ann.start()
  const api = new Api(fake.token, { apiRoot: fake.url })
  const pacer = openPacer({ perSecond: 1e6, chatBurst: 1e6, groupPerMinute: 1e6 }, async () => {})
  const messages = openMessages({ api, probe: api, pacer, seen: openSeen() })
  return { fake, ann, messages, target: { room: { chat: ann.id }, after: 1 } }
}

describe('a message', () => {
  it('comes as plain text where Telegram cannot parse it, with nothing live in it', async () => {
    const { fake, ann, messages, target } = await open()
    const outcome = await messages.show(target, content('<b>open &amp; see evil.com'), fresh('n'))
    expect(outcome.kind).toBe('shown')
    expect(fake.last(ann).text.replaceAll('\u2060', '')).toBe('open & see evil.com')
    expect(fake.last(ann).entities).toEqual([])
  })

  it('counts as shown where it shows already what it should', async () => {
    const { messages, target } = await open()
    const shown = await messages.show(target, content('the same'), fresh('n'))
    const message = shown.kind === 'shown' ? shown.message : ''
    expect(await messages.show(target, content('the same'), { ...fresh('n'), message })).toEqual(shown)
  })

  it('is gone where the person deleted it or blocked the bot', async () => {
    const { fake, ann, messages, target } = await open()
    const shown = await messages.show(target, content('one'), fresh('n'))
    ann.delete(fake.last(ann))
    const message = shown.kind === 'shown' ? shown.message : ''
    expect(await messages.show(target, content('two'), { ...fresh('n'), message })).toMatchObject({
      kind: 'gone',
    })
    ann.block()
    expect(await messages.show(target, content('three'), fresh('m'))).toMatchObject({ kind: 'gone' })
  })

  it('is found again where the process knows it, though its caller lost it', async () => {
    const { fake, ann, messages, target } = await open()
    await messages.show(target, content('an early view'), fresh('n'))
    await messages.show(target, content('the whole'), { message: null, others: [], nonce: 'n' })
    expect(fake.messages(ann, { from: 'bot' }).map(({ text }) => text)).toEqual(['the whole'])
  })

  it('leaves another message of ours alone while it looks for a lost one', async () => {
    const { fake, ann, messages, target } = await open()
    const other = await messages.show(target, content('another'), fresh('a'))
    const again = openMessages({
      api: new Api(fake.token, { apiRoot: fake.url }),
      probe: new Api(fake.token, { apiRoot: fake.url }),
      pacer: openPacer({ perSecond: 1e6, chatBurst: 1e6, groupPerMinute: 1e6 }, async () => {}),
      seen: openSeen(),
    })
    const others = other.kind === 'shown' ? [other.message] : []
    await again.show(target, content('mine'), { message: null, others, nonce: 'b' })
    expect(fake.messages(ann, { from: 'bot' }).map(({ text }) => text)).toEqual(['another', 'mine'])
  })

  it('follows a group that became a supergroup', async () => {
    const { fake, ann, messages } = await open()
    const group = fake.group('Bees', { admins: [ann], kind: 'group' })
    const target = { room: { chat: group.id }, after: 1 }
    group.becomeSupergroup(ann)
    const outcome = await messages.show(target, content('moved'), fresh('n'))
    expect(outcome.kind === 'shown' ? messageOf(outcome.message).chat : null).toBe(group.id)
    expect(fake.last(group).text).toBe('moved')
  })

  it('carries a long content as a file', async () => {
    const { fake, ann, messages, target } = await open()
    const file = { name: 'answer.txt', bytes: new TextEncoder().encode('the whole'), caption: 'see the file' }
    await messages.show(target, { ...content('see the file'), file }, fresh('n'))
    // A fake that cannot put a file in a text's place says so, and the file comes as a message of its own.
    expect(fake.violations.filter(sentence => !sentence.startsWith('editMessageMedia'))).toEqual([])
    const files = fake
      .messages(ann, { from: 'bot' })
      .flatMap(({ file }) => (file === undefined ? [] : [file]))
    expect(files.map(({ name, bytes }) => [name, bytes.toString()])).toEqual([['answer.txt', 'the whole']])
  })

  it('that cannot be sent now may be sent again, and says so without token or text', async () => {
    const { fake, messages, target } = await open()
    fake.faults.add({ on: 'sendMessage', kind: 'close-before' })
    const error: unknown = await messages
      .show(target, content('secret'), fresh('n'))
      .catch((caught: unknown) => caught)
    expect(isFault(error, 'telegram-unreachable') && error.retry).toBe(true)
    const told =
      JSON.stringify(error) +
      String(Reflect.get(Object(error), 'stack')) +
      JSON.stringify(Reflect.get(Object(error), 'facts'))
    expect(told).not.toContain('secret')
    expect(told).not.toContain(fake.token)
  })
})
