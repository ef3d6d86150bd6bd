import { sha256Hex } from '../infra/canonical.ts'
import type { Db } from '../infra/db.ts'
import type { Network } from './context.ts'

/** Whose file it is, and under which name: nobody else can name it. */
export interface FileOwner {
  readonly platform: string
  readonly subject: string
  readonly name: string
}

// A few bytes go before a file: nobody can send what is a blob of something else, which would go when the file does.
const fileMark = Buffer.from('chat file\0')

/** Held while a blob is written with its row, or removed for want of one. */
const lock = (tx: Db, sha256: string): Promise<unknown> =>
  tx.query('select pg_advisory_xact_lock(hashtextextended($1, 6))', [`chat file ${sha256}`])

/** Forgets the rows of files that fulfil a condition on `chat_files`; `sweepFiles` then removes their bytes. */
export const forgetFiles = async (tx: Db, where: string, values: readonly unknown[]): Promise<void> => {
  await tx.query(
    `with gone as (delete from chat_files where ${where} returning sha256)
     insert into chat_files_gone select distinct sha256 from gone on conflict do nothing`,
    [...values],
  )
}

/** Removes the bytes of forgotten files that are nobody's any more: two people may have sent the same. */
export const sweepFiles = async ({ db, blobs }: Pick<Network, 'db' | 'blobs'>): Promise<void> => {
  for (const { sha256 } of await db.query<{ sha256: string }>('select sha256 from chat_files_gone'))
    await db.tx(async tx => {
      await lock(tx, sha256)
      const [used] = await tx.query('select 1 from chat_files where sha256 = $1 limit 1', [sha256])
      if (used === undefined) await blobs.remove(sha256)
      await tx.query('delete from chat_files_gone where sha256 = $1', [sha256])
    })
}

/** The files that people sent. */
export const openFiles = (network: Network) => {
  const { db, clock, blobs } = network
  return {
    /**
     * Keeps a file that a person sent, in place of an earlier one of that name, and returns its name in the store, 64 hex
     * digits. Throws `disk-full` (retry).
     */
    async putFile(bytes: Uint8Array, { platform, subject, name }: FileOwner): Promise<string> {
      const marked = Buffer.concat([fileMark, bytes])
      const [sha256, overwrote] = await db.tx(async tx => {
        await lock(tx, sha256Hex(marked))
        const kept = await blobs.put(marked)
        const before = await tx.query(
          `insert into chat_files_gone select sha256 from chat_files
           where platform = $1 and subject = $2 and name = $3 and sha256 <> $4 on conflict do nothing returning sha256`,
          [platform, subject, name, kept],
        )
        await tx.query(
          `insert into chat_files (platform, subject, name, sha256, at) values ($1, $2, $3, $4, $5)
           on conflict (platform, subject, name) do update set sha256 = excluded.sha256, at = excluded.at`,
          [platform, subject, name, kept, clock.now()],
        )
        return [kept, before.length > 0] as const
      })
      // What cannot be removed now is at the next hourly sweep.
      if (overwrote) await sweepFiles(network).catch(() => {})
      return sha256
    },

    /** The bytes of a file that this very person sent under that name; null without one. */
    async file(platform: string, subject: string, name: string): Promise<Uint8Array | null> {
      const [row] = await db.query<{ sha256: string }>(
        'select sha256 from chat_files where platform = $1 and subject = $2 and name = $3',
        [platform, subject, name],
      )
      return row === undefined ? null : (await blobs.get(row.sha256)).subarray(fileMark.length)
    },
  }
}
