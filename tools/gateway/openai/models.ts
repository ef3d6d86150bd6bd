import type { Context } from 'hono'
import { aliases } from '../../aliases.ts'
import type { Caller } from '../../context.ts'
import { findRelease } from '../../find.ts'
import { type ModelCard, models } from '../../models.ts'
import { call } from '../../registry.ts'
import type { Env, Gate } from '../gate.ts'

/** What everybody may read needs no scope of a key. */
const anyone: Caller = { role: 'anyone', accountId: null, surface: 'openai' }

const modelOf = (id: string, card: ModelCard) => ({
  id,
  object: 'model',
  created: Math.floor(Date.parse(card.releasedAt) / 1000),
  owned_by: card.proposer,
  tributary: {
    model: `${card.name}@${card.version}`,
    purpose: card.purpose,
    base: card.base.name,
    priceUnits: card.priceUnits,
  },
})

/** GET /v1/models: each model by its name, each of its versions, and the aliases, newest release first. */
export const listModels = async ({ network }: Gate, c: Context<Env>): Promise<Response> => {
  const [{ models: cards }, { aliases: others }] = await Promise.all([
    call(network, anyone, models, {}),
    call(network, anyone, aliases, {}),
  ])
  const byName = new Map<string, ModelCard>()
  for (const card of cards) {
    if (!byName.has(card.name)) byName.set(card.name, card)
    byName.set(`${card.name}@${card.version}`, card)
  }
  const named = others.flatMap(({ alias, model }) => {
    const card = byName.get(model.replace(/@latest$/, ''))
    return card === undefined || byName.has(alias) ? [] : [modelOf(alias, card)]
  })
  return c.json({ object: 'list', data: [...[...byName].map(([id, card]) => modelOf(id, card)), ...named] })
}

/** GET /v1/models/{id}, where the id is any name that the model answers to. */
export const oneModel = async ({ network }: Gate, c: Context<Env>): Promise<Response> => {
  const id = c.req.param('id') ?? ''
  const { name, version } = await findRelease(network.db, id)
  const { models: cards } = await call(network, anyone, models, { model: name })
  const card = cards.find(one => one.version === version)
  if (card === undefined) throw new Error(`The release ${name}@${version} has no card.`)
  return c.json(modelOf(id, card))
}
