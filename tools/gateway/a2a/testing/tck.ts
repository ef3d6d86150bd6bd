import { verbs } from '../../../verbs.ts'
import { openGateway } from '../../gateway.ts'
import { openServer } from '../../server.ts'
import { openAgents } from './agents.ts'

/**
 * Serves the agents for a2aproject/a2a-tck, which sends no credentials: every request that brings none gets Ann's key. The
 * model's script does nothing but answer. Prints where the agent to test is, and stays until it is told to end.
 */
const stage = await openAgents({ prepaid: 1_000_000_000_000n })
const key = await stage.key()
const gateway = await openGateway(stage.network, verbs, {
  TRIBUTARY_ANONYMOUS_RATE: 100_000,
  TRIBUTARY_CORS: [],
  TRIBUTARY_WEBHOOKS: 'public',
  X402_FACILITATOR_URL: undefined,
})
const server = await openServer(
  (request, bindings) => {
    const known = new Request(request)
    if (!known.headers.has('authorization')) known.headers.set('authorization', `Bearer ${key}`)
    return gateway.fetch(known, bindings)
  },
  { port: 0 },
)
await gateway.opened(server)
process.stdout.write(`${server.url}a2a/models/bees\n`)
process.once('SIGTERM', async () => {
  await server.close(() => void gateway.close())
  await stage.close()
})
