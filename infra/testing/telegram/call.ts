import { badRequest } from './api-error.ts'
import type { RequestBody, Upload } from './request-body.ts'

/** One call of the bot, its parameters read as the Bot API reads them: numbers and objects may come as text. */
export class Call {
  readonly method: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly files: ReadonlyMap<string, Upload>

  constructor(method: string, body: Pick<RequestBody, 'fields' | 'files'>) {
    this.method = method
    this.fields = body.fields
    this.files = body.files
  }

  has(name: string): boolean {
    const value = this.fields[name]
    return value !== undefined && value !== null && value !== ''
  }

  integer(name: string): number | undefined {
    if (!this.has(name)) return undefined
    const value = Number(this.fields[name])
    if (!Number.isInteger(value)) throw badRequest(`can't parse ${name}: it must be an integer`)
    return value
  }

  text(name: string): string {
    const value = this.fields[name]
    return value === undefined || value === null ? '' : String(value)
  }

  flag(name: string): boolean {
    const value = this.fields[name]
    return value === true || value === 'true' || value === 'True' || value === 1 || value === '1'
  }

  /** A parameter that is an object or a list; the caller names its type, the specification check holds it to it. */
  object<T>(name: string): T | undefined {
    const value = this.fields[name]
    if (!this.has(name)) return undefined
    if (typeof value !== 'string') return value as T
    try {
      return JSON.parse(value) as T
    } catch {
      throw badRequest(`can't parse ${name} JSON object`)
    }
  }

  /** The uploaded file that a parameter holds or names as `attach://…`. */
  upload(name: string): Upload | undefined {
    const attached = /^attach:\/\/(.+)$/.exec(this.text(name))?.[1]
    return this.files.get(attached ?? name)
  }
}
