import { sha256Hex } from '../../infra/canonical.ts'
import { verifyReceipt } from '../../infra/receipts.ts'
import type { Archive } from './archive.ts'
import { type Check, examine } from './check.ts'
import { isDataFile } from './data-format.ts'
import {
  fileOf,
  MANIFEST,
  type Manifest,
  manifestSchema,
  recordNames,
  SIGNATURE,
  signatureSchema,
} from './format.ts'
import { readLine } from './parse.ts'

/** Checks that the archive is whole, that the node signed its manifest, and that every file is the one it names. */
export const auditFiles = async (
  archive: Archive,
): Promise<{ manifest: Manifest | null; checks: Check[] }> => {
  const { files, faults } = archive
  const whole = await examine('the archive is whole', wrong => {
    for (const what of faults) wrong(what)
    return { count: files.size, detail: `${files.size} files` }
  })
  const bytes = files.get(MANIFEST) ?? Buffer.alloc(0)
  const read = readLine(manifestSchema, bytes)
  const manifest = 'value' in read ? read.value : null
  const signed = await examine('the node signed the manifest', wrong => {
    if ('reason' in read) wrong(`${MANIFEST}: ${read.reason}`)
    const signature = readLine(signatureSchema, files.get(SIGNATURE) ?? Buffer.alloc(0))
    if ('reason' in signature) wrong(`${SIGNATURE}: ${signature.reason}`)
    if (manifest === null || 'reason' in signature) return { count: 0, detail: '' }
    const { publicKey, keyId } = manifest.node
    if (signature.value.keyId !== keyId)
      wrong(`key ${signature.value.keyId} signed it, not the node's ${keyId}`)
    if (!verifyReceipt(signature.value, publicKey)) wrong('its signature is not that of the key it names')
    const told = JSON.stringify({ body: { manifest: sha256Hex(bytes) }, kind: 'bundle' })
    if (signature.value.receipt !== told) wrong('the signature is for another manifest')
    const { chainId, operator } = manifest.chain
    return {
      count: 1,
      detail: `node key ${keyId}, operator ${operator}, chain ${chainId}, ${manifest.createdAt}`,
    }
  })
  const hashes = await examine('every file has the hash in the manifest', wrong => {
    if (manifest === null) wrong('there is no manifest to compare with')
    const inside = [...files.keys(), ...Object.keys(manifest?.files ?? {})].filter(isDataFile)
    const names = [...recordNames.map(fileOf), ...new Set(inside)]
    for (const name of names) {
      const file = files.get(name)
      const listed = manifest?.files[name]
      if (file === undefined && manifest !== null && isDataFile(name)) wrong(`${name} is missing`)
      if (file === undefined || manifest === null) continue
      if (listed === undefined) wrong(`${name} is not in the manifest`)
      else if (sha256Hex(file) !== listed.sha256) wrong(`${name} is not the file that was exported`)
    }
    return { count: names.length, detail: `${names.length} files, SHA-256` }
  })
  return { manifest, checks: [whole, signed, hashes] }
}
