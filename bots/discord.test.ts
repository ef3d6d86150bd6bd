// Long: what happens in a server, one thing after another; in parts the same setting would stand in each.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Database } from '../infra/db.ts'
import { openTestDatabase, type TestDatabase } from '../infra/testing/database.ts'
import type { Seen } from '../infra/testing/discord/seen.ts'
import { verb } from '../tools/registry.ts'
import { type Hive, type HiveOptions, openHive } from './discord/testing/open-hive.ts'
import { conformChannel } from './testing/channel.conformance.ts'
import { openStory } from './testing/story.ts'

let opened: TestDatabase
let db: Database
beforeAll(async () => {
  opened = await openTestDatabase()
  db = opened.database
})
afterAll(() => opened.remove())

conformChannel('Discord', async story => {
  const hive = await openHive(db, { story })
  let seen = 0
  return {
    async send(line) {
      if (line === '') hive.ann.press(lastOf(hive), 'Done')
      else if (line === 'yes' && lastOf(hive).buttons.some(({ label }) => label === 'Yes'))
        hive.ann.press(lastOf(hive), 'Yes')
      else hive.ann.dm(line)
      await hive.answered()
      const said = hive.read().filter(({ byBot }) => byBot)
      const words = said.slice(seen).map(shown).join('\n')
      seen = said.length
      return words
    },
    close: hive.close,
  }
})

const lastOf = (hive: Hive, channel?: string) => hive.read(channel).findLast(({ byBot }) => byBot)!

/** What a message says, as Discord shows it. */
const shown = ({ text }: Pick<Seen, 'text'>): string =>
  text
    .replace(/\\([^A-Za-z0-9\s])/g, '$1')
    .replaceAll('\u200B', '')
    .replaceAll('**', '')

const inHive = async (work: (hive: Hive) => Promise<void>, options: HiveOptions = {}): Promise<void> => {
  const hive = await openHive(db, options)
  try {
    await work(hive)
  } finally {
    await hive.close()
  }
}

const gathering = (): HiveOptions => ({ story: openStory([{ state: 'gathering', release: null }]) })
/** A story with a command whose answer takes pages, and is nobody else's business. */
const withLedger = (): HiveOptions => {
  const story = openStory()
  const ledger = verb({
    name: 'ledger',
    summary: 'Show every entry.',
    who: ['member'],
    effect: 'read',
    input: z.object({}),
    output: z.any(),
    run: async () => ({ entries: Array.from({ length: 600 }, (_, at) => `entry ${at}`).join(' ') }),
  })
  return { story: { ...story, verbs: [...story.verbs, ledger] } }
}
const verbsOf = ({ story }: Hive) => story.calls.map(({ verb }) => verb).filter(verb => verb !== 'join')

