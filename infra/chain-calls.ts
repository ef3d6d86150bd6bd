import { decodeFunctionResult, encodeAbiParameters, keccak256, stringToHex } from 'viem'
import type { Chain, ChainAddresses, Hex, ProposalStatus, RawTransaction, Sent } from './chain-api.ts'
import { type ContractName, contracts, encodeCall } from './chain-contracts.ts'
import type { Evm } from './chain-evm.ts'
import type { Journal } from './chain-journal.ts'
import { callOf, refusal, type Sender, sentOf } from './chain-send.ts'
import { authorize, type Role, type Wallet, type Wallets } from './chain-wallets.ts'
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
/** How long a signature for a relayed call holds, in seconds: it is used at once, or not at all. */
const AUTHORIZATION_SECONDS = 86_400n

const tag = (name: string): Hex => keccak256(stringToHex(`tributary/${name}`))

/** keccak256(abi.encode(words...)): what a contract computes as the nonce of an action. */
const nonceOf = (...words: readonly Hex[]): Hex =>
  keccak256(
    encodeAbiParameters(
      words.map(() => ({ type: 'bytes32' })),
      words,
    ),
  )

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

interface Parts {
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
  const at = {
    AccessManager: addresses.manager,
    Token: addresses.token,
    Registry: addresses.registry,
    Rewards: addresses.rewards,
  }
  const tokenDomain = { name: 'Tributary Credit', version: '1', chainId, verifyingContract: addresses.token }

  const read = async <T>(contract: ContractName, functionName: string, ...args: unknown[]): Promise<T> => {
    const call = { to: at[contract], data: encodeCall(contract, functionName, args) }
    const time = evm.nextTime()
    const overrides = time === null ? [] : [{}, { time: `0x${time.toString(16)}` }]
    try {
      const data = (await evm.rpc('eth_call', [call, 'latest', ...overrides])) as Hex
      return decodeFunctionResult({ abi: contracts[contract].abi, functionName, data }) as T
    } catch (error) {
      throw refusal(`${contract}.${functionName}`, error)
    }
  }

  const chainTime = async (): Promise<bigint> => {
    const block = (await evm.rpc('eth_getBlockByNumber', ['latest', false])) as { timestamp: Hex }
    return evm.nextTime() ?? BigInt(block.timestamp)
  }

  type Args = readonly unknown[] | (() => Promise<readonly unknown[]>)
  const write = async (
    role: Role,
    key: string,
    contract: ContractName,
    name: string,
    args: Args,
  ): Promise<Sent> =>
    sentOf(
      await sender.send(key, async () =>
        callOf(role, contract, at[contract], name, typeof args === 'function' ? await args() : args),
      ),
    )
  const operator = (key: string, contract: ContractName, name: string, args: Args): Promise<Sent> =>
    write('operator', key, contract, name, args)

  const signed = async (wallet: Wallet, kind: 'receive' | 'transfer', to: Hex, units: bigint, nonce: Hex) =>
    authorize(wallet, tokenDomain, kind, {
      to,
      units,
      nonce,
      validBefore: (await chainTime()) + AUTHORIZATION_SECONDS,
    })

  const [challengeWindowSeconds, disputeWindowSeconds, leastBondUnits] = [
    await read<number>('Rewards', 'WINDOW'),
    await read<number>('Registry', 'DISPUTE_WINDOW'),
    await read<bigint>('Registry', 'LEAST_BOND'),
  ]

  return {
    challengeWindowSeconds,
    disputeWindowSeconds,
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
        const nonce = nonceOf(tag('deposit'), keccak256(stringToHex(key)))
        const a = await signed(person, 'transfer', addresses.treasury, units, nonce)
        return [person.address, addresses.treasury, units, a.validAfter, a.validBefore, nonce, a.v, a.r, a.s]
      }),

    propose: (key, { proposalId, wallet, bondUnits, contentHash }) =>
      operator(key, 'Registry', 'propose', async () => {
        const person = wallets.person(wallet)
        const nonce = nonceOf(tag('propose'), proposalId, contentHash)
        const authorization = await signed(person, 'receive', addresses.registry, bondUnits, nonce)
        return [proposalId, contentHash, person.address, bondUnits, authorization]
      }),
    pledge: (key, { proposalId, wallet, units }) =>
      operator(key, 'Registry', 'pledge', async () => {
        const person = wallets.person(wallet)
        const salt = keccak256(stringToHex(key))
        const nonce = nonceOf(tag('pledge'), proposalId, salt)
        const authorization = await signed(person, 'receive', addresses.registry, units, nonce)
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
        const salt = keccak256(stringToHex(key))
        const treasurer = wallets.role('treasurer')
        const authorization = await signed(
          treasurer,
          'receive',
          addresses.rewards,
          units,
          nonceOf(tag('fund-rewards'), salt),
        )
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
