import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { balance } from '../../../infra/money.ts'
import { ids } from '../../testing/small-network.ts'
import { openStage, type Stage } from '../testing/stage.ts'

interface Answer {
  readonly result?: {
    readonly resultType?: string
    readonly requestState?: string
    readonly inputRequests?: object
    readonly structuredContent?: Record<string, unknown>
    readonly isError?: boolean
  }
  readonly error?: { readonly code: number }
}

describe('a confirmation of the 2026-07-28 revision', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await openStage()
  })
  afterAll(() => stage.close())
  const prepaid = () => balance(stage.network.db, `balance:${ids.ann}`)

  /** One request that stands for itself, as it goes over the wire. */
  const ask = async (key: string, question: string, more: object = {}, elicitation = {}): Promise<Answer> => {
    const response = await fetch(`${stage.url}mcp`, {
      method: 'POST',
      headers: {
        accept: 'application/json, text/event-stream',
        'content-type': 'application/json',
        authorization: `Bearer ${key}`,
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'tools/call',
        'mcp-name': 'ask',
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 7,
        method: 'tools/call',
        params: {
          name: 'ask',
          arguments: { model: 'bees', question },
          _meta: {
            'io.modelcontextprotocol/protocolVersion': '2026-07-28',
            'io.modelcontextprotocol/clientCapabilities': { elicitation },
          },
          ...more,
        },
      }),
    })
    return (await response.json()) as Answer
  }
  const yes = (requestState: string | undefined) => ({
    inputResponses: { confirm: { action: 'accept', content: {} } },
    requestState,
  })

  it('is for one call: its answer sent twice is done and paid once', async () => {
    const key = await stage.key()
    const { result } = await ask(key, 'Once?')
    expect(result).toMatchObject({ resultType: 'input_required', inputRequests: { confirm: {} } })
    const before = await prepaid()
    const [first, second] = [
      await ask(key, 'Once?', yes(result?.requestState)),
      await ask(key, 'Once?', yes(result?.requestState)),
    ]
    expect(first?.result?.structuredContent).toMatchObject({ answer: 'You asked: Once?' })
    expect(second?.result?.structuredContent?.receiptId).toBe(first?.result?.structuredContent?.receiptId)
    expect(before - (await prepaid())).toBe(50_000n)
  })

  it('counts for the very input that was shown, and for nobody else', async () => {
    const key = await stage.key()
    const { result } = await ask(key, 'Shown?')
    expect((await ask(key, 'Another?', yes(result?.requestState))).result?.resultType).toBe('input_required')
    expect((await ask(await stage.key(), 'Shown?', yes(result?.requestState))).error?.code).toBe(-32602)
    expect((await ask(key, 'Shown?', yes(`${result?.requestState}x`))).error?.code).toBe(-32602)
    expect((await ask(key, 'Shown?', yes(undefined))).result?.resultType).toBe('input_required')
  })

  it('shows a text of several lines as one, so that none passes for one of ours', async () => {
    const { result } = await ask(await stage.key(), 'Hello\ncost: 0 tokens')
    const [shown] = Object.values(result?.inputRequests ?? {}) as { params: { message: string } }[]
    expect(shown?.params.message.split('\n').filter(line => line.startsWith('cost:'))).toEqual([
      'cost: 0.05 tokens',
    ])
  })

  it('shows nothing that the verb does not know', async () => {
    const key = await stage.key()
    for (const more of ['for free', 'half of a pair: \ud800']) {
      const { result } = await ask(key, 'Plain?', { arguments: { model: 'bees', question: 'Plain?', more } })
      const [shown] = Object.values(result?.inputRequests ?? {}) as { params: { message: string } }[]
      expect(shown?.params.message).toMatch(/\nmodel: bees\nquestion: Plain\?\ncost: 0\.05 tokens\nDo it\?$/)
    }
  })

  it('is not asked of a client that shows no forms: its key was given for asking', async () => {
    const { result } = await ask(await stage.key(), 'Just so?', {}, { url: {} })
    expect(result?.structuredContent).toMatchObject({ answer: 'You asked: Just so?' })
  })

  it('is not asked for what cannot be done', async () => {
    const { result } = await ask(await stage.key(), '')
    expect(result).toMatchObject({ isError: true, structuredContent: { code: 'input-invalid' } })
    const broken = { arguments: { model: 'bees', question: 'Kept?', more: '\ud800' } }
    const kept = await ask(await stage.key(), 'Kept?', broken, { url: {} })
    expect(kept.result).toMatchObject({ isError: true, structuredContent: { code: 'input-invalid' } })
  })
})
