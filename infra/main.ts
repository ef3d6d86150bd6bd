import { existsSync, fstatSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { startAgents } from '../agents/agents.ts'
import { openChatModel, openConcierge } from '../agents/concierge.ts'
import { startChats } from '../bots/chats.ts'
import { downloadBar } from '../bots/download-bar.ts'
import { type Bot, openBot } from '../bots/session.ts'
import { badRows } from '../bots/tour/bad-rows.ts'
import { readBadRows, readTourData } from '../bots/tour/data.ts'
import { screenOn } from '../bots/tour/screen.ts'
import { held, runTour } from '../bots/tour/tour.ts'
import { verifyBundle } from '../tools/bundle/verify.ts'
import type { Network } from '../tools/context.ts'
import { finishOpenCalls } from '../tools/finish-calls.ts'
import { openNetwork } from '../tools/network.ts'
import { verbs } from '../tools/verbs.ts'
import { readSettings, type Settings } from './env.ts'
import { fault, TributaryError } from './errors.ts'
import { newId } from './ids.ts'
import { logWhatNobodyCaught } from './last-resort.ts'
import { startTelemetry } from './telemetry.ts'

const root = resolve(import.meta.dirname, '..')
const sample = join(root, 'infra/samples/beekeepers')
const help = `tributary: models that pay the people who made them

  npm start                     start the node; on an empty data folder the tour runs first
  npm run tour                  play a model's whole life on the sample, from a proposal to a claimed reward
    -- --data F --eval F        on your own JSON Lines of {contributor, question, answer}
    -- --bad F                  bad rows from outside: {contributor, question, answer, licence, expected}
    -- --json F                 without a terminal; writes the result to F and ends
  npx tributary verify F.tar    check an exported bundle offline
    --attribution N             and compute the attribution of N of its answers anew, or of all
    --base FOLDER               on this base model (default: the shipped one)
    --seed TEXT                 your part in the draw of the N answers
  npx tributary doctor          check what Discord and Telegram need (with the node stopped)

Settings: TRIBUTARY_DATA (default .tributary), TRIBUTARY_BASE (a folder or owner/name), TRIBUTARY_PORT (4380), TRIBUTARY_THREADS, TRIBUTARY_DEVICE (cpu), TRIBUTARY_WEIGHTS (float32), DISCORD_TOKEN, TELEGRAM_TOKEN, CHAT_MODEL, LOG_LEVEL, DATABASE_URL, CHAIN_RPC_URL; all of them in README.md.
`
const say = (text: string): void => {
  process.stdout.write(`${text}\n`)
}

const { values, positionals } = (() => {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        data: { type: 'string' },
        eval: { type: 'string' },
        bad: { type: 'string' },
        json: { type: 'string' },
        questions: { type: 'string', default: '20' },
        attribution: { type: 'string' },
        base: { type: 'string' },
        seed: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${help}`)
    process.exit(2)
  }
})()

/** Starts the node, and the tour where it is asked for or the network is new; then stays up unless a result file was asked for. */
const start = async (tourWanted: boolean): Promise<number> => {
  const settings = readSettings(process.env)
  // Read before anything is opened: a wrong option or path should cost nobody a start.
  const questions = questionsWanted()
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
    const { openWeb } = await import('../bots/web/web.ts')
    const stays = values.json === undefined
    let bot: Bot | undefined
    if (stays) {
      const understand = await openUnderstanding(network, settings)
      bot = openBot(network, verbs, understand)
      const web = await openWeb(network, verbs, {
        port: settings.TRIBUTARY_PORT,
        host: '127.0.0.1',
        understand,
      })
      closers.push(() => web.close())
      say(`web page: ${web.url}`)
      const chats = await startChats(network, bot, tokensOf(settings))
      closers.push(() => chats.close())
      for (const platform of chats.platforms) say(`${platform}: on`)
    }
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

/** What reads free text: the grammar, and a chat model before it where one is set. */
const openUnderstanding = async (network: Network, { CHAT_MODEL }: Settings) =>
  openConcierge({
    network,
    verbs,
    chatModel: CHAT_MODEL === undefined ? null : await openChatModel(CHAT_MODEL, network),
  })

const tokensOf = ({ DISCORD_TOKEN, TELEGRAM_TOKEN }: Settings) => ({
  discordToken: DISCORD_TOKEN,
  telegramToken: TELEGRAM_TOKEN,
})

/** Looks at what the chat platforms need. The node must not run: a data folder belongs to one process. */
const doctor = async (): Promise<number> => {
  const settings = readSettings(process.env)
  if (settings.DISCORD_TOKEN === undefined && settings.TELEGRAM_TOKEN === undefined)
    throw fault('token-missing', 'Neither DISCORD_TOKEN nor TELEGRAM_TOKEN is set.', {
      fix: 'Set the token of a bot, and run tributary doctor again.',
      blame: 'operator',
    })
  const { network, close } = await openNetwork(settings, () => {})
  try {
    const chats = await startChats(network, openBot(network, verbs), tokensOf(settings))
    const found = await chats.doctor().finally(() => chats.close())
    for (const { platform, findings } of found)
      for (const { ok, what, fix } of findings)
        say(`${ok ? 'ok  ' : 'FAIL'}  ${platform}: ${what}${fix === '' ? '' : `\n      ${fix}`}`)
    return found.every(({ findings }) => findings.every(({ ok }) => ok)) ? 0 : 1
  } finally {
    await close()
  }
}

/** The terminal chat, until the person leaves, the piped lines end or the process is told to end. */
const chat = async (network: Network, understand: Bot['understand']): Promise<void> => {
  const { openTerminal } = await import('../bots/terminal.ts')
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
const questionsWanted = (): number => {
  const wanted = Number(values.questions)
  if (Number.isInteger(wanted) && wanted >= 1 && wanted <= 1000) return wanted
  throw fault('option-invalid', `--questions ${values.questions} is not a number of questions.`, {
    fix: 'Write a whole number from 1 to 1000.',
  })
}

const missing = (option: string): never => {
  throw fault('option-missing', `${option} is needed with --data.`, {
    fix: `Add ${option} FILE with held-out {question, answer} rows.`,
  })
}

const verify = async (file: string | undefined): Promise<number> => {
  if (file === undefined)
    throw fault('file-missing', 'No bundle was named.', { fix: 'Run tributary verify FILE.tar.' })
  const answers = values.attribution === undefined ? null : answersWanted(values.attribution)
  const { ok, checks } = await verifyBundle(file)
  for (const item of checks)
    say(`${item.ok ? 'ok  ' : 'FAIL'}  ${item.name} (${item.count})${item.ok ? '' : `: ${item.detail}`}`)
  say(ok ? 'The bundle holds.' : 'The bundle does not hold.')
  if (!ok) return 1
  return answers === null ? 0 : recompute(file, answers)
}

/** The number of answers whose attribution is computed anew. */
const answersWanted = (wanted: string): number | 'all' => {
  const count = wanted === 'all' ? wanted : Number(wanted)
  if (count === 'all' || (Number.isInteger(count) && count >= 1)) return count
  throw fault('option-invalid', `--attribution ${wanted} is not a number of answers.`, {
    fix: 'Write a whole number from 1 on, or all.',
  })
}

/** Computes the attribution of some answers of a bundle anew; the engine is loaded for this alone. */
const recompute = async (file: string, count: number | 'all'): Promise<number> => {
  const { recomputeAttribution } = await import('../tools/bundle/recompute.ts')
  const { recomputationLines } = await import('../tools/bundle/recompute-report.ts')
  const result = await recomputeAttribution(file, {
    count,
    say,
    threads: readSettings(process.env).TRIBUTARY_THREADS,
    ...(values.base === undefined ? {} : { base: values.base }),
    ...(values.seed === undefined ? {} : { seed: values.seed }),
  })
  for (const line of recomputationLines(result)) say(line)
  return result.ok ? 0 : 1
}

const main = async (): Promise<number> => {
  const [command = 'start', argument] = positionals
  if (values.help || command === 'help') {
    say(help)
    return 0
  }
  if (command === 'start') return start(false)
  if (command === 'tour') return start(true)
  if (command === 'verify') return verify(argument)
  if (command === 'doctor') return doctor()
  process.stderr.write(`There is no command "${command}".\n\n${help}`)
  return 2
}

main().then(
  code => process.exit(code),
  (error: unknown) => {
    if (error instanceof TributaryError && error.blame !== 'ours')
      process.stderr.write(`${error.message}\n${error.fix}\n`)
    else {
      const incident = newId()
      process.stderr.write(
        `Something went wrong that should not (incident ${incident}).\n${error instanceof Error ? error.stack : String(error)}\n`,
      )
    }
    process.exit(1)
  },
)
