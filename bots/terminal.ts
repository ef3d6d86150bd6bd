import { readFile, writeFile } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import type { Caller, Network } from '../tools/context.ts'
import { call, type Verb } from '../tools/registry.ts'
import type { ProposalStatus } from '../tools/status.ts'
import type { Understand } from '../tools/understanding.ts'
import { converse } from './conversation.ts'
import { rowsFileText } from './files.ts'
import { tellNotices } from './notices.ts'
import { runProgress } from './replies-status.ts'
import type { Choice, FileReply, Reply } from './reply.ts'
import { type Bot, type Directory, openBot, openSession, readDirectory, type Session } from './session.ts'
import { type Look, progressLine, terminalText } from './terminal-text.ts'

export interface TerminalOptions {
  readonly input: Readable & { isTTY?: boolean }
  readonly output: Writable & { isTTY?: boolean; columns?: number }
  /** Whose terminal it is: the user's name on this machine; joins on first use unless `caller` is given. */
  readonly user: string
  readonly caller?: Caller
  /** NO_COLOR and TERM are read from it. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Seconds between looks at notices and running trainings; default 2. */
  readonly pollSeconds?: number
  /** Reads free text; see `Bot`. */
  readonly understand?: Understand
  /** Lines typed in earlier sessions, newest first. */
  readonly history?: readonly string[]
}

export interface Terminal {
  /** Resolves when the person has left, with the lines typed, newest first. */
  readonly closed: Promise<readonly string[]>
  close(): void
}

/**
 * Opens the terminal chat on `input` and `output`. On a terminal it completes commands and names, keeps a history and
 * shows a running training above the prompt; piped, it answers line by line and ends with the input. Ctrl-C stops what is
 * under way, else leaves.
 */
export const openTerminal = async (
  network: Network,
  verbs: readonly Verb[],
  options: TerminalOptions,
): Promise<Terminal> => {
  const bot = openBot(network, verbs, options.understand)
  const session = openSession(options.caller ?? (await joinTerminal(bot, options.user)), options.user)
  const chat = new TerminalChat(bot, session, options)
  return { closed: chat.start(), close: () => chat.leave() }
}

const joinTerminal = async (bot: Bot, user: string): Promise<Caller> => {
  const anyone: Caller = { role: 'anyone', accountId: null, surface: 'terminal' }
  const join = bot.verb('join')
  if (join === undefined) return anyone
  const joined = (await call(bot.network, anyone, join, {
    name: user,
    platform: 'terminal',
    subject: user,
  })) as {
    accountId: string
  }
  return { role: 'member', accountId: joined.accountId, surface: 'terminal' }
}

class TerminalChat {
  private readonly bot: Bot
  private readonly session: Session
  private readonly options: TerminalOptions
  private readonly live: boolean
  private readonly lines: Interface
  private directory: Directory = { proposals: [], models: [], gathering: [] }
  private queue: Promise<void> = Promise.resolve()
  private running: AbortController | null = null
  private midLine = false
  private bar = ''
  private timer: NodeJS.Timeout | undefined
  private left = false
  private offered: readonly Choice[] = []
  private readonly late: Reply[] = []

  constructor(bot: Bot, session: Session, options: TerminalOptions) {
    this.bot = bot
    this.session = session
    this.options = options
    this.live = options.input.isTTY === true && options.output.isTTY === true
    this.lines = createInterface({
      input: options.input,
      output: options.output,
      terminal: this.live,
      history: [...(options.history ?? [])],
      historySize: 500,
      removeHistoryDuplicates: true,
      completer: (line: string) => this.complete(line),
    })
  }

  async start(): Promise<readonly string[]> {
    let history: readonly string[] = this.options.history ?? []
    this.lines.on('history', newest => {
      history = [...newest]
    })
    const closed = new Promise<void>(resolve => this.lines.once('close', resolve))
    this.lines.on('line', line => {
      this.queue = this.queue.then(() => this.answer(line))
    })
    this.lines.on('SIGINT', () => this.interrupt())
    await this.refresh()
    if (this.live) await this.greet()
    await closed
    // Piped input may end while answers are still being made.
    await this.queue
    clearTimeout(this.timer)
    return history
  }

  leave(): void {
    this.left = true
    this.running?.abort()
    clearTimeout(this.timer)
    this.lines.close()
  }

  private look(): Look {
    const { environment = {}, output } = this.options
    const plain = (environment.NO_COLOR ?? '') !== '' || environment.TERM === 'dumb'
    return {
      columns: Math.max(40, Math.min(120, output.columns ?? 100)),
      colour: output.isTTY === true && !plain,
      numbered: this.live,
    }
  }

  private write(text: string): void {
    if (!this.options.output.writableEnded) this.options.output.write(text)
  }

  private readonly say = (reply: Reply): void => {
    if (reply.kind === 'progress' && this.live) {
      this.write(`\r\u001B[K${progressLine(reply, this.look())}`)
      this.midLine = true
      return
    }
    if (reply.kind !== 'part') this.endLine()
    if (reply.kind === 'choices') this.offered = reply.choices
    if (reply.kind === 'file' && this.live) this.save(reply)
    const shown = terminalText(reply, this.look())
    if (reply.kind === 'part') this.midLine = !shown.endsWith('\n')
    this.write(shown)
  }

  /** Writes a file of the person's own where they are; never over another one. */
  private save({ name, bytes }: FileReply): void {
    const path = resolve(basename(name))
    writeFile(path, bytes, { flag: 'wx', mode: 0o600 }).then(
      () => this.write(`${this.session.say.fileSaved(path)}\n`),
      () => this.write(`${this.session.say.fileNotSaved(path)}\n`),
    )
  }

