import { openFakeDiscord } from '../../infra/testing/discord/fake-discord.ts'
import { openDiscord } from '../discord.ts'
import { type BenchChat, type BenchParts, deskMaker, type Happened } from './chat.ts'

/** Milliseconds for which one look at the fake's events lasts: longer than any measurement. */
const FOREVER_MS = 2 ** 31 - 1

export const openDiscordChat = async (parts: BenchParts): Promise<BenchChat> => {
  const fake = await openFakeDiscord()
  const guild = fake.guild({ name: 'Bench' })
  const { id: general } = guild.channel('general')
  const maker = deskMaker(parts)
  const discord = await openDiscord({
    token: fake.token,
    requestsPerSecond: Number.POSITIVE_INFINITY,
    api: fake.api,
    ...parts,
    ...maker,
  })
  let hear: (happened: Happened) => void = () => {}
  // Every event passes by this predicate, which never finds what it looks for.
  void fake
    .next(event => {
      if (event.kind === 'callback') hear({ key: event.interaction, text: '' })
      if (event.kind === 'typing') hear({ key: event.channel, text: '' })
      if ((event.kind === 'message' || event.kind === 'edit') && event.message.author.id === fake.bot.id)
        hear({ key: event.channel, text: JSON.stringify([event.message.content, event.message.components]) })
      return false
    }, FOREVER_MS)
    .catch(() => {})
  return {
    name: 'discord',
    person: name => {
      const person = fake.person(name, { guild })
      const heard = () => fake.messages(person.dms, { as: person }).filter(({ byBot }) => byBot)
      return {
        key: person.dms.id,
        say: line => {
          person.dm(line)
        },
        press: label => {
          const under = heard().findLast(({ buttons }) => buttons.some(button => button.label === label))
          person.press(under ?? '', label)
        },
        interact: () => person.slash(general, 'help').id,
        heard: () => heard().map(({ text }) => text),
      }
    },
    listen: listener => {
      hear = listener
    },
    idle: () => discord.desk.idle(),
    close: async () => {
      await discord.close()
      await fake.close()
    },
  }
}
