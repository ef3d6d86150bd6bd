import type { IncomingMessage } from 'node:http'
import { ApiError, badRequest } from './api-error.ts'

/** A file as a multipart form carries it. */
export interface Upload {
  readonly name: string
  readonly bytes: Buffer
}

/** What a call carries, however it was encoded; values of a form stay text. */
export interface RequestBody {
  readonly fields: Record<string, unknown>
  readonly files: Map<string, Upload>
  /** True where the values are text, because a form or a query string carried them. */
  readonly form: boolean
}

// 50 MB: what a bot may upload.
const LARGEST_UPLOAD = 50 * 1024 * 1024

const readAll = async (request: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of request) {
    size += (part as Buffer).length
    // A form has headers around the file: one more MB.
    if (size > LARGEST_UPLOAD + 1024 * 1024) throw new ApiError(413, 'Request Entity Too Large')
    parts.push(part as Buffer)
  }
  return Buffer.concat(parts)
}

/** A form's parts. grammY writes `filename=` without quotes, which strict parsers refuse and the platform takes. */
const readForm = (body: Buffer, boundary: string): RequestBody => {
  const fields: Record<string, unknown> = {}
  const files = new Map<string, Upload>()
  const mark = Buffer.from(`--${boundary}`)
  let from = body.indexOf(mark)
  while (from >= 0) {
    const next = body.indexOf(mark, from + mark.length)
    if (next < 0) break
    const part = body.subarray(from + mark.length + 2, next - 2)
    const end = part.indexOf('\r\n\r\n')
    const head = part.subarray(0, end).toString('utf8')
    const name = /\bname="?([^";\r\n]+)"?/i.exec(head)?.[1]
    const named = /\bfilename=(?:"([^"\r\n]*)"|([^\r\n]*))/i.exec(head)
    const file = named?.[1] ?? named?.[2]
    const bytes = part.subarray(end + 4)
    if (end >= 0 && name !== undefined) {
      if (file === undefined) fields[name] = bytes.toString('utf8')
      else files.set(name, { name: file, bytes: Buffer.from(bytes) })
    }
    from = next
  }
  return { fields, files, form: true }
}

/** Reads a call's parameters from its query string and its body: JSON, URL-encoded or multipart. */
export const readBody = async (request: IncomingMessage, query: URLSearchParams): Promise<RequestBody> => {
  const type = request.headers['content-type'] ?? ''
  const body = await readAll(request)
  const asked = Object.fromEntries(query)
  const boundary = /^multipart\/form-data;.*boundary="?([^";]+)"?/i.exec(type)?.[1]
  if (boundary !== undefined) {
    const form = readForm(body, boundary)
    return { ...form, fields: { ...asked, ...form.fields } }
  }
  if (type.startsWith('application/json')) {
    try {
      const json: unknown = body.length === 0 ? {} : JSON.parse(body.toString('utf8'))
      return { fields: { ...asked, ...(json as object) }, files: new Map(), form: false }
    } catch {
      throw badRequest("can't parse request: the body is no JSON object")
    }
  }
  const encoded = Object.fromEntries(new URLSearchParams(body.toString('utf8')))
  return { fields: { ...asked, ...encoded }, files: new Map(), form: true }
}
