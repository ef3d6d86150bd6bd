import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { sha256Hex } from '../../infra/canonical.ts'
import type { Hex } from '../../infra/chain-api.ts'
import { encodeCall } from '../../infra/chain-contracts.ts'
import { decodeTransaction } from '../../infra/chain-decode.ts'
import { openWallets } from '../../infra/chain-wallets.ts'
import { hashEvent } from '../../infra/ledger.ts'
import { receiptSigner } from '../../infra/receipts.ts'
import type { tamper } from './tamper.ts'

export const MANIFEST_SIGNED = 'the node signed the manifest'
const EVENTS = 'the events form a chain of hashes without a gap'
const PAYLOADS = 'every public payload matches its hash'
const ANCHORS = 'the chain holds the Merkle root of every batch of events'
const TRANSACTIONS = 'every transaction was signed by its sender, none is missing'
const CONTRACTS = 'the operator deployed the contracts'
const RECEIPTS = 'the node signed every receipt'
const PROMISES = 'the records are what the receipts promise'
const PROPOSALS = "every proposal's terms and bond are on chain"
const POLLS = 'every poll counts to its result, and the chain holds it'
const SNAPSHOTS = 'every snapshot has the root of its rows, and the chain holds it'
const EVALUATIONS = 'every evaluation has its hash'
const RELEASES = "every release's hashes are on chain"
export const DEPOSITS = 'every deposit equals the one on chain'
const PLEDGES = 'every pledge is on chain, and credited once its model was released'
const ANSWERS = 'every answer was paid for once'
const EPOCHS = 'every epoch paid out what it took in, to the unit'
const SPLITS = "every epoch was divided by its datanets' splits"
const ROOTS = 'every payout root follows from its payouts, never shrinks, and is on chain'
const CLAIMS = 'every claim was paid by its leaf, and no leaf twice'
const SIDES = 'every transfer sums to zero'
export const COVERED = 'no account was ever overdrawn'
export const PURPOSES = 'every transfer has a purpose'

export type Change = Parameters<typeof tamper>[2]
export const first = <T>(items: readonly T[], wanted: (item: T) => boolean = () => true): T => {
  const found = items.find(wanted)
  if (found === undefined) throw new Error('The sample has no such record.')
  return found
}
export const without = <T>(items: T[], wanted: (item: T) => boolean): void => {
  items.splice(items.indexOf(first(items, wanted)), 1)
}
export const plusOne = (units: string): string => (BigInt(units) + 1n).toString()

