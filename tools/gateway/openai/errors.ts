import { isFault } from '../../../infra/errors.ts'
import { headersOf, type Told } from '../faults.ts'

/** Codes that OpenAI's clients know, where they have one for a fault of ours. */
const codes: Readonly<Record<string, string>> = {
  'key-missing': 'invalid_api_key',
  'key-invalid': 'invalid_api_key',
  'key-expired': 'invalid_api_key',
  'model-unknown': 'model_not_found',
  'insufficient-balance': 'insufficient_quota',
  'budget-spent': 'insufficient_quota',
  'prompt-too-long': 'context_length_exceeded',
  'rate-limited': 'rate_limit_exceeded',
  'queue-full': 'rate_limit_exceeded',
  'parameter-invalid': 'invalid_value',
  'parameter-unsupported': 'unsupported_parameter',
  'input-invalid': 'invalid_value',
  'constraint-invalid': 'invalid_json_schema',
}

const typeOf = (status: number, code: string): string => {
  if (code === 'insufficient_quota') return code
  if (status >= 500) return 'server_error'
  if (status === 429) return 'rate_limit_error'
  return status === 403 ? 'permission_error' : 'invalid_request_error'
}

export interface OpenaiError {
  readonly message: string
  readonly type: string
  readonly param: string | null
  readonly code: string
}

/** An error as OpenAI's API tells it; `told` is what of it may be told. */
export const openaiErrorOf = (error: unknown, told: Told): OpenaiError => {
  const code = codes[told.code] ?? told.code.replaceAll('-', '_')
  const param = isFault(error) && told.status < 500 ? error.facts.param : null
  return {
    message: `${told.message} ${told.fix}`,
    type: typeOf(statusOf(told), code),
    param: typeof param === 'string' ? param : null,
    code,
  }
}

/** OpenAI answers 400 to what does not fit its schema. */
export const statusOf = ({ status, code }: Told): number => (code === 'input-invalid' ? 400 : status)

/** A refusal under /v1: OpenAI's body, and a header by which its clients know whether to try again. */
export const openaiRefusal = (error: unknown, told: Told) => ({
  body: JSON.stringify({ error: openaiErrorOf(error, told) }),
  status: statusOf(told),
  headers: {
    'content-type': 'application/json',
    'x-should-retry': String(told.retry),
    ...headersOf(told),
  },
})
