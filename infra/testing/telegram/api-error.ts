import type { ResponseParameters } from '@grammyjs/types'

/** An answer with `ok: false`, as the Bot API gives it. */
export class ApiError extends Error {
  readonly code: number
  readonly parameters: ResponseParameters | undefined

  constructor(code: number, description: string, parameters?: ResponseParameters) {
    super(description)
    this.code = code
    this.parameters = parameters
  }
}

/** 400: `Bad Request: …`. */
export const badRequest = (what: string): ApiError => new ApiError(400, `Bad Request: ${what}`)

/** 403: `Forbidden: …`. */
export const forbidden = (what: string): ApiError => new ApiError(403, `Forbidden: ${what}`)

/** 409: `Conflict: …`. */
export const conflict = (what: string): ApiError => new ApiError(409, `Conflict: ${what}`)

/** 429 with the seconds to wait. */
export const tooManyRequests = (seconds: number): ApiError =>
  new ApiError(429, `Too Many Requests: retry after ${seconds}`, { retry_after: seconds })