/** What a dishonest node might do, which checks give it away, and how it is done. */
export const tamperings: [string, string[], Change][] = [
  ['nothing', [], () => {}],
  [
    'an event that names another actor',
    [EVENTS],
    ({ events }) => {
      first(events, event => event.seq === '9').actor = 'nobody'
    },
  ],
  [
    'a rewritten event, with every later hash made to fit',
    [ANCHORS],
    ({ events }) => {
      first(events, event => event.seq === '9').actor = 'nobody'
      for (const [at, event] of events.entries()) {
        event.prevHash = events[at - 1]?.hash ?? event.prevHash
        event.hash = hashEvent({ ...event, seq: BigInt(event.seq), at: new Date(event.at) })
      }
    },
  ],
  [
    'a dropped event',
    [EVENTS, ANCHORS],
    ({ events }) => without(events, event => event.kind === 'clock.advanced'),
  ],
  [
    'a changed payload',
    [PAYLOADS],
    ({ events }) => {
      first(events, event => event.kind === 'account.opened').payload = { platform: 'elsewhere' }
    },
  ],
  [
    'an anchor with another root',
    [ANCHORS],
    ({ anchors }) => {
      first(anchors).root = sha256Hex('another')
    },
  ],
  ['an anchor left out', [ANCHORS], ({ anchors }) => without(anchors, anchor => anchor.fromSeq !== '1')],
  [
    "an anchor that somebody else's key signed",
    [ANCHORS, TRANSACTIONS],
    async ({ anchors, chain }) => {
      const anchor = first(anchors)
      const sent = first(chain, item => item.hash === anchor.tx)
      const stranger = openWallets(randomBytes(32)).role('operator')
      const { nonce, chainId, to } = await decodeTransaction(sent.raw as Hex)
      sent.raw = await stranger.signTransaction({
        type: 'eip1559',
        nonce,
        chainId,
        to,
        data: encodeCall('Registry', 'anchorLedger', [`0x${anchor.root}`, anchor.fromSeq, anchor.toSeq]),
        gas: 1n,
      })
      sent.from = stranger.address
      sent.hash = (await decodeTransaction(sent.raw as Hex)).hash
      anchor.tx = sent.hash
    },
  ],
  [
    'an anchor that the chain reverted',
    [ANCHORS],
    ({ chain }) => {
      first(chain, item => item.call === 'Registry.anchorLedger').receipt.status = 'reverted'
    },
  ],
  [
    'a contract at another address',
    [CONTRACTS, ANCHORS, PROPOSALS, POLLS, SNAPSHOTS, RELEASES, PLEDGES],
    ({ manifest }) => {
      manifest.chain.registry = manifest.chain.operator
    },
  ],
  [
    'a forged receipt',
    [RECEIPTS, PROMISES],
    ({ receipts }) => {
      const answer = first(receipts, item => item.kind === 'answer')
      answer.receipt = answer.receipt.replace('"priceUnits":"50000"', '"priceUnits":"40000"')
    },
  ],
  ['a suppressed receipt', [PROMISES], ({ receipts }) => without(receipts, item => item.kind === 'payout')],
  [
    'a proposal with other terms',
    [PROPOSALS],
    ({ proposals }) => {
      proposals[1]!.termsHash = sha256Hex('other terms')
    },
  ],
  [
    'a swapped ballot',
    [POLLS, PROMISES],
    ({ ballots }) => {
      const ballot = first(ballots, item => item.choice === 'yes')
      ballot.choice = 'no'
    },
  ],
  [
    'a poll said to have passed with another count',
    [POLLS],
    ({ polls }) => {
      first(polls).yesUnits = plusOne(first(polls).yesUnits)
    },
  ],
  [
    'a row under another licence',
    [SNAPSHOTS],
    ({ rows }) => {
      first(rows).licence = 'MIT'
    },
  ],
  [
    'a row that is another contributor’s',
    [SNAPSHOTS],
    ({ rows }) => {
      first(rows).account = rows.at(-1)?.account as string
    },
  ],
  [
    'a better evaluation',
    [EVALUATIONS],
    ({ evaluations }) => {
      first(evaluations).adapterLoss = 0.1
    },
  ],
  [
    'another adapter',
    [RELEASES, PROMISES],
    ({ releases }) => {
      first(releases).adapter = sha256Hex('another adapter')
    },
  ],
  [
    'a deposit credited with a unit more',
    [DEPOSITS],
    ({ transfers }) => {
      const deposit = first(transfers, item => item.reason === 'deposit')
      deposit.units = plusOne(deposit.units)
      deposit.entries = [
        { account: deposit.from, units: `-${deposit.units}` },
        { account: deposit.to, units: deposit.units },
      ]
    },
  ],
  [
    'a deposit that nobody was credited',
    [TRANSACTIONS, DEPOSITS],
    ({ chain }) => without(chain, item => item.call === 'Token.transferWithAuthorization'),
  ],
  [
    'a smaller pledge',
    [PLEDGES],
    ({ pledges }) => {
      first(pledges).units = '1'
    },
  ],
  [
    'a payout of one unit more',
    [EPOCHS, ROOTS],
    ({ payouts }) => {
      const payout = first(payouts, item => item.kind === 'contributor')
      payout.units = plusOne(payout.units)
    },
  ],
  [
    "a proposer's share moved to the protocol",
    [SPLITS],
    ({ proposals }) => {
      first(proposals).split.proposer -= 1
      first(proposals).split.protocol += 1
    },
  ],
  [
    'an answer that cost less',
    [ANSWERS, PROMISES, SPLITS],
    ({ answers }) => {
      first(answers).priceUnits = '40000'
    },
  ],
  ['a hidden answer', [ANSWERS, SPLITS], ({ answers }) => without(answers, () => true)],
  ['a dropped transfer', [EPOCHS], ({ transfers }) => without(transfers, item => item.reason === 'commons')],
  [
    'a leaf that shrinks',
    [ROOTS, PROMISES, CLAIMS],
    ({ leaves, claims }) => {
      const leaf = first(leaves, item => item.epoch === 2 && item.account === claims.at(-1)?.account)
      leaf.units = '1'
    },
  ],
  [
    'a payout root that was never posted',
    [ROOTS],
    ({ epochs }) => {
      first(epochs).tx = first(epochs).tx?.replace(/.$/, last => (last === '0' ? '1' : '0')) ?? null
    },
  ],
  [
    'a claim of one unit more',
    [CLAIMS],
    ({ claims }) => {
      first(claims).units = plusOne(first(claims).units)
    },
  ],
  [
    'a claim told twice',
    [CLAIMS],
    ({ claims }) => {
      claims.push(first(claims))
    },
  ],
  [
    'a transfer with one side',
    [SIDES],
    ({ transfers }) => {
      first(transfers, item => item.reason === 'commons').entries.pop()
    },
  ],
  [
    'money spent before it came',
    [COVERED],
    ({ transfers }) => {
      transfers.reverse()
    },
  ],
  [
    'a transfer for no reason',
    [PURPOSES],
    ({ transfers }) => {
      const share = first(transfers, item => item.reason === 'protocol share')
      transfers.push({
        ...share,
        id: '01900000-0000-7000-8000-000000000000',
        key: 'gift',
        from: share.to,
        to: 'gift:friend',
        reason: 'gift',
        entries: [
          { account: share.to, units: `-${share.units}` },
          { account: 'gift:friend', units: share.units },
        ],
      })
    },
  ],
  [
    'another key of the node',
    [RECEIPTS, MANIFEST_SIGNED],
    ({ manifest }) => {
      const other = receiptSigner(generateKeyPairSync('ed25519').privateKey)
      manifest.node = { keyId: other.keyId, publicKey: other.publicKey }
    },
  ],
]
