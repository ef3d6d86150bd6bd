import { type Args, nonceOf, openAccess, saltOf, tag } from './chain-access.ts'
import type { Chain, ChainAddresses, Hex, ProposalStatus, RawTransaction, Sent } from './chain-api.ts'
import type { ContractName } from './chain-contracts.ts'
import { disputeCalls } from './chain-disputes.ts'
import type { Evm } from './chain-evm.ts'
import type { Journal } from './chain-journal.ts'
import { paymentCalls } from './chain-payments.ts'
import type { Sender } from './chain-send.ts'
import type { Wallets } from './chain-wallets.ts'
import { fault } from './errors.ts'

/** In the order of IRegistry.Status. */
const STATUSES: readonly ProposalStatus[] = [
  'none',
  'proposed',
  'polled',
  'passed',
  'rejected',
  'expired',
  'released',
  'slashed',
]
/** Root of a Rewards contract that had none yet. */
const NO_ROOT = `0x${'0'.repeat(63)}1`
interface Standing {
  root: Hex
  total: bigint
  funded: bigint
  paid: bigint
  paused: boolean
  pendingRoot: Hex
  pendingTotal: bigint
  activeAt: number
  epoch: number
  disputed: boolean
}

interface OnChainProposal {
  bond: bigint
  bondPaid: bigint
  pledged: bigint
  pollFinalAt: number
}

/** What the calls stand on. */
export interface Parts {
  evm: Evm
  journal: Journal
  sender: Sender
  wallets: Wallets
  chainId: number
  addresses: ChainAddresses
  newKey(): string
}

