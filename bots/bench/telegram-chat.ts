import { openFakeTelegram } from '../../infra/testing/telegram/fake-telegram.ts'
import { openTelegram } from '../telegram.ts'
import { type BenchChat, type BenchParts, deskMaker, type Happened } from './chat.ts'

const FOREVER_MS = 2 ** 31 - 1
const unlimited = { perSecond: 1e9, chatBurst: 1e9, groupPerMinute: 1e9 }

export const openTelegramChat = async (parts: BenchParts): Promise<BenchChat> => {
  const fake = await openFakeTelegram()
  const maker = deskMaker(parts)
  let hear: (happened: Happened) => void = () => {}
  let read = 0
  let closed = false
  const readCalls = (): boolean => {
    for (; read < fake.calls.length; read++) {
      const call = fake.calls[read]
      if (call === undefined) continue
      const { method, fields, message } = call
      if (method === 'answerCallbackQuery') hear({ key: String(fields.callback_query_id), text: '' })
      else if (fields.chat_id !== undefined)
        hear({ key: String(fields.chat_id), text: String(fields.text ?? message?.text ?? '') })
    }
    return closed
  }
  // Asked after every call.
  void fake.until(readCalls, { timeout: FOREVER_MS }).catch(() => {})
  let leads: () => void = () => {}
  const leading = new Promise<void>(resolve => {
    leads = resolve
  })
  const telegram = await openTelegram({
    token: fake.token,
    apiRoot: fake.url,
    pace: unlimited,
    ...parts,
    chats: maker.chats,
    openDesk: platform => {
      leads()
      return maker.openDesk(platform)
    },
  })
  await leading
  return {
    name: 'telegram',
    person: name => {
      const person = fake.person(name)
      const heard = () => fake.messages(person, { from: 'bot' })
      const press = (label: string, data?: string): string => {
        const under = heard().findLast(({ buttons }) => data !== undefined || buttons.flat().includes(label))
        if (under === undefined) throw new Error(`The bot shows no button ${label}.`)
        return person.press(under, label, data === undefined ? {} : { data }).id ?? ''
      }
      return {
        key: String(person.id),
        say: line => {
          person.say(line)
        },
        press: label => {
          press(label)
        },
        // A button of long ago: it is acknowledged as any other.
        interact: () => press('Yes', 'long-ago'),
        heard: () => heard().map(({ text }) => text),
      }
    },
    listen: listener => {
      hear = listener
    },
    idle: async () => maker.desk()?.idle(),
    close: async () => {
      closed = true
      await telegram.close()
      void fake.violations
      await fake.close()
    },
  }
}
