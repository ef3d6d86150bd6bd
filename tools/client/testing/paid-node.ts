import { randomBytes } from 'node:crypto'
import { openWallets } from '../../../infra/chain-wallets.ts'
import { readSettings } from '../../../infra/env.ts'
import { openGateway } from '../../gateway/gateway.ts'
import { openServer } from '../../gateway/server.ts'
import { openBooth } from '../../gateway/x402/testing/market.ts'
import { verbs } from '../../verbs.ts'

/** A node that is paid by x402 on a real embedded chain. */
export const openPaidNode = async () => {
  const booth = await openBooth()
  const { stage, chain } = booth
  const settings = { ...readSettings({}), TRIBUTARY_ANONYMOUS_RATE: 100_000 }
  const gateway = await openGateway(stage.network, verbs, settings)
  const server = await openServer((request, bindings) => gateway.fetch(request, bindings), { port: 0 })
  await gateway.opened(server)
  const { chainId, addresses } = await chain.status()
  return {
    url: server.url,
    stage,
    network: `eip155:${chainId}`,
    token: addresses.token,
    /** A wallet that the node has no key of. */
    walletWith: async (units: bigint) => {
      const signer = openWallets(randomBytes(32)).person(0)
      if (units > 0n) await chain.mint(`mint/${signer.address}`, signer.address, units)
      return signer
    },
    holds: (address: `0x${string}`): Promise<bigint> => chain.balance(address),
    close: async () => {
      await server.close(() => void gateway.close())
      await booth.close()
    },
  }
}
