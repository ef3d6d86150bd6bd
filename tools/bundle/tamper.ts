import { buffer } from 'node:stream/consumers'
import { pack } from 'tar-stream'
import type { z } from 'zod'
import { canonicalJson, sha256Hex } from '../../infra/canonical.ts'
import type { ReceiptSigner } from '../../infra/receipts.ts'
import { readArchive } from './archive.ts'
import {
  fileOf,
  MANIFEST,
  type manifestSchema,
  type RecordName,
  recordNames,
  type recordSchemas,
  SIGNATURE,
} from './format.ts'

type Draft = { [N in RecordName]: z.input<(typeof recordSchemas)[N]>[] } & {
  manifest: z.input<typeof manifestSchema>
}

/** A bundle's files as text, to be changed and packed again. */
export const unpackBundle = async (bundle: string | Uint8Array): Promise<Map<string, string>> =>
  new Map([...(await readArchive(bundle)).files].map(([name, bytes]) => [name, bytes.toString('utf8')]))

export const packBundle = (files: ReadonlyMap<string, string>): Promise<Buffer> => {
  const archive = pack()
  for (const [name, content] of files) archive.entry({ name }, content)
  archive.finalize()
  return buffer(archive)
}

const lines = (records: readonly unknown[]): string =>
  records.map(record => `${canonicalJson(record)}\n`).join('')

/**
 * Changes a bundle's records as a dishonest node would: every hash of the manifest is made to fit, and it is signed again with
 * the node's own key, so that only what the records say can give the change away.
 */
export const tamper = async (
  bundle: Uint8Array,
  signer: ReceiptSigner,
  change: (draft: Draft) => void | Promise<void>,
): Promise<Buffer> => {
  const files = await unpackBundle(bundle)
  const parse = (name: string): unknown => JSON.parse(files.get(name) ?? 'null')
  const draft = Object.fromEntries([
    ...recordNames.map(name => [
      name,
      (files.get(fileOf(name)) ?? '')
        .split('\n')
        .slice(0, -1)
        .map(line => JSON.parse(line)),
    ]),
    ['manifest', parse(MANIFEST)],
  ]) as Draft
  await change(draft)
  for (const name of recordNames) {
    const text = lines(draft[name])
    files.set(fileOf(name), text)
    draft.manifest.files[fileOf(name)] = {
      sha256: sha256Hex(text),
      bytes: text.length,
      records: draft[name].length,
    }
  }
  const manifest = lines([draft.manifest])
  files.set(MANIFEST, manifest)
  files.set(SIGNATURE, lines([signer.sign('bundle', { manifest: sha256Hex(manifest) })]))
  return packBundle(files)
}
