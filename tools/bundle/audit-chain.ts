import { keccak_256 } from '@noble/hashes/sha3.js'
import { type Check, examine } from './check.ts'
import type { Evidence } from './evidence.ts'

/** RLP of a byte string below 56 bytes (Ethereum yellow paper, appendix B). */
const rlp = (bytes: Buffer): Buffer =>
  bytes.length === 1 && (bytes[0] as number) < 0x80
    ? bytes
    : Buffer.concat([Buffer.of(0x80 + bytes.length), bytes])

/** The address of the contract that a sender's transaction creates: the last 20 bytes of keccak256(rlp([sender, nonce])). */
const createdBy = (sender: string, nonce: number): string => {
  const digits = nonce === 0 ? '' : nonce.toString(16)
  const parts = Buffer.concat([
    rlp(Buffer.from(sender.slice(2), 'hex')),
    rlp(Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex')),
  ])
  const hash = keccak_256(Buffer.concat([Buffer.of(0xc0 + parts.length), parts]))
  return `0x${Buffer.from(hash.subarray(12)).toString('hex')}`
}

/** Checks every raw transaction against what the bundle says of it, and that the contracts are the operator's own. */
export const auditChain = async ({ manifest, witness }: Evidence): Promise<Check[]> => {
  const { chainId, operator } = manifest.chain
  const signed = await examine('every transaction was signed by its sender, none is missing', wrong => {
    const next = new Map<string, number>()
    let block = 0n
    for (const { record, decoded } of witness.transactions) {
      const what = `transaction ${record.hash}`
      if (decoded === null) {
        wrong(`${what}: its bytes are no signed transaction`)
        continue
      }
      const from = decoded.from.toLowerCase()
      if (decoded.hash !== record.hash) wrong(`${what} has the hash ${decoded.hash}`)
      if (from !== record.from.toLowerCase()) wrong(`${what} was signed by ${decoded.from}`)
      if (decoded.chainId !== chainId) wrong(`${what} is for chain ${decoded.chainId}`)
      if (decoded.nonce !== record.nonce) wrong(`${what} has nonce ${decoded.nonce}`)
      const wanted = next.get(from) ?? decoded.nonce
      if (decoded.nonce !== wanted)
        wrong(`nonce ${wanted} of ${decoded.from} is missing before ${decoded.nonce}`)
      next.set(from, decoded.nonce + 1)
      if (record.blockNumber < block) wrong(`${what} stands behind a later block`)
      block = record.blockNumber
    }
    return { count: witness.transactions.length, detail: `${next.size} senders` }
  })
  const contracts = await examine('the operator deployed the contracts', wrong => {
    const created = new Set(
      witness.transactions.flatMap(({ record, decoded }) =>
        decoded?.to === null &&
        record.receipt.status === 'success' &&
        decoded.from.toLowerCase() === operator.toLowerCase()
          ? [createdBy(decoded.from, decoded.nonce)]
          : [],
      ),
    )
    const { manager, token, registry, rewards } = manifest.chain
    for (const [name, address] of Object.entries({ manager, token, registry, rewards }))
      if (!created.has(address.toLowerCase()))
        wrong(`no transaction of the operator created the ${name} at ${address}`)
    const registrars = witness.all('Registry.appointRegistrar')
    if (registrars.at(-1)?.args[0] !== operator.toLowerCase()) wrong('the operator is not the registrar')
    return { count: 4, detail: `by ${operator}` }
  })
  return [signed, contracts]
}
