import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { canonicalJson } from './canonical.ts'

/** What the node vouches for. */
export interface SignedReceipt {
  /** The very text that is signed: RFC 8785 JSON of {body, kind}. */
  receipt: string
  /** Ed25519 over the UTF-8 bytes of `receipt`, base64url. */
  signature: string
  /** Names the public key that checks it (`keyIdOf`). */
  keyId: string
}

export interface ReceiptSigner {
  readonly keyId: string
  /** SPKI PEM; goes into the exported bundle. */
  readonly publicKey: string
  /** Signs and stores nothing. Throws `not-canonical`. */
  sign(kind: string, body: Readonly<Record<string, unknown>>): SignedReceipt
}

/** Names an Ed25519 key, private or public: the first 32 hex digits of SHA-256 over its SPKI DER. */
export const keyIdOf = (key: KeyObject): string => {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  const der = publicKey.export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(der).digest('hex').slice(0, 32)
}

/** A signer for an Ed25519 private key. */
export const receiptSigner = (key: KeyObject): ReceiptSigner => {
  const keyId = keyIdOf(key)
  return {
    keyId,
    publicKey: createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString(),
    sign: (kind, body) => {
      const receipt = canonicalJson({ kind, body })
      return { receipt, signature: sign(null, Buffer.from(receipt), key).toString('base64url'), keyId }
    },
  }
}

/**
 * Whether the holder of the key signed exactly this text. Pure; false for anything malformed.
 * `publicKey` is a KeyObject or SPKI PEM.
 */
export const verifyReceipt = (signed: SignedReceipt, publicKey: KeyObject | string): boolean => {
  try {
    const key = typeof publicKey === 'string' ? createPublicKey(publicKey) : publicKey
    if (signed.keyId !== keyIdOf(key) || key.asymmetricKeyType !== 'ed25519') return false
    return verify(null, Buffer.from(signed.receipt), key, Buffer.from(signed.signature, 'base64url'))
  } catch {
    return false
  }
}
