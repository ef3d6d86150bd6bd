import { existsSync, fstatSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { startAgents } from '../../agents/agents.ts'
import { openChatModel, openConcierge } from '../../agents/concierge.ts'
import { startChats } from '../../bots/chats.ts'
import { downloadBar } from '../../bots/download-bar.ts'
import { type Bot, openBot } from '../../bots/session.ts'
import { badRows } from '../../bots/tour/bad-rows.ts'
import { readBadRows, readTourData } from '../../bots/tour/data.ts'
import { screenOn } from '../../bots/tour/screen.ts'
import { held, runTour } from '../../bots/tour/tour.ts'
import type { Network } from '../../tools/context.ts'
import { finishOpenCalls } from '../../tools/finish-calls.ts'
import { openGateway } from '../../tools/gateway/gateway.ts'
import { openNetwork } from '../../tools/network.ts'
import { verbs } from '../../tools/verbs.ts'
import { readSettings, type Settings } from '../env.ts'
import { fault } from '../errors.ts'
import { logWhatNobodyCaught } from '../last-resort.ts'
import { startTelemetry } from '../telemetry.ts'
import { type Command, readOptions, say } from './command.ts'

const sample = resolve(import.meta.dirname, '../samples/beekeepers')

/** `tributary start`: the node, and the tour first where the network is new. */
export const start: Command = { run: words => startNode(words, false) }

/** `tributary tour`: the node, with the tour in any case. */
export const tour: Command = { run: words => startNode(words, true) }

/** Starts the node, plays the tour where it is wanted, then stays up unless a result file was asked for. */
const startNode = async (words: readonly string[], tourWanted: boolean): Promise<number> => {
  const { values } = readOptions(words, {
    data: { type: 'string' },
    eval: { type: 'string' },
    bad: { type: 'string' },
    json: { type: 'string' },
    questions: { type: 'string', default: '20' },
  })
  const settings = readSettings(process.env)
  // Read before anything is opened: a wrong option or path should cost nobody a start.
  const questions = questionsWanted(values.questions)
  const data = await readTourData(
    values.data ?? sample,
    values.eval ?? (values.data === undefined ? sample : missing('--eval')),
  )
  const bad = values.bad === undefined ? badRows(data.rows) : await readBadRows(values.bad)
  const endTelemetry =
    settings.OTEL_EXPORTER_OTLP_ENDPOINT === undefined ? async () => {} : await startTelemetry()
  const download = downloadBar(process.stdout)
  const { network, close } = await openNetwork(
    settings,
    step => say(`opening the ${step} ...`),
    download.show,
  ).finally(download.end)
  logWhatNobodyCaught(network.log)
  await finishOpenCalls(network, verbs)
  const agents = await startAgents(network)
  const closers: (() => Promise<unknown>)[] = [endTelemetry, close, () => agents.stop()]
  const end = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer()
  }
  try {
    const stays = values.json === undefined
    const bot = stays ? await openSurfaces(network, settings, closers) : undefined
    const [any] = await network.db.query('select id from proposals limit 1')
    let code = 0
    if (tourWanted || any === undefined) {
      const result = await runTour(network, screenOn(process.stdout, settings.NO_COLOR === undefined), {
        data,
        bad,
        questions,
      })
      const { ok, failed } = held(result)
      if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(result, null, 2)}\n`)
      say(ok ? `all ten steps held, in ${result.seconds.toFixed(0)} s` : `not held: ${failed.join('; ')}`)
      code = ok ? 0 : 1
    }
    if (stays) await chat(network, bot?.understand)
    return code
  } finally {
    await end()
  }
}

/** Opens what people and programs meet the node by; each is closed again by one of `closers`. */
export const openSurfaces = async (
  network: Network,
  settings: Settings,
  closers: (() => Promise<unknown>)[],
): Promise<Bot> => {
  const { openWeb } = await import('../../bots/web/web.ts')
  const understand = await openUnderstanding(network, settings)
  const bot = openBot(network, verbs, understand)
  const gateway = await openGateway(network, verbs, settings)
  const web = await openWeb(network, verbs, {
    port: settings.TRIBUTARY_PORT,
    host: settings.TRIBUTARY_HOST,
    publicUrl: settings.TRIBUTARY_PUBLIC_URL,
    understand,
    programs: gateway,
  })
  closers.push(
    () => web.close(),
    () => gateway.close(),
  )
  await gateway.opened(web)
  say(`web page: ${web.url}`)
  say(`programs: ${web.url}v1 (OpenAI), ${web.url}mcp, ${web.url}a2a, ${web.url}openapi.json`)
  const chats = await startChats(network, bot, {
    discordToken: settings.DISCORD_TOKEN,
    telegramToken: settings.TELEGRAM_TOKEN,
  })
  closers.push(() => chats.close())
  for (const platform of chats.platforms) say(`${platform}: on`)
  return bot
}

/** What reads free text: the grammar, and a chat model before it where one is set. */
const openUnderstanding = async (network: Network, { CHAT_MODEL }: Settings) =>
  openConcierge({
    network,
    verbs,
    chatModel: CHAT_MODEL === undefined ? null : await openChatModel(CHAT_MODEL, network),
  })

/** The terminal chat, until the person leaves, the piped lines end or the process is told to end. */
const chat = async (network: Network, understand: Bot['understand']): Promise<void> => {
  const { openTerminal } = await import('../../bots/terminal.ts')
  const told = new Promise<void>(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
  })
  // A service's standard input is /dev/null: nobody talks there, and it stays up. A pipe or a file holds lines to answer.
  const input = fstatSync(0)
  if (process.stdin.isTTY !== true && !input.isFIFO() && !input.isFile()) return told
  const file = join(network.folder, 'history')
  const history = existsSync(file)
    ? (await readFile(file, 'utf8')).split('\n').filter(line => line !== '')
    : []
  const terminal = await openTerminal(network, verbs, {
    input: process.stdin,
    output: process.stdout,
    user: userInfo().username,
    environment: process.env,
    history,
    ...(understand === undefined ? {} : { understand }),
  })
  const lines = await Promise.race([
    terminal.closed,
    told.then(() => terminal.close()).then(() => terminal.closed),
  ])
  await writeFile(file, lines.slice(0, 500).join('\n'), { mode: 0o600 })
}

/** The number of questions that the tour asks. */
const questionsWanted = (text: string): number => {
  const wanted = Number(text)
  if (Number.isInteger(wanted) && wanted >= 1 && wanted <= 1000) return wanted
  throw fault('option-invalid', `--questions ${text} is not a number of questions.`, {
    fix: 'Write a whole number from 1 to 1000.',
  })
}

const missing = (option: string): never => {
  throw fault('option-missing', `${option} is needed with --data.`, {
    fix: `Add ${option} FILE with held-out {question, answer} rows.`,
  })
}
