import {
  type McpServer,
  ProtocolError,
  ProtocolErrorCode,
  type ReadResourceResult,
  ResourceNotFoundError,
  ResourceTemplate,
} from '@modelcontextprotocol/server'
import { isFault } from '../../../infra/errors.ts'
import { toldOf } from '../faults.ts'
import { type Named, readNamed, readPublic } from './public.ts'
import type { Desk } from './server.ts'

const json = 'application/json'

/** For people to read: what strangers wrote is in it. */
const forPeople = { audience: ['user' as const] }

interface Kind {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly template: string
  readonly mimeType: string
  /** The names that a client may complete and list; absent where there are too many. */
  names?(named: Named): readonly string[]
  read(desk: Desk, name: string): Promise<unknown>
}

const models = ({ models }: Named) => models.map(({ name, version }) => `${name}@${version}`)

const kinds: readonly Kind[] = [
  {
    name: 'datanet',
    title: 'Datanet',
    description:
      'The constitution of a datanet (purpose, data wanted, licences, target, split) and its counts.',
    template: 'tributary://datanets/{name}',
    mimeType: json,
    names: ({ datanets }) => datanets,
    read: async (desk, name) => {
      const { proposals } = (await readPublic(desk, 'status', { proposal: name })) as { proposals: object[] }
      const { mine: _, ...datanet } = proposals[0] as { mine: unknown }
      return datanet
    },
  },
  {
    name: 'model',
    title: 'Model card',
    description:
      'What a released model is for, what is in it, how it was judged, what it costs and whom it pays.',
    template: 'tributary://models/{model}',
    mimeType: json,
    names: models,
    read: async (desk, name) => {
      const [wanted, version] = name.split('@')
      const { models } = (await readPublic(desk, 'models', { model: wanted })) as {
        models: { version: number }[]
      }
      return models.find(
        card => version === undefined || version === 'latest' || `${card.version}` === version,
      )
    },
  },
  {
    name: 'bom',
    title: 'Bill of materials',
    description:
      'CycloneDX 1.6 ML-BOM of a released model: base, adapter, every licence and contributor, evaluation.',
    template: 'tributary://boms/{model}',
    mimeType: 'application/vnd.cyclonedx+json',
    names: models,
    read: async (desk, model) => ((await readPublic(desk, 'bom', { model })) as { bom: unknown }).bom,
  },
  {
    name: 'receipt',
    title: 'Receipt',
    description: 'A receipt as it was signed, with its ledger event and proof.',
    template: 'tributary://receipts/{id}',
    mimeType: json,
    read: (desk, receipt) => readPublic(desk, 'receipt', { receipt }),
  },
  {
    name: 'event',
    title: 'Ledger event',
    description: 'One event of the public ledger with everything that proves it.',
    template: 'tributary://ledger/{seq}',
    mimeType: json,
    read: (desk, seq) => readPublic(desk, 'event', { seq }),
  },
]

/** What is public of the network, read as anyone may read it: nothing personal can be in it. */
export const registerResources = (server: McpServer, desk: Desk): void => {
  for (const { name, title, description, template, mimeType, names, read } of kinds) {
    const variable = /\{(\w+)\}/.exec(template)?.[1] ?? 'name'
    const listed = async (): Promise<readonly string[]> => names?.(await readNamed(desk)) ?? []
    const list = async () => ({
      resources: (await listed()).map(item => ({
        uri: template.replace(`{${variable}}`, item),
        name: `${name} ${item}`,
        title: `${title}: ${item}`,
        description,
        mimeType,
        annotations: forPeople,
      })),
    })
    const complete = async (typed: string) =>
      (await listed()).filter(item => item.startsWith(typed.toLowerCase()))
    server.registerResource(
      name,
      new ResourceTemplate(template, {
        list: names === undefined ? undefined : list,
        ...(names === undefined ? {} : { complete: { [variable]: complete } }),
      }),
      { title, description, mimeType, annotations: forPeople },
      (uri, variables) =>
        contents(desk, uri, mimeType, () => read(desk, decodeURIComponent(String(variables[variable])))),
    )
  }
  server.registerResource(
    'ledger',
    'tributary://ledger',
    {
      title: 'Ledger',
      description: 'The newest fifty events of the public ledger, with the anchors on chain.',
      mimeType: json,
      annotations: forPeople,
    },
    uri => contents(desk, uri, json, () => readPublic(desk, 'events', {})),
  )
}

const contents = async (
  desk: Desk,
  uri: URL,
  mimeType: string,
  read: () => Promise<unknown>,
): Promise<ReadResourceResult> => {
  const value = await read().catch((error: unknown) => {
    if (isFault(error) && error.code.endsWith('-unknown')) return undefined
    const { code, message, fix } = toldOf(error, desk.network.log, uri.href)
    const incident = code === 'incident'
    throw new ProtocolError(
      incident ? ProtocolErrorCode.InternalError : ProtocolErrorCode.InvalidParams,
      `${message} ${fix}`,
      { code },
    )
  })
  if (value === undefined) throw new ResourceNotFoundError(uri.href)
  return { contents: [{ uri: uri.href, mimeType, text: JSON.stringify(value) }] }
}
