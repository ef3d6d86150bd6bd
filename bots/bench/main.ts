/** `npm run bench-chats [-- --seconds 120] [--rate 50] [--only flow,node] [--json FILE]`: measures the bars of the chats. */
import { writeFile } from 'node:fs/promises'
import { availableParallelism, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { spreadText } from '../../infra/testing/figures.ts'
import { openDiscordChat } from './discord-chat.ts'
import { type Flow, measureFlow } from './flow.ts'
import { measureNode, type NodeFigures } from './node.ts'
import { openTelegramChat } from './telegram-chat.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '120' },
    rate: { type: 'string', default: '50' },
    only: { type: 'string', default: 'flow,node' },
    json: { type: 'string' },
  },
})
const seconds = Number(values.seconds)
const rate = Number(values.rate)
const only = values.only.split(',')
if (!(seconds > 0) || !(rate > 0) || only.some(part => part !== 'flow' && part !== 'node')) {
  process.stderr.write('Write --seconds and --rate as numbers above 0, and --only as flow, node or both.\n')
  process.exit(2)
}
const say = (text: string): void => {
  process.stdout.write(`${text}\n`)
}
const bar = (ok: boolean, text: string): boolean => {
  say(`${ok ? 'ok  ' : 'MISS'}  ${text}`)
  return ok
}

const machine = { cores: availableParallelism(), load: Math.round(10 * (loadavg()[0] ?? 0)) / 10 }
say(`${new Date().toISOString()}, ${machine.cores} cores, load ${machine.load}, Node ${process.version}`)
say('The bot and the fake platforms share one process; memory is that of both.')
const held: boolean[] = []
const flows: Flow[] = []
let node: NodeFigures | null = null
if (only.includes('flow'))
  for (const open of [openDiscordChat, openTelegramChat]) {
    const flow = await measureFlow(open, { seconds, rate })
    flows.push(flow)
    const { platform, sent, perSecond, latency, lost, doubled, disordered, memory } = flow
    say(`${platform}: ${sent} lines in ${seconds} s, ${perSecond} answers/s, ${spreadText(latency)}`)
    say(
      `      memory at most ${memory.mostMiB} MiB, at the end ${memory.lastMiB} MiB (heap ${memory.heapMiB} MiB)`,
    )
    const whole = lost + doubled + disordered === 0 && perSecond >= 0.95 * rate
    held.push(
      bar(
        whole,
        `${platform}: ${rate}/s; ${lost} lost, ${doubled} doubled, ${disordered} chats out of order`,
      ),
    )
  }
if (only.includes('node')) {
  node = await measureNode(say)
  for (const { what, spread } of node.acknowledgements)
    held.push(
      bar((spread.p99 ?? Number.POSITIVE_INFINITY) < 500, `${what}, while training: ${spreadText(spread)}`),
    )
  say(`      ${node.trainingSeconds} s of training, ${node.tokensPerSecond} tokens/s`)
  for (const { what, spread } of node.firstTokens)
    held.push(bar((spread.p50 ?? Number.POSITIVE_INFINITY) < 1500, `${what}: ${spreadText(spread)}`))
}
if (values.json !== undefined)
  await writeFile(
    values.json,
    `${JSON.stringify({ at: new Date(), machine, seconds, rate, flows, node }, null, 2)}\n`,
  )
process.exit(held.every(Boolean) ? 0 : 1)
