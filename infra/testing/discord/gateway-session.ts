import { type GatewayDispatchEvents as Events, GatewayOpcodes as Op } from 'discord-api-types/v10'
import type { WebSocket } from 'ws'
import type { Faults } from './faults.ts'
import type { World } from './world.ts'

/** Events kept for a RESUME. */
const KEPT = 20_000
/** How long an event is held back for another to overtake it, where none comes. */
const HELD_MS = 50

interface Frame {
  readonly op: Op.Dispatch
  readonly s: number
  readonly t: string
  readonly d: unknown
}

/** One bot process's view of the gateway: numbered events, kept to be replayed. */
export interface Session {
  readonly id: string
  readonly intents: number
  sequence(): number
  attach(socket: WebSocket): void
  detach(socket: WebSocket): void
  /** Numbers and keeps an event, and sends it where a socket is attached. */
  send(event: Events, data: unknown): void
  /** The same, with the faults that were ordered. */
  deliver(event: Events, data: unknown): void
  /** Sends again everything after a sequence number. */
  replay(after: number): void
  cut(code: number): void
  askToReconnect(): void
  invalidate(): void
  /** Stops waiting for its client: a process that identified anew has taken over. */
  giveUp(): void
  open(): boolean
  /** Whether something is held back, or the fake itself broke the socket and the client is not back yet. */
  busy(): boolean
  close(): void
}

export const openSession = (
  world: World,
  id: string,
  intents: number,
  faults: Faults,
  drop: (session: Session) => void,
): Session => {
  const kept: Frame[] = []
  const timers = new Set<NodeJS.Timeout>()
  let socket: WebSocket | null = null
  let sequence = 0
  let away = false
  let held: { event: Events; data: unknown } | null = null

  const write = (frame: unknown): void => {
    world.activity.touch()
    socket?.send(JSON.stringify(frame))
  }
  const later = (milliseconds: number, work: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer)
      work()
    }, milliseconds)
    timers.add(timer)
  }
  const release = (): void => {
    const waiting = held
    held = null
    if (waiting !== null) session.send(waiting.event, waiting.data)
  }

  const session: Session = {
    id,
    intents,
    sequence: () => sequence,
    attach(next) {
      socket = next
      away = false
    },
    detach(old) {
      if (socket === old) socket = null
    },
    send(event, data) {
      const frame: Frame = { op: Op.Dispatch, s: ++sequence, t: event, d: data }
      kept.push(frame)
      if (kept.length > KEPT) kept.shift()
      write(frame)
    },
    deliver(event, data) {
      const rule = faults.take(event, 'gateway')
      if (rule?.kind === 'out-of-order' && held === null) {
        held = { event, data }
        later(HELD_MS, release)
        return
      }
      switch (rule?.kind) {
        case 'late':
          later((rule.seconds ?? 0.05) * 1_000, () => session.send(event, data))
          break
        case 'close-gateway':
          session.cut(4_000)
          session.send(event, data)
          break
        case 'reconnect':
          session.askToReconnect()
          session.send(event, data)
          break
        case 'invalid-session':
          session.invalidate()
          break
        case 'malformed':
          session.send(event, broken(data))
          session.send(event, data)
          break
        case 'duplicate':
          session.send(event, data)
          session.send(event, data)
          break
        default:
          session.send(event, data)
      }
      release()
    },
    replay(after) {
      for (const frame of kept) if (frame.s > after) write(frame)
    },
    cut(code) {
      if (socket === null) return
      away = true
      socket.close(code)
      socket = null
    },
    askToReconnect() {
      if (socket === null) return
      write({ op: Op.Reconnect, d: null })
      away = true
      socket = null
    },
    invalidate() {
      write({ op: Op.InvalidSession, d: false })
      session.close()
      socket = null
      drop(session)
    },
    giveUp() {
      away = false
    },
    open: () => socket !== null,
    busy: () => away || held !== null || timers.size > 0,
    close() {
      for (const timer of timers) clearTimeout(timer)
      timers.clear()
    },
  }
  return session
}

/** An event with its inside missing: enough to be taken for one, too little to be handled. */
const broken = (data: unknown): unknown => {
  const { id, type, token } = data as Record<string, unknown>
  return { id, type, token }
}
