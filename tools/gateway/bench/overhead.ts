import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Spread, spreadOf } from '../../../infra/testing/figures.ts'
import { ask as askOf } from '../../ask.ts'
import { call } from '../../registry.ts'
import { as, ids } from '../../testing/small-network.ts'
import { scriptedEngine } from '../testing/scripted-engine.ts'
import { openStage } from '../testing/stage.ts'

/** Words of the scripted answer. */
const WORDS = 32
const script = (): string => Array.from({ length: WORDS }, (_, at) => `word${at}`).join(' ')

export interface Overhead {
  readonly concurrency: number
  /** Milliseconds of a request beyond what the engine took for its answer. */
  readonly gateway: Spread
  /** The same of the verb `ask` called in this process: payment, ledger, receipt and job, without any protocol. */
  readonly verb: Spread
  /** The same of a bare HTTP server over the same engine, which knows no accounts, no money and no receipts. */
  readonly bare: Spread
}

/**
 * What the gateway adds to an answer: the client's whole time less the engine's time for that very answer. Requests of the
 * gateway and of the bare server take turns, so that both meet the same machine.
 */
export const measureOverhead = async (concurrency: number, requests: number): Promise<Overhead> => {
  const engineMs = new Map<string, number>()
  const inner = scriptedEngine(script)
  const timed: typeof inner = {
    ...inner,
    generate: async (request, onToken) => {
      const began = performance.now()
      const generation = await inner.generate(request, onToken)
      engineMs.set(request.messages.at(-1)?.content ?? '', performance.now() - began)
      return generation
    },
  }
  const stage = await openStage({ engine: timed, prepaid: 10n ** 12n })
  const key = await stage.key({ ratePerMinute: 60_000 })
  const bare = createServer(async (request, response) => {
    let body = ''
    for await (const part of request) body += part
    const { messages } = JSON.parse(body) as { messages: { role: 'user'; content: string }[] }
    const { text } = await timed.generate({
      messages,
      adapter: null,
      maxTokens: 96,
      temperature: 0,
      topP: 1,
      seed: 0,
    })
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ text }))
  })
  await new Promise<void>(resolve => bare.listen(0, '127.0.0.1', resolve))
  const targets: Record<'gateway' | 'bare', string> = {
    gateway: `${stage.url}v1/chat/completions`,
    bare: `http://127.0.0.1:${(bare.address() as AddressInfo).port}/`,
  }
  const spent: Record<keyof typeof targets | 'verb', number[]> = { gateway: [], verb: [], bare: [] }
  const ask = async (target: keyof typeof targets, question: string): Promise<void> => {
    const began = performance.now()
    const answer = await fetch(targets[target], {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'bees', messages: [{ role: 'user', content: question }] }),
    })
    if (!answer.ok) throw new Error(`${target} answered ${answer.status}: ${await answer.text()}`)
    await answer.json()
    spent[target].push(performance.now() - began - (engineMs.get(question) ?? 0))
  }
  const askVerb = async (question: string): Promise<void> => {
    const began = performance.now()
    await call(stage.network, as(ids.ann), askOf, { model: 'bees', question })
    spent.verb.push(performance.now() - began - (engineMs.get(question) ?? 0))
  }
  const rounds = (from: number, to: number, tag: string) =>
    Promise.all(
      Array.from({ length: concurrency }, async (_, lane) => {
        for (let at = from + lane; at < to; at += concurrency)
          for (const target of ['gateway', 'verb', 'bare'] as const) {
            const question = `${tag} ${target} ${at}?`
            await (target === 'verb' ? askVerb(question) : ask(target, question))
          }
      }),
    )
  try {
    // Warm: the first requests compile what all later ones run.
    await rounds(0, 50, 'warm')
    for (const times of Object.values(spent)) times.length = 0
    await rounds(0, requests, 'timed')
    return {
      concurrency,
      gateway: spreadOf(spent.gateway),
      verb: spreadOf(spent.verb),
      bare: spreadOf(spent.bare),
    }
  } finally {
    bare.close()
    await stage.close()
  }
}
