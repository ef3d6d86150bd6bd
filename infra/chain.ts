import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Chain, Hex } from './chain-api.ts'
import { openCalls } from './chain-calls.ts'
import {
  addressesOf,
  type DeploymentTerms,
  embeddedTerms,
  openDeployment,
  outsideTerms,
} from './chain-deploy.ts'
import { openEmbedded } from './chain-embedded.ts'
import type { Evm } from './chain-evm.ts'
import { openJournal } from './chain-journal.ts'
import { openOutside } from './chain-outside.ts'
import { openSender } from './chain-send.ts'
import { openWallets } from './chain-wallets.ts'
import type { Clock } from './clock.ts'
import type { Db } from './db.ts'
import { fault } from './errors.ts'
import { openKeys } from './keys.ts'

export type * from './chain-api.ts'

/** Chain id of the embedded network. A fixed one of our own: signatures name it, and wallets tell networks apart by it. */
export const EMBEDDED_CHAIN_ID = 711_770

export interface ChainOptions {
  readonly db: Db
  /** The data folder; the chain lives in `chain/`, the keys in `keys/`. */
  readonly folder: string
  /** A node of another chain; the embedded one runs without it. */
  readonly rpcUrl?: string
  /** With `rpcUrl`: refuse any other chain. Without: the embedded chain's id. */
  readonly chainId?: number
  /** The network's clock; what it was moved ahead is taken off, because the chain keeps its own account of that. */
  readonly clock?: Clock & { readonly offsetMs?: number }
  /** For a first start; a deployed contract keeps its own. */
  readonly terms?: Partial<DeploymentTerms>
}

const connect = async (url: string, wanted: number | undefined): Promise<{ evm: Evm; chainId: number }> => {
  const evm = openOutside(url)
  const chainId = Number((await evm.rpc('eth_chainId')) as Hex)
  if (wanted !== undefined && wanted !== chainId)
    throw fault('chain-wrong-id', `The node at CHAIN_RPC_URL runs chain ${chainId}, not ${wanted}.`, {
      fix: `Set CHAIN_RPC_URL to a node of chain ${wanted}.`,
      facts: { recorded: wanted, connected: chainId },
      blame: 'operator',
    })
  return { evm, chainId }
}

/**
 * Opens the chain: the embedded one, rebuilt from the journal where needed, or the one behind `rpcUrl`; deploys the contracts
 * on the first start. What was journaled and not mined is broadcast before this returns, so a kill loses nothing and sends
 * nothing twice.
 * Throws `chain-in-use`, `chain-wrong-id`, `chain-code-missing`, `chain-diverged`, `keys-corrupt`, `keys-foreign`.
 */
export const openChain = async (o: ChainOptions): Promise<Chain> => {
  const wallets = openWallets(openKeys(o.folder).seed)
  const clock = o.clock
  const now = (): bigint =>
    BigInt(Math.floor((clock ? clock.now().getTime() - (clock.offsetMs ?? 0) : Date.now()) / 1000))
  const outside = o.rpcUrl === undefined ? null : await connect(o.rpcUrl, o.chainId)
  const chainId = outside?.chainId ?? o.chainId ?? EMBEDDED_CHAIN_ID
  const journal = openJournal(o.db, chainId)
  const first = await journal.find('deploy/AccessManager')
  const operator = wallets.role('operator').address
  if (first !== null && first.sender !== operator)
    throw fault(
      'keys-foreign',
      `The keys in ${join(o.folder, 'keys')} are not those that deployed the contracts.`,
      {
        fix: 'Put the key file of this data folder back.',
        facts: { expected: first.sender, found: operator },
        blame: 'operator',
      },
    )
  const evm = outside?.evm ?? (await openEmbedded({ folder: join(o.folder, 'chain'), chainId, journal, now }))
  try {
    const sender = openSender({ evm, journal, wallets, chainId })
    await sender.finish()
    const terms = { ...(evm.embedded ? embeddedTerms : outsideTerms), ...o.terms }
    const at = await openDeployment({ db: o.db, evm, sender, wallets, chainId, terms })
    return await openCalls({
      evm,
      journal,
      sender,
      wallets,
      chainId,
      addresses: addressesOf(at, wallets),
      newKey: randomUUID,
    })
  } catch (error) {
    await evm.close()
    throw error
  }
}
