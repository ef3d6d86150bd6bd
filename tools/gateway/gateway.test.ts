import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask } from '../ask.ts'
import { call } from '../registry.ts'
import { as, ids } from '../testing/small-network.ts'
import { openStage, type Stage } from './testing/stage.ts'

describe('the gateway', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await openStage()
  })
  afterAll(() => stage.close())

  it('tells what it does not know as a problem document with the request’s id', async () => {
    const answer = await fetch(`${stage.url}api/nothing`)
    expect(answer.status).toBe(404)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    const problem = (await answer.json()) as Record<string, unknown>
    expect(problem).toMatchObject({ status: 404, code: 'route-unknown' })
    expect(problem.instance).toBe(`urn:tributary:request:${answer.headers.get('x-request-id')}`)
  })

  it('stands on a network whose model can be asked', async () => {
    const said = await call(stage.network, as(ids.ann), ask, { model: 'bees', question: 'What is a nuc?' })
    expect(said).toMatchObject({ answer: 'You asked: What is a nuc?', balanceUnits: '950000' })
    expect(stage.jobs).toContainEqual({ name: 'attribute', data: { answerId: said.answerId } })
  })
})