/** The calls of `Chain` over an opened chain with its contracts in place. */
export const openCalls = async (o: Parts): Promise<Chain> => {
  const { evm, journal, sender, wallets, chainId, addresses } = o
  const access = openAccess(o)
  const { read, write, signed } = access
  const operator = (key: string, contract: ContractName, name: string, args: Args): Promise<Sent> =>
    write('operator', key, contract, name, args)

  const [challengeWindowSeconds, disputeWindowSeconds, deliverySeconds, leastBondUnits] = [
    await read<number>('Rewards', 'WINDOW'),
    await read<number>('Registry', 'DISPUTE_WINDOW'),
    await read<number>('Registry', 'DELIVERY_TERM'),
    await read<bigint>('Registry', 'LEAST_BOND'),
  ]

  return {
    challengeWindowSeconds,
    disputeWindowSeconds,
    deliverySeconds,
    leastBondUnits,
    address: wallet => wallets.person(wallet).address,
    balance: address => read('Token', 'balanceOf', address),
    proposal: async proposalId => {
      const status = STATUSES[await read<number>('Registry', 'statusOf', proposalId)] ?? 'none'
      const p = await read<OnChainProposal>('Registry', 'proposal', proposalId)
      return {
        status,
        bondUnits: p.bond,
        bondHeldUnits: p.bond - p.bondPaid,
        pledgedUnits: p.pledged,
        pollFinalAt: BigInt(p.pollFinalAt),
      }
    },
    rewards: async () => {
      const s = await read<Standing>('Rewards', 'standing')
      const pending = {
        root: s.pendingRoot,
        epoch: s.epoch,
        totalUnits: s.pendingTotal,
        activeAt: BigInt(s.activeAt),
        disputed: s.disputed,
      }
      return {
        activeRoot: s.root === NO_ROOT ? null : s.root,
        activeTotalUnits: s.total,
        pending: BigInt(s.pendingRoot) === 0n ? null : pending,
        fundedUnits: s.funded,
        paidUnits: s.paid,
      }
    },
    claimed: async index => {
      const [units, frozen] = await read<[bigint, boolean]>('Rewards', 'claimed', BigInt(index))
      return { units, frozen }
    },

    mint: async (key, to, units) => {
      if (evm.embedded) return operator(key, 'Token', 'mint', [to, units])
      throw fault('chain-embedded-only', 'Tokens can be minted on the embedded chain only.', {
        fix: 'Buy or bridge the token of that chain.',
        blame: 'operator',
      })
    },
    deposit: (key, { wallet, units }) =>
      operator(key, 'Token', 'transferWithAuthorization', async () => {
        const person = wallets.person(wallet)
        const nonce = nonceOf(tag('deposit'), saltOf(key))
        const a = await signed(person, 'transfer', { to: addresses.treasury, units: units, nonce: nonce })
        return [person.address, addresses.treasury, units, a.validAfter, a.validBefore, nonce, a.v, a.r, a.s]
      }),

    transfer: (key, { wallet, to, units }) =>
      operator(key, 'Token', 'transferWithAuthorization', async () => {
        const person = wallets.person(wallet)
        const nonce = nonceOf(tag('transfer'), saltOf(key))
        const a = await signed(person, 'transfer', { to, units, nonce })
        return [person.address, to, units, a.validAfter, a.validBefore, nonce, a.v, a.r, a.s]
      }),

    propose: (key, { proposalId, wallet, bondUnits, contentHash }) =>
      operator(key, 'Registry', 'propose', async () => {
        const person = wallets.person(wallet)
        const nonce = nonceOf(tag('propose'), proposalId, contentHash)
        const authorization = await signed(person, 'receive', {
          to: addresses.registry,
          units: bondUnits,
          nonce: nonce,
        })
        return [proposalId, contentHash, person.address, bondUnits, authorization]
      }),
    pledge: (key, { proposalId, wallet, units }) =>
      operator(key, 'Registry', 'pledge', async () => {
        const person = wallets.person(wallet)
        const salt = saltOf(key)
        const nonce = nonceOf(tag('pledge'), proposalId, salt)
        const authorization = await signed(person, 'receive', {
          to: addresses.registry,
          units: units,
          nonce: nonce,
        })
        return [proposalId, person.address, units, salt, authorization]
      }),
    recordPoll: (key, { proposalId, ...poll }) => operator(key, 'Registry', 'recordPoll', [proposalId, poll]),
    openDatanet: (key, p) => operator(key, 'Registry', 'openDatanet', [p.proposalId, p.constitutionHash]),
    anchorSnapshot: (key, p) => operator(key, 'Registry', 'anchorSnapshot', [p.proposalId, p.root, p.rows]),
    commitAdapter: (key, p) =>
      operator(key, 'Registry', 'commitAdapter', [
        p.proposalId,
        p.baseHash,
        p.adapterHash,
        p.snapshotRoot,
        p.evaluationHash,
      ]),
    release: (key, p) =>
      operator(key, 'Registry', 'release', [p.proposalId, p.number, p.adapterHash, p.releaseHash]),
    closeProposal: (key, p) => operator(key, 'Registry', 'close', [p.proposalId]),
    refundPledge: (key, p) => operator(key, 'Registry', 'refundPledge', [p.proposalId, p.account]),
    anchorLedger: (key, p) => operator(key, 'Registry', 'anchorLedger', [p.root, p.fromSeq, p.toSeq]),

    fundRewards: (key, units) =>
      operator(key, 'Rewards', 'fund', async () => {
        const salt = saltOf(key)
        const nonce = nonceOf(tag('fund-rewards'), salt)
        const treasurer = wallets.role('treasurer')
        const authorization = await signed(treasurer, 'receive', { to: addresses.rewards, units, nonce })
        return [treasurer.address, units, salt, authorization]
      }),
    postRewards: (key, p) =>
      write('poster', key, 'Rewards', 'post', [p.root, p.fileHash, p.epoch, p.totalUnits]),
    claim: (key, p) =>
      operator(key, 'Rewards', 'claim', [
        { index: BigInt(p.index), account: p.account, cumulative: p.cumulativeUnits },
        p.proof,
      ]),

    claimRange: (key, { first, claims, place, proof }) => {
      const entries = claims.map(({ account, cumulativeUnits }) => (BigInt(account) << 64n) | cumulativeUnits)
      return operator(key, 'Rewards', 'claimRange', [BigInt(first), BigInt(place), entries, proof])
    },

    ...disputeCalls(access, wallets, addresses),
    ...paymentCalls({ ...o, access }),

    advance: (seconds, key) => sender.advance(key ?? `advance/${o.newKey()}`, BigInt(seconds)),
    status: async () => {
      const block = (await evm.rpc('eth_getBlockByNumber', ['latest', false])) as {
        number: Hex
        timestamp: Hex
      }
      return {
        embedded: evm.embedded,
        chainId,
        block: BigInt(block.number),
        time: evm.nextTime() ?? BigInt(block.timestamp),
        addresses,
        pid: evm.pid,
        pending: await journal.pending(),
      }
    },
    rawTransactions: async () => {
      const all: RawTransaction[] = []
      for await (const entry of journal.after(0n)) {
        const { key, call, hash, raw, sender: from, blockNumber, blockTimestamp, receipt } = entry
        if (hash === null || raw === null || from === null || receipt === null) continue
        if (blockNumber === null || blockTimestamp === null) continue
        all.push({
          key,
          call,
          hash,
          raw,
          from,
          nonce: Number(entry.nonce),
          blockNumber,
          blockTimestamp,
          receipt,
        })
      }
      return all
    },
    close: () => evm.close(),
  }
}
