import type { AddressInfo } from 'node:net'
import type { APIApplicationCommand } from 'discord-api-types/v10'
import type { Clock } from '../../clock.ts'
import { fault } from '../../errors.ts'
import { type Activity, type FakeEvent, openActivity, type SettleOptions } from './activity.ts'
import { apiUser } from './encode.ts'
import { type Faults, openFaults } from './faults.ts'
import { type Gateway, openGateway } from './gateway.ts'
import { type Guild, type GuildOptions, joinPerson, openGuild, type PersonOptions } from './guilds.ts'
import { anyoneWaits } from './interactions.ts'
import { remove } from './messages.ts'
import type { Person, Ref } from './people.ts'
import { applicationRoutes } from './routes-application.ts'
import { channelRoutes, openThread, removeChannel } from './routes-channels.ts'
import { interactionRoutes } from './routes-interactions.ts'
import { messageRoutes } from './routes-messages.ts'
import { type Seen, seen, visible } from './seen.ts'
import { openServer } from './server.ts'
import { transcript } from './transcript.ts'
import { openValidation, type Violation } from './validation.ts'
import { channelOf, snowflakes, type World } from './world.ts'

export interface FakeDiscordOptions {
  /** The time behind ids, deadlines, nonces and expiring URLs; the machine's unless given. */
  readonly clock?: Clock
  /** The bot's name; `Tributary` unless given. */
  readonly name?: string
  readonly token?: string
  /** Grants the privileged message content intent. */
  readonly messageContent?: boolean
  /** Folder with `discord-openapi.json`; TRIBUTARY_SPECS unless given. */
  readonly specifications?: string
}

/** Discord on 127.0.0.1, for one bot: `new Client({ rest: { api: fake.api } })`, then `client.login(fake.token)`. */
export interface FakeDiscord {
  /** For discord.js' option `rest.api`; the gateway's address follows from it. */
  readonly api: string
  readonly token: string
  readonly bot: { readonly id: string; readonly name: string }
  guild(options: GuildOptions): Guild
  person(name: string, options?: PersonOptions): Person
  /** What stands in a channel, oldest first; `as` leaves out what only others see. */
  messages(channel: Ref, options?: { readonly as?: Person }): Seen[]
  /** The channel as a conversation in plain text. */
  transcript(channel: Ref, options?: { readonly as?: Person }): string
  /** Opens a thread in a channel, as an admin would. */
  thread(channel: Ref, name: string): { readonly id: string }
  /** The threads of a channel that were not deleted, oldest first. */
  threads(channel: Ref): { readonly id: string; readonly name: string }[]
  /** The commands the bot registered, everywhere or for one server. */
  commands(guild?: Guild): readonly APIApplicationCommand[]
  /** From now on the bot may not write in the channel (50013); `false` allows it again. */
  forbid(channel: Ref, forbidden?: boolean): void
  /** Deletes a channel or thread, as an admin would. */
  deleteChannel(channel: Ref): void
  /** Deletes any message, as an admin would. */
  deleteMessage(message: Ref): void
  readonly faults: Faults
  readonly gateway: Pick<Gateway, 'cut' | 'reconnect' | 'invalidate' | 'connected'>
  /** Requests by route, those that were refused or lost included. */
  counts(): Readonly<Record<string, number>>
  /**
   * Resolves when no request is open, every session is back and the bot has been silent for a while: 40 ms, or 2 s while an
   * interaction waits for its answer. Throws `fake-discord-waits` after 10 s.
   */
  settled(options?: SettleOptions): Promise<void>
  /** Resolves with the next event that matches; throws `fake-discord-waits` after 10 s unless said otherwise. */
  next(predicate: (event: FakeEvent) => boolean, within?: number): Promise<FakeEvent>
  /** Requests that were taken although Discord's own specification forbids them. Reading it lets `close` pass. */
  readonly violations: readonly Violation[]
  /** Ends everything. Throws `discord-specification-violated` where there were violations that nobody read. */
  close(): Promise<void>
}