describe('in a server', () => {
  it('answers a slash command that others may read in public, and what is private to the person alone', () =>
    inHive(async hive => {
      const help = await hive.ann.slash('general', 'help').answered()
      expect(help.ephemeral).toBe(false)
      expect(shown(help)).toContain('/vote <proposal>')
      const vote = await hive.ann
        .slash('general', 'vote', { proposal: 'beekeeping', choice: 'yes' })
        .answered()
      expect(vote.ephemeral).toBe(true)
      expect(shown(vote)).toContain('Vote yes on beekeeping?')
      const voted = await hive.ann.press(vote, 'Yes').answered()
      expect(voted.ephemeral).toBe(true)
      expect(shown(voted)).toContain('Your vote weighs')
      expect(verbsOf(hive)).toEqual(['vote'])
    }))

  it('keeps a private answer from the others where a public one was promised', () =>
    inHive(async hive => {
      hive.story.balanceUnits = 0n
      await hive.answered(0)
      const asked = hive.ann.slash('general', 'ask', { question: 'What is a nuc?' })
      const confirmation = await asked.answered()
      await hive.answered()
      hive.ann.press(confirmation, 'Yes')
      await hive.answered()
      hive.ann.slash('general', 'ask', { question: 'What is a nuc?' })
      await hive.answered()
      const others = hive.fake.person('Ben', { guild: hive.guild })
      const read = hive.fake.messages('general', { as: others }).map(shown).join('\n')
      expect(read).not.toContain('balance')
      const own = hive.read('general').filter(({ ephemeral }) => ephemeral)
      expect(own.map(shown).filter(text => text.includes('does not cover the price'))).toHaveLength(2)
      expect(own.every(({ loading }) => !loading)).toBe(true)
    }))

  it('streams an answer into one message with its model, and tells why at the press of a button', () =>
    inHive(async hive => {
      const price = await hive.ann.slash('general', 'ask', { question: 'What is a nuc?' }).answered()
      hive.ann.press(price, 'Yes')
      await hive.answered(2)
      const answer = lastOf(hive, 'general')
      expect(shown(answer)).toContain('A nuc is a small hive.')
      expect(shown(answer)).toContain('beekeeping@1')
      hive.ann.press(answer, 'Why?')
      await hive.answered()
      expect(shown(lastOf(hive, 'general'))).toContain('75.0 %')
    }))

  it('proposes the names of proposals while a person types, without asking anybody', () =>
    inHive(async hive => {
      const choices = await hive.ann.autocomplete('general', 'vote', 'proposal', 'bee')
      expect(choices).toEqual([{ name: 'beekeeping', value: 'beekeeping' }])
      expect(await hive.ann.autocomplete('general', 'ask', 'model', 'zzz', { question: 'x' })).toEqual([])
    }))

  it('opens a form for a contribution and sends it as one command', () =>
    inHive(async hive => {
      const form = await hive.ann.slash('general', 'contribute', { proposal: 'beekeeping' }).modal()
      expect(form.fields.map(({ customId }) => customId)).not.toContain('proposal')
      const sent = hive.ann.submit(form, { licence: 'CC0-1.0', rights: 'yes', rows: 'a | b\nc | d' })
      const answer = await sent.answered()
      expect(answer.ephemeral).toBe(true)
      expect(shown(answer)).toContain('2 rows received')
      expect(hive.story.calls.at(-1)?.input).toMatchObject({
        proposal: 'beekeeping',
        rows: [{ question: 'a' }, {}],
      })
    }, gathering()))

  it('takes a form that was opened before a restart', () =>
    inHive(async hive => {
      const form = await hive.ann.slash('general', 'contribute', { proposal: 'beekeeping' }).modal()
      await hive.discord.close()
      const next = await openHive(db, { ...gathering(), fake: hive.fake })
      await hive.ann.submit(form, { licence: 'CC0-1.0', rights: 'yes', rows: 'a | b' }).answered()
      expect(next.story.calls.at(-1)?.input).toMatchObject({ proposal: 'beekeeping' })
      const ben = hive.fake.person('Ben', { guild: hive.guild })
      const foreign = await ben.submit(form, { licence: 'CC0-1.0', rights: 'yes', rows: 'a | b' }).answered()
      expect(shown(foreign)).toContain('That form is too old')
      await next.close()
    }, gathering()))

  it('copies the file of a command at once', () =>
    inHive(async hive => {
      const file = { name: 'my "bees".jsonl', content: '{"question":"a","answer":"b"}' }
      const asked = hive.ann.slash('general', 'contribute', {
        proposal: 'beekeeping',
        licence: 'CC0-1.0',
        rights: true,
        rows: file,
      })
      expect(shown(await asked.answered())).toContain('1 row received')
    }, gathering()))

  it('contributes a message from its menu, tells its author without a ping, and hears when it is deleted', () =>
    inHive(async hive => {
      const ben = hive.fake.person('Ben', { guild: hive.guild })
      const message = ben.say('general', 'A nuc is a **small** hive. @everyone')
      const form = await hive.ann.menu(message, 'Contribute this message').modal()
      expect(form.fields.at(-1)?.value).toBe('A nuc is a **small** hive. @everyone')
      const values = {
        proposal: 'beekeeping',
        licence: 'CC0-1.0',
        rights: 'yes',
        'row.question': 'What is a nuc?',
      }
      const answer = await hive.ann.submit(form, values).answered()
      expect(shown(answer)).toContain('1 row received')
      expect(hive.story.calls.at(-1)?.input).toMatchObject({
        rows: [{ question: 'What is a nuc?', answer: 'A nuc is a **small** hive. @everyone' }],
      })
      const told = await until(hive, () =>
        hive.read('general').find(seen => shown(seen).includes('Ann offers this message')),
      )
      expect(told.pings).toEqual([])
      expect(told.raw.message_reference?.message_id).toBe(message.id)
      ben.delete(message)
      const [taken] = await until(hive, () => (hive.takenBack.length > 0 ? hive.takenBack : undefined))
      expect(taken).toMatchObject({ subject: hive.ann.id, message: message.id })
    }, gathering()))

  it('offers no form for what a program wrote', () =>
    inHive(async hive => {
      hive.ann.say('general', '/help', { mention: true })
      await hive.answered()
      const refused = await hive.ann.menu(lastOf(hive, 'general'), 'Contribute this message').answered()
      expect(shown(refused)).toContain('cannot be contributed')
    }, gathering()))

  it('answers a mention with a reply, says in private what is private, and hears nothing else', () =>
    inHive(async hive => {
      hive.ann.say('general', 'What is a nuc?')
      const asked = hive.ann.say('general', '/help', { mention: true })
      await hive.answered()
      const [answer] = hive.read('general').filter(({ byBot }) => byBot)
      expect(answer?.raw.message_reference?.message_id).toBe(asked.id)
      hive.ann.say('general', '/deposit 5', { mention: true })
      await hive.answered()
      expect(hive.read('general').filter(({ byBot }) => byBot)).toHaveLength(1)
      expect(shown(lastOf(hive))).toContain('Move 5 tokens')
    }))

  it('says that it cannot write to a person who takes no private messages, and nothing more', () =>
    inHive(async hive => {
      hive.ann.block()
      hive.ann.say('general', '/deposit 5', { mention: true })
      await hive.answered()
      const said = hive
        .read('general')
        .filter(({ byBot }) => byBot)
        .map(shown)
      expect(said).toHaveLength(1)
      expect(said[0]).toContain('you take no private messages')
    }))

  it('turns the pages of a private message in that message', () =>
    inHive(async hive => {
      const first = await hive.ann.slash('general', 'ledger').answered()
      await hive.answered()
      const turn = first.buttons.find(({ label }) => label.endsWith('›'))!
      hive.ann.press(first, turn.label)
      await hive.answered()
      const [only, ...others] = hive.read('general').filter(({ byBot }) => byBot)
      expect(others).toEqual([])
      expect(only?.id).toBe(first.id)
      expect(only?.text).not.toBe(first.text)
      expect(only?.buttons[0]?.label).toMatch(/^‹/)
    }, withLedger()))

  it('sets the server up by picking, for admins only', () =>
    inHive(async hive => {
      const role = hive.guild.role('keepers')
      const options = { channel: hive.guild.channel('general').id, roles: role.id, language: 'en' }
      const done = await hive.ann.slash('general', 'setup', options).answered()
      expect(done.ephemeral).toBe(true)
      expect(shown(done)).toContain('Set up.')
      const findings = await hive.discord.doctor()
      expect(findings.filter(({ ok }) => !ok)).toEqual([])
      expect(findings.map(({ what }) => what).join(' ')).toContain('may do what it needs in channel')
    }))

  it('lets its admin choose no channel and no role of elsewhere', () =>
    inHive(async hive => {
      const other = hive.fake.guild({ name: 'Wasps' })
      for (const channel of [other.channel('general').id, hive.ann.dms.id, 'x']) {
        hive.ann.say('general', `/setup channel=${channel}`, { mention: true })
        await hive.answered()
        expect(shown(lastOf(hive))).toContain('no channel of this server')
      }
      const role = other.role('keepers')
      hive.ann.say('general', `/setup roles=${role.id}`, { mention: true })
      await hive.answered()
      expect(shown(lastOf(hive))).toContain('There is no role')
      const mine = hive.guild.role('drones')
      hive.ann.say('general', '/setup roles=Drones', { mention: true })
      await hive.answered()
      expect(shown(lastOf(hive))).toContain('proposing and voting: drones')
      expect(
        await db.query('select settings from chat_communities where community = $1', [hive.guild.id]),
      ).toEqual([{ settings: expect.objectContaining({ roles: [mine.id] }) }])
    }))

  it('answers a file that comes with a mention', () =>
    inHive(async hive => {
      const attachments = [{ name: 'rows.csv', content: 'question,answer\na,b\n' }]
      hive.ann.say('general', '', { mention: true, attachments })
      await hive.answered()
      expect(shown(lastOf(hive))).toContain('Under which licence')
    }, gathering()))

  it('leaves nobody whom it does not answer before a promise', () =>
    inHive(async hive => {
      const ben = hive.fake.person('Ben', { guild: hive.guild })
      hive.ann.slash('general', 'mute', { person: ben.id })
      await hive.answered()
      ben.slash('general', 'status')
      await hive.answered()
      const seen = hive.fake.messages('general', { as: ben })
      expect(seen.filter(({ byBot }) => byBot)).toEqual([])
    }))
})

