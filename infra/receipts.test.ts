import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { keyIdOf, receiptSigner, verifyReceipt } from './receipts.ts'

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const signer = receiptSigner(privateKey)
const signed = signer.sign('answer', { id: '7', units: 12n, nested: { b: 1, a: [true] } })

test('a receipt is canonical JSON of its kind and body', () => {
  expect(signed.receipt).toBe('{"body":{"id":"7","nested":{"a":[true],"b":1},"units":"12"},"kind":"answer"}')
})

test('a receipt holds with the public key as an object and as the PEM of the bundle', () => {
  expect(verifyReceipt(signed, publicKey)).toBe(true)
  expect(verifyReceipt(signed, signer.publicKey)).toBe(true)
  expect(signed.keyId).toBe(keyIdOf(publicKey))
})

test('a changed text, signature or key does not hold', () => {
  expect(verifyReceipt({ ...signed, receipt: signed.receipt.replace('12', '13') }, publicKey)).toBe(false)
  const other = Buffer.from(signed.signature, 'base64url')
  other[0] = (other[0] ?? 0) ^ 1
  expect(verifyReceipt({ ...signed, signature: other.toString('base64url') }, publicKey)).toBe(false)
  expect(verifyReceipt({ ...signed, keyId: '0'.repeat(32) }, publicKey)).toBe(false)
  expect(verifyReceipt(signed, generateKeyPairSync('ed25519').publicKey)).toBe(false)
})

test('what is no receipt and what is no key is false and no crash', () => {
  expect(verifyReceipt({ receipt: '', signature: '', keyId: '' }, publicKey)).toBe(false)
  expect(verifyReceipt(signed, 'not a key')).toBe(false)
  expect(verifyReceipt(signed, generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey)).toBe(false)
})
