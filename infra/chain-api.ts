import type { Payments } from './chain-payments.ts'

export type { PaymentSigner, Payments } from './chain-payments.ts'

/** 0x-prefixed lower-case hex: 32-byte ids and hashes, 20-byte addresses (checksummed), raw transactions. */
export type Hex = `0x${string}`

/** The transaction that did it. The same key again returns the first one's hash. */
export interface Sent {
  readonly tx: Hex
}

export interface ChainAddresses {
  readonly manager: Hex
  readonly token: Hex
  readonly registry: Hex
  readonly rewards: Hex
  /** Receives deposits, released pledges and slashed bonds. */
  readonly treasury: Hex
  readonly operator: Hex
}

export interface ChainStatus {
  readonly embedded: boolean
  readonly chainId: number
  readonly block: bigint
  /** Chain time, Unix seconds; the embedded chain runs ahead of the machine by what `advance` added. */
  readonly time: bigint
  readonly addresses: ChainAddresses
  /** The embedded node's process id; null on an outside chain. */
  readonly pid: number | null
  /** Journaled transactions that no block holds yet. */
  readonly pending: number
}

/** Where the next payout root stands. Roots become active by time alone; nothing has to be sent. */
export interface PendingRewards {
  readonly root: Hex
  readonly epoch: number
  readonly totalUnits: bigint
  /** Unix seconds of chain time from which it is claimable, unless it is disputed. */
  readonly activeAt: bigint
  readonly disputed: boolean
}

export interface RewardsState {
  readonly activeRoot: Hex | null
  readonly activeTotalUnits: bigint
  readonly pending: PendingRewards | null
  readonly fundedUnits: bigint
  readonly paidUnits: bigint
}

export type ProposalStatus =
  | 'none'
  | 'proposed'
  | 'polled'
  | 'passed'
  | 'rejected'
  | 'expired'
  | 'released'
  | 'slashed'

export interface ProposalState {
  readonly status: ProposalStatus
  readonly bondUnits: bigint
  /** What of the bond is still held. */
  readonly bondHeldUnits: bigint
  readonly pledgedUnits: bigint
  /** Unix seconds of chain time at which the poll's result becomes final; 0 before a poll. */
  readonly pollFinalAt: bigint
}

/** One entry of the audit bundle: enough to check offline who sent what, and what the chain answered. */
export interface RawTransaction {
  readonly key: string
  readonly call: string
  readonly hash: Hex
  readonly raw: Hex
  readonly from: Hex
  readonly nonce: number
  readonly blockNumber: bigint
  readonly blockTimestamp: bigint
  readonly receipt: TransactionReceipt
}

export interface TransactionReceipt {
  readonly status: 'success' | 'reverted'
  readonly gasUsed: string
  readonly contractAddress: Hex | null
  readonly logs: readonly { readonly address: Hex; readonly topics: readonly Hex[]; readonly data: Hex }[]
}

/** Challenges, decisions and safety. Hashes are of the evidence or finding that is published beside them. */
export interface Disputes {
  /** Halts the pending payout root until it is resolved; takes the challenge bond from the wallet. */
  challengeRewards(key: string, o: { wallet: number; evidenceHash: Hex }): Promise<Sent>
  /** Upheld: the root is dropped and the bond returns; rejected: the bond goes to the treasury. */
  resolveRewards(key: string, o: { upheld: boolean; findingHash: Hex }): Promise<Sent>
  /** The poster takes its pending root back. */
  withdrawRewards(key: string): Promise<Sent>
  /** Stops or allows claims of an index, for re-linking. */
  freeze(key: string, o: { index: number; frozen: boolean }): Promise<Sent>
  /** Stops posts and claims; the window of a pending root starts anew at the end of a pause. */
  pauseRewards(key: string, paused: boolean): Promise<Sent>
  /** Halts a poll's result until it is resolved; takes a bond of `leastBondUnits` from the wallet. */
  disputePoll(key: string, o: { proposalId: Hex; wallet: number; evidenceHash: Hex }): Promise<Sent>
  /** Upheld: the poll is void and may be recorded anew. */
  resolvePoll(key: string, o: { proposalId: Hex; upheld: boolean; findingHash: Hex }): Promise<Sent>
  /** Starts the objection window of a slash; the bond stops returning meanwhile. */
  accuse(
    key: string,
    o: { proposalId: Hex; fault: 'spam' | 'falsified-deliverable'; evidenceHash: Hex },
  ): Promise<Sent>
  dropAccusation(key: string, o: { proposalId: Hex; findingHash: Hex }): Promise<Sent>
  /** Sends the held bond to the treasury once the objection window has passed. */
  slash(key: string, o: { proposalId: Hex }): Promise<Sent>
  /** Event only: something, named by its hash, was taken down. */
  markTakedown(key: string, o: { subject: Hex; reasonHash: Hex }): Promise<Sent>
}

