import { randomBytes, timingSafeEqual } from 'node:crypto'
import { openSecretFile } from '../../secret-file.ts'

const form = /^trib_local_[\w-]{43}$/

/** Whether a bearer token claims to be a machine's own key, right or wrong. */
export const isLocalKey = (text: string): boolean => text.startsWith('trib_local_')

/**
 * The key of whoever may read the data folder, `trib_local_` and 32 bytes: with it they call as the operator. Made at the
 * first start.
 */
export const openLocalKey = (folder: string): string => {
  const text = openSecretFile(
    folder,
    'local-key',
    () => `trib_local_${randomBytes(32).toString('base64url')}`,
  )
    .toString()
    .trim()
  if (!form.test(text))
    throw new Error('The file keys/local-key holds no key; remove it to have a new one made.')
  return text
}

/** Compares in a time that tells nothing of the key. */
export const sameKey = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
