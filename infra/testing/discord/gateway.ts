import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import {
  type APIMessage,
  GatewayCloseCodes as Codes,
  GatewayDispatchEvents as Events,
  type GatewaySendPayload,
  GatewayIntentBits as Intents,
  GatewayOpcodes as Op,
} from 'discord-api-types/v10'
import { type WebSocket, WebSocketServer } from 'ws'
import { guildCreate } from './encode.ts'
import type { Faults } from './faults.ts'
import { openSession, type Session } from './gateway-session.ts'
import { asReadByBot } from './messages.ts'
import { gatewayUrl } from './routes-application.ts'
import type { ChannelState, World } from './world.ts'

/** How often a client must send a heartbeat; the real one's value. */
const HEARTBEAT_MS = 41_250

export interface Gateway {
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void
  dispatch(event: Events, data: unknown, place?: ChannelState): void
  /** Breaks every socket; a client may resume. */
  cut(code?: number): void
  /** Asks every client to reconnect and resume. */
  reconnect(): void
  /** Ends every session; a client must identify again, and what was not delivered is lost. */
  invalidate(): void
  /** Sessions with a socket now. */
  connected(): number
  /** Why the fake is not at rest, or null. */
  busy(): string | null
  /** Resolves when every connected client has read what was sent so far. */
  drained(): Promise<void>
  close(): Promise<void>
}

/** Intents that a bot needs to hear an event, in a server and in a private chat; none where every bot hears it. */
const intentOf = (event: Events, direct: boolean): number => {
  if (event === Events.InteractionCreate) return 0
  if (/^MESSAGE_REACTION/.test(event))
    return direct ? Intents.DirectMessageReactions : Intents.GuildMessageReactions
  if (/^MESSAGE_/.test(event)) return direct ? Intents.DirectMessages : Intents.GuildMessages
  if (/^GUILD_MEMBER_/.test(event)) return Intents.GuildMembers
  return Intents.Guilds
}