/**
 * The one door to the chain. Units are the token's smallest (6 decimals); ids, roots and hashes are 32 bytes.
 * Every write takes an idempotency key, is journaled before it is broadcast and returns once a block holds it.
 * `wallet` is the number of a custodial wallet (see `address`), which signs the ERC-3009 authorisation; nobody needs gas.
 * Never call a write inside `db.tx`: it writes its own journal.
 * Errors: `chain-reverted` (a contract refused; facts name its error), `chain-unreachable` (retry), `chain-embedded-only`.
 */
export interface Chain extends Disputes, Payments {
  readonly challengeWindowSeconds: number
  readonly disputeWindowSeconds: number
  /** From a proposal to its deadline; undelivered by then, it has expired. */
  readonly deliverySeconds: number
  readonly leastBondUnits: bigint
  address(wallet: number): Hex
  balance(address: Hex): Promise<bigint>
  proposal(proposalId: Hex): Promise<ProposalState>
  rewards(): Promise<RewardsState>
  /** What an index has been paid so far. */
  claimed(index: number): Promise<{ units: bigint; frozen: boolean }>

  /** Embedded only: new tokens for an address, the faucet of the default network. */
  mint(key: string, to: Hex, units: bigint): Promise<Sent>
  /** Moves a person's tokens to the treasury as prepaid balance. */
  deposit(key: string, o: { wallet: number; units: bigint }): Promise<Sent>

  /** Moves a person's tokens to an address outside, such as the wallet that they linked. */
  transfer(key: string, o: { wallet: number; to: Hex; units: bigint }): Promise<Sent>

  propose(
    key: string,
    o: { proposalId: Hex; wallet: number; bondUnits: bigint; contentHash: Hex },
  ): Promise<Sent>
  pledge(key: string, o: { proposalId: Hex; wallet: number; units: bigint }): Promise<Sent>
  /** Tally of weights; the result is final `disputeWindowSeconds` later, unless disputed. */
  recordPoll(
    key: string,
    o: { proposalId: Hex; ballotsRoot: Hex; yes: bigint; no: bigint; fileHash: Hex; passed: boolean },
  ): Promise<Sent>
  /** The datanet of a passed proposal and the hash of its constitution. */
  openDatanet(key: string, o: { proposalId: Hex; constitutionHash: Hex }): Promise<Sent>
  /** Milestone 1 of 3: a third of the bond returns. Refused before the poll is final. */
  anchorSnapshot(key: string, o: { proposalId: Hex; root: Hex; rows: number }): Promise<Sent>
  /** Milestone 2 of 3. `snapshotRoot` must be an anchored one. */
  commitAdapter(
    key: string,
    o: { proposalId: Hex; baseHash: Hex; adapterHash: Hex; snapshotRoot: Hex; evaluationHash: Hex },
  ): Promise<Sent>
  /** Milestone 3 of 3: the rest of the bond returns and the pledges go to the treasury. `number` counts from 1. */
  release(
    key: string,
    o: { proposalId: Hex; number: number; adapterHash: Hex; releaseHash: Hex },
  ): Promise<Sent>
  /** Ends a proposal that lost its vote or ran past its deadline: the held bond returns. */
  closeProposal(key: string, o: { proposalId: Hex }): Promise<Sent>
  /** Pays a pledge back after the proposal was rejected or expired. */
  refundPledge(key: string, o: { proposalId: Hex; account: Hex }): Promise<Sent>
  /** Event only: the Merkle root of ledger events fromSeq..toSeq, both included. */
  anchorLedger(key: string, o: { root: Hex; fromSeq: bigint; toSeq: bigint }): Promise<Sent>

  /** Moves treasury tokens into the rewards contract. */
  fundRewards(key: string, units: bigint): Promise<Sent>
  /** Cumulative: `totalUnits` is the sum of all leaves, at least the active root's and at most what was funded. */
  postRewards(key: string, o: { root: Hex; fileHash: Hex; epoch: number; totalUnits: bigint }): Promise<Sent>
  /** Pays `account` what its leaf in the active root has over what was paid before. */
  claim(
    key: string,
    o: { index: number; account: Hex; cumulativeUnits: bigint; proof: readonly Hex[] },
  ): Promise<Sent>

  /** Pays a whole range of leaves, each to its account; `place` and `proof` are those of `rangeProof`. Frozen ones are passed over. */
  claimRange(
    key: string,
    o: {
      first: number
      claims: readonly { account: Hex; cumulativeUnits: bigint }[]
      place: number
      proof: readonly Hex[]
    },
  ): Promise<Sent>

  /** Embedded only: moves chain time forward by whole seconds; journaled, so that a rebuilt chain has the same times. */
  advance(seconds: number, key?: string): Promise<void>
  status(): Promise<ChainStatus>
  /** Every mined transaction in order, for the audit bundle. */
  rawTransactions(): Promise<RawTransaction[]>
  close(): Promise<void>
}
