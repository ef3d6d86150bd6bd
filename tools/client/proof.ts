import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { sha256Hex } from '../../infra/canonical.ts'
import { fault } from '../../infra/errors.ts'
import { hashEvent, hashPayload } from '../../infra/ledger.ts'
import { verifySha256Proof } from '../../infra/merkle.ts'
import { keyIdOf, verifyReceipt } from '../../infra/receipts.ts'
import type { VerbOutput } from './types.ts'

/** A receipt with the ledger's event that it belongs to: JSON that can be kept, and checked without the node. */
export interface Proof {
  readonly receipt: VerbOutput<'receipt'>
  /** Null where the ledger tells of it under no event. */
  readonly event: VerbOutput<'event'> | null
}

/** What a proof is held against. */
export interface Expected {
  /** The node's Ed25519 key, SPKI PEM. Keep it from the first visit, or have it from somebody you trust. */
  readonly publicKey: string
  /** The Merkle root as you read it from the chain; without it, the one that the node tells is taken. */
  readonly root?: string
  /** What was asked and answered, with the salt that came with the answer: the receipt holds their hashes only. */
  readonly said?: { readonly question: string; readonly answer: string; readonly salt: string }
}

export interface Check {
  readonly name: 'signature' | 'words' | 'event' | 'anchor'
  /** Null: there is nothing to check it with, such as an event that is not anchored yet. */
  readonly ok: boolean | null
  /** What it shows, in one sentence. */
  readonly shows: string
}

export interface Verified {
  /** The signature holds, and nothing that could be checked does not. */
  readonly ok: boolean
  readonly checks: readonly Check[]
}

/** Checks a receipt without asking anybody. Pure; never throws: what is malformed does not hold. */
export const verify = (proof: Proof, expected: Expected): Verified => {
  const check = (name: Check['name'], holds: () => boolean | null, shows: string): Check => {
    try {
      return { name, ok: holds(), shows }
    } catch {
      return { name, ok: false, shows }
    }
  }
  const checks = [
    check('signature', () => signed(proof, expected), 'The holder of the node’s key signed this receipt.'),
    check('words', () => sameWords(proof, expected), 'It is about this question and this answer.'),
    check('event', () => told(proof), 'The ledger’s event with this hash tells of this receipt.'),
    check('anchor', () => anchored(proof, expected), 'That event lies under the anchored Merkle root.'),
  ]
  return { ok: checks.every(({ name, ok }) => ok === true || (ok === null && name !== 'signature')), checks }
}

/** The key of that name in a JWK set, or its first Ed25519 key, as SPKI PEM. Throws `node-key-unknown`. */
export const publicKeyOf = (keys: readonly JsonWebKey[], keyId?: string): string => {
  const pems = keys
    .filter(({ kty, crv }) => kty === 'OKP' && crv === 'Ed25519')
    .map(jwk =>
      createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString(),
    )
  // By what the key is, not by the name that stands beside it.
  const found = pems.find(pem => keyId === undefined || nameOfKey(pem) === keyId)
  if (found !== undefined) return found
  throw fault('node-key-unknown', 'The node shows no such key.', {
    fix: 'Check the receipt with the key that you kept, or ask the operator which keys were theirs.',
    blame: 'world',
  })
}

/** The node's name for a public key, as it stands in `keyId` of a receipt. */
export const nameOfKey = (publicKey: string): string => keyIdOf(createPublicKey(publicKey))

interface Signed {
  readonly kind: string
  readonly body: Readonly<Record<string, unknown>>
}

const bodyOf = ({ receipt }: Proof): Signed => JSON.parse(receipt.text) as Signed

const signed = (proof: Proof, { publicKey }: Expected): boolean => {
  const { id, kind, text, signature, keyId } = proof.receipt
  const { body, kind: signedKind } = bodyOf(proof)
  // The id and kind beside the text are not signed themselves.
  return (
    verifyReceipt({ receipt: text, signature, keyId }, publicKey) && body.id === id && signedKind === kind
  )
}

const sameWords = (proof: Proof, { said }: Expected): boolean | null => {
  if (said === undefined) return null
  const { body } = bodyOf(proof)
  const salt = Buffer.from(said.salt, 'hex')
  return (
    body.questionHash === sha256Hex(salt, said.question) && body.answerHash === sha256Hex(salt, said.answer)
  )
}

const told = (proof: Proof): boolean | null => {
  const { event, receipt } = proof
  if (event === null) return null
  const { seq, at, kind, actor, subject, payloadHash, prevHash } = event
  const hash = hashEvent({ seq: BigInt(seq), at: new Date(at), kind, actor, subject, payloadHash, prevHash })
  if (hash !== event.hash || receipt.event?.hash !== hash) return false
  // Erased: that it tells of this receipt cannot be seen any more.
  if (event.salt === null) return null
  if (hashPayload(Buffer.from(event.salt, 'hex'), event.payload) !== payloadHash) return false
  return names(event.payload, receipt.id, 'receipt') || names(bodyOf(proof).body, subject)
}

/** Whether one of an object's own texts is that one, under that name where one is given. */
const names = (value: unknown, text: string, name?: string): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.entries(value).some(([key, part]) => part === text && (name === undefined || key === name))

const anchored = ({ event, receipt }: Proof, { root }: Expected): boolean | null => {
  const { anchor, proof } = event ?? receipt
  const hash = event?.hash ?? receipt.event?.hash
  if (anchor === null || proof === null || hash === undefined) return root === undefined ? null : false
  const wanted = (root ?? anchor.root).replace(/^0x/, '').toLowerCase()
  return verifySha256Proof(Buffer.from(hash, 'hex'), proof, Buffer.from(wanted, 'hex'))
}
