import { fault } from './errors.ts'

export type Rpc = (method: string, params?: readonly unknown[]) => Promise<unknown>

/** What a node answered instead of a result. `data` is the revert data of a contract, where there is any. */
export class RpcError extends Error {
  override readonly name = 'RpcError'
  readonly code: number
  readonly data: `0x${string}` | null

  constructor(code: number, message: string, data: `0x${string}` | null) {
    super(message)
    this.code = code
    this.data = data
  }
}

interface Answer {
  result?: unknown
  error?: { code: number; message: string; data?: unknown }
}

const revertData = (data: unknown): `0x${string}` | null => {
  const inner = data !== null && typeof data === 'object' ? Reflect.get(data, 'data') : data
  return typeof inner === 'string' && /^0x[0-9a-f]*$/i.test(inner) ? (inner as `0x${string}`) : null
}

/** The URL without user, password, path and query: providers put their keys there. */
export const withoutCredentials = (url: string): string => {
  const { protocol, host } = new URL(url)
  return `${protocol}//${host}`
}

/**
 * JSON-RPC over HTTP. Throws RpcError for what the node answered, and `chain-unreachable` (retry) when nothing answered within
 * `deadlineMs`.
 */
export const rpcOver = (url: string, deadlineMs: number): Rpc => {
  let id = 0
  return async (method, params = []) => {
    let answer: Answer
    try {
      id += 1
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ jsonrpc: '2.0', id, method, params }),
        signal: AbortSignal.timeout(deadlineMs),
      })
      answer = (await response.json()) as Answer
    } catch (cause) {
      throw fault('chain-unreachable', `The chain at ${withoutCredentials(url)} did not answer ${method}.`, {
        fix: 'Repeat the call; check CHAIN_RPC_URL if it stays away.',
        facts: { method },
        retry: true,
        blame: 'world',
        cause,
      })
    }
    if (answer.error)
      throw new RpcError(answer.error.code, answer.error.message, revertData(answer.error.data))
    return answer.result
  }
}
