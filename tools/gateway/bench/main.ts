/** `npm run bench-gateway [-- --streams 1000] [--requests 1000] [--json FILE]`: measures the bars of the gateway. */
import { writeFile } from 'node:fs/promises'
import { availableParallelism, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { spreadText } from '../../../infra/testing/figures.ts'
import { measureOverhead, type Overhead } from './overhead.ts'
import { measureStreams } from './streams.ts'

const { values } = parseArgs({
  options: {
    streams: { type: 'string', default: '1000' },
    requests: { type: 'string', default: '1000' },
    json: { type: 'string' },
  },
})
const streams = Number(values.streams)
const requests = Number(values.requests)
if (!(streams >= 1) || !(requests >= 100)) {
  process.stderr.write('Write --streams as a number from 1 and --requests as one from 100.\n')
  process.exit(2)
}
const say = (text: string): void => {
  process.stdout.write(`${text}\n`)
}
const held: boolean[] = []
const bar = (ok: boolean, text: string): void => {
  say(`${ok ? 'ok  ' : 'MISS'}  ${text}`)
  held.push(ok)
}

const machine = { cores: availableParallelism(), load: Math.round(10 * (loadavg()[0] ?? 0)) / 10 }
say(`${new Date().toISOString()}, ${machine.cores} cores, load ${machine.load}, Node ${process.version}`)
say('A scripted model on a real database; clients on the same machine.')
const overheads: Overhead[] = []
for (const concurrency of [1, 4]) {
  const overhead = await measureOverhead(concurrency, requests)
  overheads.push(overhead)
  say(`      bare HTTP server, ${concurrency} at a time: ${spreadText(overhead.bare)}`)
  say(`      the verb alone, ${concurrency} at a time: ${spreadText(overhead.verb)}`)
  bar(
    (overhead.gateway.p99 ?? Number.POSITIVE_INFINITY) < 10,
    `gateway above the engine, ${concurrency} at a time: ${spreadText(overhead.gateway)}`,
  )
}
const crowd = await measureStreams(streams)
bar(
  crowd.whole === streams,
  `${crowd.whole} of ${streams} streams whole, ${crowd.together} at the same moment`,
)
for (const fault of crowd.faults) say(`      ${fault}`)
say(`      first word ${spreadText(crowd.first)}; ${crowd.wordsPerSecond} words/s`)
say(
  `      memory ${crowd.memory.before} MiB before, ${crowd.memory.mostMiB} at most, ${crowd.memory.lastMiB} after`,
)
if (values.json !== undefined)
  await writeFile(values.json, `${JSON.stringify({ at: new Date(), machine, overheads, crowd }, null, 2)}\n`)
process.exit(held.every(Boolean) ? 0 : 1)
