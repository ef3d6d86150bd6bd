import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { sha256Hex } from '../infra/canonical.ts'
import type { Database, Db } from '../infra/db.ts'
import { balance } from '../infra/money.ts'
import { answerIds, ask, interrupted } from './ask.ts'
import { requestHashOf } from './ask-request.ts'
import { eraseSettledAnswers } from './erase-answers.ts'
import { finishOpenCalls } from './finish-calls.ts'
import { echo } from './gateway/testing/scripted-engine.ts'
import { openStage, type Stage } from './gateway/testing/stage.ts'
import { call } from './registry.ts'
import { as, ids, NOW } from './testing/small-network.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage.close())
beforeEach(() => {
  stage.script = echo
})

const ann = as(ids.ann)
const held = () => balance(stage.network.db, `balance:${ids.ann}`)
const stateOf = async (key: string) => {
  const [row] = await stage.network.db.query<{ state: string }>('select state from answers where id = $1', [
    answerIds(ann, key).answerId,
  ])
  return row?.state
}
const receiptOf = async (id: string) => {
  const [row] = await stage.network.db.query<{
    kind: string
    body: string
    signature: string
    key_id: string
  }>('select kind, body, signature, key_id from receipts where id = $1', [id])
  return row
}

describe('ask', () => {
  const question = { model: 'bees', question: 'What is a nuc?' }
  const request = {
    earlier: [{ role: 'system' as const, content: 'Be brief.' }],
    later: [{ role: 'assistant' as const, content: 'Well' }],
    seed: 5,
    logProbs: true,
  }

  it('gives the ids of an answer before it is there', async () => {
    const said = await call(stage.network, ann, ask, question, { key: 'known' })
    expect(answerIds(ann, 'known')).toEqual({ answerId: said.answerId, receiptId: said.receiptId })
    expect(await ask.cost?.(stage.network, ann, question)).toBe(BigInt(said.priceUnits))
  })

  it('keeps what stood around the question, and its receipt holds the salted hash of it', async () => {
    const plain = await call(stage.network, ann, ask, question)
    const said = await call(stage.network, ann, ask, { ...question, request }, { key: 'talk' })
    expect(said.tokens?.map(({ text }) => text).join('')).toBe(said.answer)
    expect(JSON.parse((await receiptOf(plain.receiptId))?.body ?? '')).not.toHaveProperty('requestHash')
    const receipt = await receiptOf(said.receiptId)
    const body = JSON.parse(receipt?.body ?? '').body ?? JSON.parse(receipt?.body ?? '')
    const salt = Buffer.from(said.salt, 'hex')
    expect(body.questionHash).toBe(sha256Hex(salt, question.question))
    expect(body.requestHash).toBe(requestHashOf(salt, question.question, request))
    // Stored nowhere: a repeated call gives the text alone.
    const again = await call(stage.network, ann, ask, { ...question, request }, { key: 'talk' })
    expect([again.answer, again.tokens]).toEqual([said.answer, undefined])
    const kept = await stage.network.db.query<{ request: unknown }>(
      'select request from answers where id = $1',
      [said.answerId],
    )
    expect(kept).toEqual([{ request }])
  })

  it('gives the price back where nobody waits for the answer any more', async () => {
    const before = await held()
    const left = new AbortController()
    stage.script = () => {
      left.abort()
      return 'word '.repeat(50)
    }
    await expect(
      call(stage.network, ann, ask, question, { key: 'left', signal: left.signal }),
    ).rejects.toMatchObject({ code: 'answer-given-up' })
    expect([await stateOf('left'), await held()]).toEqual(['refunded', before])
    await expect(call(stage.network, ann, ask, question, { key: 'left' })).rejects.toMatchObject({
      code: 'answer-refunded',
    })
  })

  it('is written to its end and paid for where its asker leaves after the first word', async () => {
    const before = await held()
    const left = new AbortController()
    stage.script = () => 'word '.repeat(50)
    const options = { key: 'read', signal: left.signal, onUpdate: () => left.abort() }
    const said = await call(stage.network, ann, ask, question, options)
    expect(said.answer).toBe('word '.repeat(50))
    expect([await stateOf('read'), await held()]).toEqual(['answered', before - 50_000n])
  })

  it('stays paid where the node stops, and is answered when it starts again', async () => {
    const before = await held()
    const stop = new AbortController()
    stage.script = () => {
      stop.abort(interrupted())
      return 'word '.repeat(50)
    }
    await expect(
      call(stage.network, ann, ask, { ...question, request }, { key: 'stopped', signal: stop.signal }),
    ).rejects.toMatchObject({ code: 'answer-interrupted' })
    expect(await stateOf('stopped')).toBe('paid')
    const heard: unknown[] = []
    stage.script = ({ messages, seed }) => {
      heard.push({ messages: messages.length, seed })
      return 'Here.'
    }
    expect(await finishOpenCalls(stage.network, [ask])).toBe(1)
    expect(heard).toEqual([{ messages: 3, seed: 5 }])
    expect([await stateOf('stopped'), await held()]).toEqual(['answered', before - 50_000n])
  })

  it('asks the version that was paid for, also where the name stands for a newer one when it is repeated', async () => {
    const { db } = stage.network
    const stop = new AbortController()
    stage.script = () => {
      stop.abort(interrupted())
      return 'word '.repeat(50)
    }
    const asked = () => call(stage.network, ann, ask, question, { key: 'older', signal: stop.signal })
    await expect(asked()).rejects.toMatchObject({ code: 'answer-interrupted' })
    stage.script = echo
    await db.query(
      `insert into releases (id, proposal_id, version, run_id, snapshot_id, evaluation_id, adapter_hash, commit_tx, release_tx, created_at)
       select gen_random_uuid(), r.proposal_id, 2, run_id, snapshot_id, evaluation_id, adapter_hash, '', '', r.created_at
       from releases r join proposals p on p.id = r.proposal_id where p.name = 'bees'`,
    )
    const { model } = await call(stage.network, ann, ask, question, { key: 'older' })
    await db.query('delete from releases where version = 2')
    expect(model).toBe('bees@1')
  })

  it('pays once where the same call is made twice at once', async () => {
    const before = await held()
    // What another connection sees until it waits for a lock: nothing of what was written meanwhile.
    const { db } = stage.network
    const stale = (tx: Db): Db => {
      let waited = false
      const query = (async (text: string, values?: unknown[]) => {
        waited ||= text.includes('for update')
        return !waited && text.includes('from answers') ? [] : tx.query(text, values)
      }) as Db['query']
      return Object.assign(Object.create(tx), { query })
    }
    const tx: Db['tx'] = work => db.tx(tx => work(stale(tx)))
    const late = { ...stage.network, db: Object.assign(Object.create(db) as Database, { tx }) }
    const twice = await Promise.all(
      [stage.network, late].map(network => call(network, ann, ask, question, { key: 'twice' })),
    )
    expect(twice[0]).toEqual(twice[1])
    expect(await held()).toBe(before - 50_000n)
  })

  it('refuses text that no hash and no database can hold', async () => {
    for (const bad of ['a\0b', 'a\ud800b'])
      await expect(call(stage.network, ann, ask, { ...question, question: bad })).rejects.toMatchObject({
        code: 'input-invalid',
      })
  })

  it('loses a conversation with its account', async () => {
    const { db } = stage.network
    await db.query(`update epochs set state = 'computed' where number = 3`)
    await db.query('update accounts set erased_at = $2 where id = $1', [ids.ann, NOW])
    expect(await eraseSettledAnswers(db)).toBeGreaterThan(1)
    expect(
      await db.query('select id from answers where account_id = $1 and request is not null', [ids.ann]),
    ).toEqual([])
  })
})