describe('in a private chat', () => {
  it('takes a file', () =>
    inHive(async hive => {
      hive.ann.dm('/contribute beekeeping', {
        attachments: [{ name: 'rows.csv', content: 'question,answer\na,b\n' }],
      })
      hive.ann.dm('CC0-1.0')
      hive.ann.dm('yes')
      await hive.answered(3)
      expect(hive.story.calls.at(-1)?.input).toMatchObject({ rows: [{ question: 'a', answer: 'b' }] })
    }, gathering()))

  it('answers whatever a person calls themselves, and pings nobody', () =>
    inHive(async hive => {
      const eve = hive.fake.person('@everyone <@1> [x](http://evil.example) `', { guild: hive.guild })
      eve.dm('@everyone http://evil.example <@1>')
      eve.dm('/nosuch @here')
      await hive.answered(2)
      const said = hive.fake.messages(eve.dms).filter(({ byBot }) => byBot)
      expect(said).toHaveLength(2)
      expect(said.flatMap(({ pings }) => pings)).toEqual([])
      expect(said.map(({ text }) => text).join('')).not.toMatch(/@(everyone|here)|[^\\]<@|http:\/\//)
    }))
})

/** Waits for what follows an answer, with the fake's events as the clock. */
const until = async <T>(hive: Hive, found: () => T | undefined): Promise<T> => {
  for (;;) {
    const value = found()
    if (value !== undefined) return value
    await hive.fake.next(() => true, 1_000).catch(() => {})
  }
}