export const openGateway = (world: World, faults: Faults): Gateway => {
  const server = new WebSocketServer({ noServer: true })
  const sessions = new Map<string, Session>()
  // A client that lost its session through no fault of its own is expected back.
  let expected = 0

  const identify = (
    socket: WebSocket,
    frame: Extract<GatewaySendPayload, { op: Op.Identify }>,
  ): Session | null => {
    const { token, intents, shard = [0, 1] } = frame.d
    if (token !== world.token) return refuse(socket, Codes.AuthenticationFailed)
    if ((intents & Intents.MessageContent) !== 0 && !world.mayReadAll)
      return refuse(socket, Codes.DisallowedIntents)
    for (const other of sessions.values()) other.giveUp()
    const session = openSession(world, world.id(), intents, faults, drop)
    sessions.set(session.id, session)
    session.attach(socket)
    expected = Math.max(0, expected - 1)
    session.send(Events.Ready, {
      v: 10,
      user: { ...world.bot, verified: true, mfa_enabled: true },
      guilds: [...world.guilds.values()].map(({ id }) => ({ id, unavailable: true })),
      session_id: session.id,
      resume_gateway_url: gatewayUrl(world),
      shard,
      application: { id: world.applicationId, flags: 0 },
      session_type: 'normal',
      private_channels: [],
      relationships: [],
    })
    for (const guild of world.guilds.values())
      if (!guild.left) session.send(Events.GuildCreate, guildCreate(world, guild))
    world.activity.tell({ kind: 'connected', session: session.id, resumed: false })
    return session
  }

  const resume = (
    socket: WebSocket,
    frame: Extract<GatewaySendPayload, { op: Op.Resume }>,
  ): Session | null => {
    const { token, session_id, seq } = frame.d
    if (token !== world.token) return refuse(socket, Codes.AuthenticationFailed)
    const session = sessions.get(session_id)
    if (session === undefined) {
      expected++
      send(socket, { op: Op.InvalidSession, d: false })
      return null
    }
    if (seq > session.sequence()) return refuse(socket, Codes.InvalidSeq)
    session.attach(socket)
    session.replay(seq)
    session.send(Events.Resumed, { _trace: [] })
    world.activity.tell({ kind: 'connected', session: session.id, resumed: true })
    return session
  }

  const drop = (session: Session): void => {
    if (sessions.delete(session.id)) expected++
  }

  const converse = (socket: WebSocket): void => {
    let session: Session | null = null
    send(socket, { op: Op.Hello, d: { heartbeat_interval: HEARTBEAT_MS } })
    socket.on('message', data => {
      world.activity.touch()
      const frame = parse(data.toString())
      if (frame === null) socket.close(Codes.DecodeError)
      else if (frame.op === Op.Heartbeat) send(socket, { op: Op.HeartbeatAck })
      else if (frame.op === Op.Identify || frame.op === Op.Resume) {
        if (session !== null) socket.close(Codes.AlreadyAuthenticated)
        else session = frame.op === Op.Identify ? identify(socket, frame) : resume(socket, frame)
      } else if (session === null) socket.close(Codes.NotAuthenticated)
      else if (frame.op === Op.RequestGuildMembers) members(session, frame.d)
      else if (frame.op !== Op.PresenceUpdate && frame.op !== Op.VoiceStateUpdate)
        socket.close(Codes.UnknownOpcode)
    })
    socket.on('error', () => undefined)
    socket.on('close', code => {
      session?.detach(socket)
      // 1000 and 1001 end the session, as the real gateway has it; anything else may be resumed.
      if (session !== null && (code === 1_000 || code === 1_001)) {
        session.close()
        sessions.delete(session.id)
      }
      world.activity.tell({ kind: 'disconnected', session: session?.id ?? null, code })
    })
  }

  const members = (
    session: Session,
    asked: { guild_id: string | string[]; nonce?: string | undefined },
  ): void => {
    const guild = world.guilds.get(String(asked.guild_id))
    if (guild === undefined) return
    const { members: chunk } = guildCreate(world, guild) as { members: unknown[] }
    session.send(Events.GuildMembersChunk, {
      guild_id: guild.id,
      members: chunk,
      chunk_index: 0,
      chunk_count: 1,
      nonce: asked.nonce,
    })
  }

  return {
    accept: (request, socket, head) => server.handleUpgrade(request, socket, head, converse),
    dispatch(event, data, place) {
      world.activity.touch()
      const direct = place !== undefined && place.guildId === null
      const wanted = intentOf(event, direct)
      for (const session of sessions.values()) {
        if (wanted !== 0 && (session.intents & wanted) === 0) continue
        const reads = (session.intents & Intents.MessageContent) !== 0
        const message = event === Events.MessageCreate || event === Events.MessageUpdate
        // Copied: what was sent does not change with what is remembered.
        session.deliver(
          event,
          structuredClone(message ? asReadByBot(world, data as APIMessage, reads) : data),
        )
      }
    },
    cut(code = Codes.UnknownError) {
      for (const session of sessions.values()) session.cut(code)
    },
    reconnect() {
      for (const session of sessions.values()) session.askToReconnect()
    },
    invalidate() {
      for (const session of [...sessions.values()]) session.invalidate()
    },
    connected: () => [...sessions.values()].filter(session => session.open()).length,
    busy() {
      const away = [...sessions.values()].filter(session => session.busy()).length
      return away + expected > 0 ? `${away + expected} gateway sessions are not back` : null
    },
    async drained() {
      await Promise.all([...server.clients].map(answered))
    },
    async close() {
      for (const session of sessions.values()) session.close()
      for (const socket of server.clients) socket.terminate()
      await new Promise(done => server.close(done))
    },
  }
}

const send = (socket: WebSocket, frame: unknown): void => socket.send(JSON.stringify(frame))

/** A client answers a ping after all frames before it. */
const answered = (socket: WebSocket): Promise<void> =>
  new Promise(done => {
    if (socket.readyState !== socket.OPEN) return done()
    const end = (): void => {
      socket.off('pong', end)
      socket.off('close', end)
      done()
    }
    socket.on('pong', end)
    socket.on('close', end)
    socket.ping()
  })

const refuse = (socket: WebSocket, code: Codes): null => {
  socket.close(code)
  return null
}

const parse = (text: string): GatewaySendPayload | null => {
  try {
    return JSON.parse(text) as GatewaySendPayload
  } catch {
    return null
  }
}
