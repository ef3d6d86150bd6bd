import type { AgentCard, AgentExtension, AgentSkill, SecurityRequirement } from '@a2a-js/sdk'
import { A2A_PROTOCOL_VERSION } from '@a2a-js/sdk'
import { fault } from '../../../infra/errors.ts'
import pack from '../../../package.json' with { type: 'json' }
import type { Caller } from '../../context.ts'
import { type ModelCard, models } from '../../models.ts'
import { call, type Verb } from '../../registry.ts'
import type { Gate } from '../gate.ts'
import { type Agent, isRole, roles } from './agents.ts'

/** Extensions of ours: each only tells, none has to be understood. */
export const extensions = {
  agents: 'urn:tributary:a2a:agents',
  model: 'urn:tributary:a2a:model',
  price: 'urn:tributary:a2a:price',
} as const

export interface Listed {
  readonly name: string
  readonly description: string
  /** Where it is talked to. */
  readonly url: string
  /** Where its card is. */
  readonly card: string
}

const nobody: Caller = { role: 'anyone', accountId: null, surface: 'a2a' }
const cardPath = '.well-known/agent-card.json'

const urlOf = (gate: Gate, path: string): string => `${gate.address().url}a2a${path === '' ? '' : `/${path}`}`

/** The agents of this node: its roles, and the newest release of each model. */
export const listAgents = async (gate: Gate): Promise<Listed[]> => {
  const released = (await call(gate.network, nobody, models, {})).models
  const newest = new Map([...released].reverse().map(model => [model.name, model]))
  const listed = (path: string, name: string, description: string): Listed => ({
    name,
    description,
    url: urlOf(gate, path),
    card: `${urlOf(gate, path)}/${cardPath}`,
  })
  return [
    ...Object.entries(roles)
      .filter(([id]) => id !== '')
      .map(([id, { name, description }]) => listed(id, name, description)),
    ...[...newest.values()].map(({ name, version, purpose }) =>
      listed(`models/${name}`, `${name}@${version}`, purpose),
    ),
  ]
}

/** An agent's card without its signature: a role's from its verbs, a model's from the model's card. */
export const cardOf = async (gate: Gate, agent: Agent): Promise<AgentCard> => {
  const url = urlOf(gate, agent.path)
  const told = isRole(agent.path)
    ? {
        name: roles[agent.path].name,
        description: roles[agent.path].description,
        version: pack.version,
        skills: agent.verbs.map(skillOf),
        extensions: agent.path === '' ? [await agentsExtension(gate)] : [],
      }
    : await modelTold(gate, agent)
  return {
    name: told.name,
    description: told.description,
    version: told.version,
    supportedInterfaces: ['JSONRPC', 'HTTP+JSON'].map(protocolBinding => ({
      url,
      protocolBinding,
      tenant: '',
      protocolVersion: A2A_PROTOCOL_VERSION,
    })),
    provider: { organization: 'Tributary', url: gate.address().url },
    capabilities: {
      streaming: true,
      pushNotifications: false,
      extendedAgentCard: false,
      extensions: told.extensions,
    },
    securitySchemes: {
      key: {
        scheme: {
          $case: 'httpAuthSecurityScheme',
          value: {
            description: 'An API key of this node.',
            scheme: 'Bearer',
            bearerFormat: 'trib_<id>_<secret>',
          },
        },
      },
    },
    securityRequirements: [],
    defaultInputModes: isRole(agent.path) ? ['text/plain', 'application/json'] : ['text/plain'],
    defaultOutputModes: ['text/plain', 'application/json'],
    skills: told.skills,
    signatures: [],
  }
}

const withKey: SecurityRequirement[] = [{ schemes: { key: { list: [] } } }]

const skillOf = (verb: Verb): AgentSkill => ({
  id: verb.name,
  name: verb.name,
  description: verb.summary,
  tags: [verb.effect],
  examples: [JSON.stringify({ verb: verb.name, input: {} })],
  inputModes: ['application/json'],
  outputModes: ['application/json'],
  securityRequirements: verb.who.includes('anyone') ? [] : withKey,
})

const agentsExtension = async (gate: Gate): Promise<AgentExtension> => ({
  uri: extensions.agents,
  description: 'The other agents of this node, each with a signed card of its own.',
  required: false,
  params: { agents: await listAgents(gate) },
})

const modelTold = async (gate: Gate, agent: Agent) => {
  const [name, version] = agent.path.slice('models/'.length).toLowerCase().split('@')
  const found = (await call(gate.network, nobody, models, { model: agent.id.slice('models/'.length) })).models
  const wanted = version === undefined || version === 'latest' ? undefined : Number(version)
  const model = found.find(one => wanted === undefined || one.version === wanted)
  if (model === undefined)
    throw fault('model-unknown', `No model "${name?.slice(0, 60)}" has been released.`, {
      fix: 'Look at the list at /a2a.',
    })
  return {
    name: `${model.name}@${model.version}`,
    description: model.purpose,
    version: String(model.version),
    skills: [
      {
        ...skillOf(agent.verbs[0] as Verb),
        description: `Answers a question from ${model.rows} rows by ${model.contributors.length} people; the answer carries a signed receipt.`,
        examples: [],
        inputModes: ['text/plain'],
        outputModes: ['text/plain', 'application/json'],
        securityRequirements: [],
      },
    ],
    extensions: [await priceExtension(gate, model), modelExtension(model)],
  }
}

const modelExtension = ({ contributors, thumbs: _, answers: __, ...facts }: ModelCard): AgentExtension => ({
  uri: extensions.model,
  description: 'What the model is made of and how it was judged.',
  required: false,
  params: { ...facts, contributors: contributors.length },
})

const priceExtension = async ({ network }: Gate, { priceUnits }: ModelCard): Promise<AgentExtension> => {
  const { chainId, token } = await network.chain.paymentTerms()
  return {
    uri: extensions.price,
    description:
      'The price of one question: from the balance of an API key, or by x402 over HTTP (402 tells the terms).',
    required: false,
    params: {
      units: priceUnits,
      decimals: 6,
      token,
      chainId,
      network: `eip155:${chainId}`,
      x402: { version: 2, scheme: 'exact' },
    },
  }
}
