import { type Access, nonceOf, tag } from './chain-access.ts'
import type { ChainAddresses, Disputes, Hex } from './chain-api.ts'
import type { Wallets } from './chain-wallets.ts'

/** The calls of `Disputes`: bonds are signed by the person, decisions are sent by the arbiter, safety by the guardian. */
export const disputeCalls = (access: Access, wallets: Wallets, addresses: ChainAddresses): Disputes => {
  const { read, write, signed } = access
  return {
    challengeRewards: (key, { wallet, evidenceHash }) =>
      write('operator', key, 'Rewards', 'challenge', async () => {
        const person = wallets.person(wallet)
        const { pendingRoot } = await read<{ pendingRoot: Hex }>('Rewards', 'standing')
        const units = await read<bigint>('Rewards', 'BOND')
        const nonce = nonceOf(tag('challenge-rewards'), pendingRoot, evidenceHash)
        const authorization = await signed(person, 'receive', { to: addresses.rewards, units, nonce })
        return [person.address, evidenceHash, authorization]
      }),
    resolveRewards: (key, p) => write('arbiter', key, 'Rewards', 'resolve', [p.upheld, p.findingHash]),
    withdrawRewards: key => write('poster', key, 'Rewards', 'withdraw', []),
    freeze: (key, p) => write('guardian', key, 'Rewards', 'freeze', [BigInt(p.index), p.frozen]),
    pauseRewards: (key, paused) => write('guardian', key, 'Rewards', 'setPause', [paused]),
    disputePoll: (key, { proposalId, wallet, evidenceHash }) =>
      write('operator', key, 'Registry', 'disputePoll', async () => {
        const person = wallets.person(wallet)
        const { pollHash } = await read<{ pollHash: Hex }>('Registry', 'proposal', proposalId)
        const units = await read<bigint>('Registry', 'LEAST_BOND')
        const nonce = nonceOf(tag('dispute-poll'), proposalId, pollHash, evidenceHash)
        const authorization = await signed(person, 'receive', { to: addresses.registry, units, nonce })
        return [proposalId, person.address, evidenceHash, authorization]
      }),
    resolvePoll: (key, p) =>
      write('arbiter', key, 'Registry', 'resolvePoll', [p.proposalId, p.upheld, p.findingHash]),
    accuse: (key, p) =>
      write('arbiter', key, 'Registry', 'accuse', [p.proposalId, p.fault === 'spam' ? 0 : 1, p.evidenceHash]),
    dropAccusation: (key, p) =>
      write('guardian', key, 'Registry', 'dropAccusation', [p.proposalId, p.findingHash]),
    slash: (key, p) => write('arbiter', key, 'Registry', 'slash', [p.proposalId]),
    markTakedown: (key, p) => write('guardian', key, 'Registry', 'markTakedown', [p.subject, p.reasonHash]),
  }
}