const openWorld = (
  options: FakeDiscordOptions,
  activity: Activity,
  origin: () => string,
): { world: World; bind(gateway: Gateway): void } => {
  const clock = options.clock ?? { now: () => new Date() }
  const id = snowflakes(clock)
  const bot = apiUser(id(), options.name ?? 'Tributary', true)
  let gateway: Gateway | null = null
  const world: World = {
    clock,
    origin,
    bot,
    applicationId: bot.id,
    token: options.token ?? 'fake-token',
    users: new Map([[bot.id, { user: bot, locale: 'en-US', blocks: new Set() }]]),
    guilds: new Map(),
    channels: new Map(),
    messages: new Map(),
    files: new Map(),
    interactions: new Map(),
    waiting: new Set(),
    commands: new Map(),
    nonces: new Map(),
    activity,
    mayReadAll: options.messageContent ?? false,
    id,
    now: () => clock.now().toISOString(),
    dispatch: (event, data, place) => gateway?.dispatch(event, data, place),
  }
  return {
    world,
    bind(opened) {
      gateway = opened
    },
  }
}

export const openFakeDiscord = async (options: FakeDiscordOptions = {}): Promise<FakeDiscord> => {
  const validate = await openValidation(options.specifications ?? process.env.TRIBUTARY_SPECS)
  const activity = openActivity()
  const faults = openFaults()
  const counts = new Map<string, number>()
  const violations: Violation[] = []
  let port = 0
  let read = false
  const origin = (): string => `http://127.0.0.1:${port}`
  const { world, bind } = openWorld(options, activity, origin)
  const routes = [...applicationRoutes, ...interactionRoutes, ...messageRoutes, ...channelRoutes]
  const server = openServer({ world, routes, faults, validate, violations, counts })
  const gateway = openGateway(world, faults)
  bind(gateway)
  activity.busyWhile(gateway.busy)
  activity.drainWith(gateway.drained)
  activity.thinkingWhile(() => anyoneWaits(world))
  server.on('upgrade', gateway.accept)
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  port = (server.address() as AddressInfo).port

  return {
    api: `${origin()}/api`,
    token: world.token,
    bot: { id: world.bot.id, name: world.bot.global_name ?? '' },
    guild: guild => openGuild(world, guild),
    person: (name, person) => joinPerson(world, name, person),
    messages: (channel, { as } = {}) =>
      channelOf(world, channel)
        .messages.filter(stored => visible(stored, as?.id))
        .map(stored => seen(stored, world)),
    transcript: (channel, { as } = {}) => transcript(world, channelOf(world, channel), as?.id),
    thread: (channel, name) => {
      const parent = channelOf(world, channel)
      const owner = world.guilds.get(parent.guildId ?? '')?.ownerId ?? world.bot.id
      return { id: openThread(world, parent, name, owner).id }
    },
    threads: channel =>
      [...world.channels.values()]
        .filter(({ parentId, deleted }) => parentId === channelOf(world, channel).id && !deleted)
        .map(({ id, name }) => ({ id, name })),
    commands: guild => world.commands.get(guild?.id ?? 'global') ?? [],
    forbid(channel, forbidden = true) {
      channelOf(world, channel).forbidden = forbidden
    },
    deleteChannel(channel) {
      removeChannel(world, channelOf(world, channel))
    },
    deleteMessage(message) {
      const stored = world.messages.get(typeof message === 'string' ? message : message.id)
      if (stored !== undefined) remove(world, stored)
    },
    faults,
    gateway,
    counts: () => Object.fromEntries(counts),
    settled: activity.settled,
    next: activity.next,
    get violations() {
      read = true
      return violations
    },
    async close() {
      activity.close()
      await gateway.close()
      server.closeAllConnections()
      await new Promise(done => server.close(done))
      if (violations.length === 0 || read) return
      const [first] = violations
      throw fault(
        'discord-specification-violated',
        `${violations.length} requests break Discord's specification, the first on ${first!.route}: ${first!.problems[0]}.`,
        { fix: 'Read fake.violations.', blame: 'ours' },
      )
    },
  }
}
