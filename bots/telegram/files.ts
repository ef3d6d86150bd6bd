import type { Api } from 'grammy'
import type { Document } from 'grammy/types'
import { fault } from '../../infra/errors.ts'
import { faultOfCall } from './refusal.ts'

/** Bytes that a bot may fetch: 20 MB, as Telegram counts them. */
const LARGEST_FILE = 20 * 1024 * 1024
const PATIENCE_MS = 60_000

const tooLarge = () =>
  fault('file-too-large', 'A bot may fetch files of at most 20 MB.', { fix: 'Send it in parts.' })

const unreachable = (reason: string) =>
  fault('file-unreachable', 'Telegram did not hand out the file.', {
    fix: 'Try it again.',
    retry: true,
    blame: 'world',
    facts: { reason },
  })

/** Fetches a document's bytes. Throws `file-too-large`, and `file-unreachable` and `telegram-unreachable` (retry). */
export const fetchDocument = async (
  api: Api,
  apiRoot: string,
  { file_id, file_size = 0 }: Document,
  signal: AbortSignal,
): Promise<Uint8Array> => {
  if (file_size > LARGEST_FILE) throw tooLarge()
  const file = await api.getFile(file_id).catch((error: unknown) => {
    throw /too big/i.test(String(Reflect.get(Object(error), 'description')))
      ? tooLarge()
      : faultOfCall('getFile', error)
  })
  const address = `${apiRoot}/file/bot${api.token}/${(file.file_path ?? '').split('/').map(encodeURIComponent).join('/')}`
  try {
    const answer = await fetch(address, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]),
    })
    if (!answer.ok || answer.body === null) throw unreachable(String(answer.status))
    return await readAll(answer.body)
  } catch (error) {
    // What fetch throws may quote the address, in which the token stands.
    throw error instanceof Error && error.name === 'TributaryError' ? error : unreachable('network')
  }
}

const readAll = async (body: ReadableStream<Uint8Array>): Promise<Uint8Array> => {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of body) {
    size += part.length
    if (size > LARGEST_FILE) throw tooLarge()
    parts.push(part)
  }
  return Buffer.concat(parts)
}