  private endLine(): void {
    if (this.midLine) this.write('\n')
    this.midLine = false
  }

  private async greet(): Promise<void> {
    const { say } = this.session
    this.say({ kind: 'text', text: say.greeting(this.session.name) })
    const [only] = this.directory.models
    if (only === undefined) this.say({ kind: 'text', text: say.noModel, tone: 'quiet' })
    else if (this.directory.models.length === 1)
      this.say({ kind: 'text', text: say.onlyModel(only.name, only.priceUnits), tone: 'quiet' })
    await this.poll()
    this.prompt()
  }

  private prompt(keepCursor = false): void {
    if (!this.live || this.left) return
    const asked = this.session.pending === null ? (this.session.model ?? 'tributary') : '…'
    this.lines.setPrompt(`${this.bar === '' ? '' : `${this.bar}\n`}${asked}> `)
    this.lines.prompt(keepCursor)
  }

  private async answer(typed: string): Promise<void> {
    if (this.left) return
    // Only a dialogue's rows end with an empty line; elsewhere it says nothing, and the choices stand.
    if (typed.trim() === '' && this.session.pending?.kind !== 'dialogue') return this.prompt()
    const line = this.chosen(typed)
    this.offered = []
    if (/^\/?(quit|exit|bye)$/i.test(line.trim())) return this.leave()
    this.running = new AbortController()
    await converse(this.bot, this.session, line, this.say, {
      signal: this.running.signal,
      readFile: async path => rowsFileText(basename(path), await readFile(path)),
    })
    this.running = null
    this.endLine()
    for (const reply of this.late.splice(0)) this.say(reply)
    await this.refresh()
    this.prompt()
  }

  /** The line of the choice whose number was typed, or what was typed. */
  private chosen(typed: string): string {
    const number = /^\s*([1-9])\s*$/.exec(typed)?.[1]
    return this.offered[Number(number) - 1]?.line ?? typed
  }

  private interrupt(): void {
    if (this.running !== null) {
      this.running.abort()
      return
    }
    if (this.session.pending !== null || this.lines.line !== '') {
      this.session.pending = null
      this.clearPrompt(() => {})
      // To the line's end, then Ctrl-U: what was typed so far is dropped with the dialogue.
      this.lines.write(null, { ctrl: true, name: 'e' })
      this.lines.write(null, { ctrl: true, name: 'u' })
      this.prompt()
      return
    }
    this.write(`\n${this.session.say.farewell}\n`)
    this.leave()
  }

  private async refresh(): Promise<void> {
    // A network that cannot answer now says so at the next line; completion is not worth a message.
    this.directory = await readDirectory(this.bot, this.session).catch(() => this.directory)
  }

  /** Looks for notices and a running training, and again after a while. */
  private async poll(): Promise<void> {
    if (this.left) return
    if (this.running === null) await this.showNews().catch(() => {})
    this.timer = setTimeout(() => this.poll(), 1000 * (this.options.pollSeconds ?? 2))
    // The chat's input keeps the process alive, not its clock.
    this.timer.unref()
  }

  private async showNews(): Promise<void> {
    const told: Reply[] = []
    await tellNotices(this.bot, this.session, reply => {
      told.push(reply)
    })
    const bar = await this.trainingBar()
    // A line may have been sent meanwhile: its answer owns the screen now, and the notices wait for its end.
    if (this.running !== null) this.late.push(...told)
    else if (told.length > 0 || bar !== this.bar) this.redraw(told, bar)
  }

  /** Puts replies and a new bar above what is being typed. */
  private redraw(told: readonly Reply[], bar: string): void {
    this.clearPrompt(() => {
      for (const reply of told) this.say(reply)
    })
    this.bar = bar
    this.prompt(true)
  }

  // readline redraws from where its last drawing began, which it counts in rows; a line that has wrapped since while
  // somebody typed is not in that count, so the way up is made here, and the way that readline will go is given back.
  private clearPrompt(between: () => void): void {
    const { rows } = this.lines.getCursorPos()
    const drawn: unknown = Reflect.get(this.lines, 'prevRows')
    this.write(`${rows > 0 ? `\u001B[${rows}A` : ''}\r\u001B[J`)
    between()
    this.write('\n'.repeat(typeof drawn === 'number' ? drawn : 0))
  }

  private async trainingBar(): Promise<string> {
    const status = this.bot.verb('status')
    if (status === undefined) return ''
    const { proposals } = (await call(this.bot.network, this.session.caller, status, {})) as {
      proposals: ProposalStatus[]
    }
    const running = proposals.find(({ run }) => run?.state === 'training' && run.steps !== null)
    return running === undefined ? '' : progressLine(runProgress(running, this.session.say), this.look())
  }

  private complete(line: string): [string[], string] {
    const names = this.bot.commands.flatMap(({ name, aliases }) => [name, ...aliases])
    if (/^\/\S*$/.test(line)) {
      const all = [...names, 'help', 'model', 'cancel', 'quit'].map(name => `/${name} `).sort()
      return [all.filter(name => name.startsWith(line)), line]
    }
    const word = /\S*$/.exec(line)?.[0] ?? ''
    const values = line.startsWith('/')
      ? [...new Set([...this.directory.models.map(({ name }) => name), ...this.directory.proposals])]
      : []
    return [values.filter(name => name.startsWith(word)).map(name => `${name} `), word]
  }
}
