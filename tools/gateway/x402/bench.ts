import { sendCrowd } from './testing/crowd.ts'

/** `node tools/gateway/x402/bench.ts [payers]`: that many wallets pay for one answer each, all at once. */
const crowd = await sendCrowd(Number(process.argv[2] ?? 200))
process.stdout.write(
  `${JSON.stringify({ ...crowd, callsPerSecond: crowd.buyers / crowd.seconds }, null, 2)}\n`,
)
process.exit(crowd.exact && crowd.answered === crowd.buyers ? 0 : 1)
