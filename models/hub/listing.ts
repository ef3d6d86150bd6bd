import { listFiles, modelInfo } from '@huggingface/hub'
import { fault, isFault } from '../../infra/errors.ts'
import { type Hub, Unsteady } from './request.ts'

/** A file of a model on the hub. */
export interface HubFile {
  name: string
  bytes: number
  /** What the hub says that it contains: SHA-256 of a file in LFS, else git's SHA-1 of the blob. */
  oid: { kind: 'sha256' | 'git'; hex: string }
}

export interface Listing {
  /** What the revision was when it was asked for; everything is read at this commit. */
  commit: string
  /** As the model card gives it, such as `apache-2.0`. */
  licence: string | null
  /** The files beside the weights, config.json first. */
  small: HubFile[]
  /** `model.safetensors`, or the index that names the shards. */
  weights: HubFile
  /** Every file in the top folder, by name. */
  all: ReadonlyMap<string, HubFile>
}

/** All that a base is made of beside its weights; code, pickles and other formats are never fetched. */
const beside = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'chat_template.jinja',
  'chat_template.json',
]
export const indexFile = 'model.safetensors.index.json'
const MOST_FILES = 10_000
const MOST_LISTING_BYTES = 32 << 20

/**
 * Resolves the revision to a commit and lists what a base needs of it.
 * Throws `base-not-found`, `base-forbidden`, `base-download`, and `base-missing` naming all that a base needs and the model lacks.
 */
export const readListing = async (hub: Hub): Promise<Listing> => {
  const { repo, revision } = hub.id
  const common = { hubUrl: hub.endpoint, fetch: wholeAnswers(hub) }
  const info = await modelInfo({
    ...common,
    name: repo,
    revision,
    additionalFields: ['sha', 'cardData'],
  }).catch(cause => {
    throw unreadable(hub, 'its description cannot be read', cause)
  })
  if (!/^[0-9a-f]{40}$/.test(info.sha)) throw unreadable(hub, 'its commit has no hash')
  const all = new Map<string, HubFile>()
  let seen = 0
  try {
    for await (const entry of listFiles({
      ...common,
      repo: { type: 'model', name: repo },
      revision: info.sha,
    })) {
      if (++seen > MOST_FILES) throw unreadable(hub, `it lists more than ${MOST_FILES} files`)
      if (!isPlainPath(entry.path)) throw unreadable(hub, 'it lists a path that leads out of its folder')
      const { oid, lfs } = entry
      if (entry.type !== 'file') continue
      all.set(entry.path, {
        name: entry.path,
        bytes: lfs?.size ?? entry.size,
        oid: lfs === undefined ? { kind: 'git', hex: oid ?? '' } : { kind: 'sha256', hex: lfs.oid },
      })
    }
  } catch (cause) {
    throw unreadable(hub, 'its files cannot be listed', cause)
  }
  const weights = all.get('model.safetensors') ?? all.get(indexFile)
  const lacking = ['config.json', 'tokenizer.json'].filter(name => !all.has(name))
  if (weights === undefined) lacking.push('model.safetensors')
  if (weights === undefined || lacking.length > 0)
    throw fault('base-missing', `${repo} holds no ${lacking.join(', no ')}.`, {
      fix: 'Name a model with config.json, tokenizer.json and safetensors weights.',
      facts: { base: repo, commit: info.sha },
      blame: 'operator',
    })
  const small = beside.flatMap(name => all.get(name) ?? [])
  return { commit: info.sha, licence: licenceOf(info.cardData), small, weights, all }
}

/** The listed file of that name, checked. Throws `base-download` where it is absent or has no usable hash and size. */
export const listed = (hub: Hub, all: ReadonlyMap<string, HubFile>, name: string): HubFile => {
  const file = all.get(name)
  if (file === undefined || !/^\w[\w.-]*$/.test(name))
    throw unreadable(hub, `its index names ${JSON.stringify(name.slice(0, 80))}, which it does not list`)
  const { kind, hex } = file.oid
  if (!(kind === 'sha256' ? /^[0-9a-f]{64}$/ : /^[0-9a-f]{40}$/).test(hex))
    throw unreadable(hub, `${name} is listed without a hash`)
  if (!Number.isSafeInteger(file.bytes) || file.bytes < 0)
    throw unreadable(hub, `${name} is listed without a size`)
  return file
}

/** The fault of a model that the hub describes in a way that cannot be used; a fault that came before is kept. */
export const unreadable = (hub: Hub, what: string, cause?: unknown): unknown => {
  hub.check()
  if (isFault(cause)) return cause
  return fault('base-download', `${hub.id.repo} cannot be fetched: ${what}.`, {
    fix: `Look at ${hub.endpoint}/${hub.id.repo}, or name another base.`,
    facts: { base: hub.id.repo },
    blame: 'operator',
    cause,
  })
}

/** The library's fetch: answers are read whole before it sees them, so that one cut off is asked for again. */
const wholeAnswers =
  (hub: Hub): typeof fetch =>
  async input =>
    hub.patiently(async () => {
      const response = await hub.get(String(input), { accept: 'application/json' })
      let text = ''
      const decoder = new TextDecoder()
      try {
        for await (const piece of response.body ?? []) {
          text += decoder.decode(piece, { stream: true })
          if (text.length > MOST_LISTING_BYTES) throw unreadable(hub, 'its listing is too long')
        }
      } catch (cause) {
        throw cause instanceof TypeError ? new Unsteady('the connection was cut', { cause }) : cause
      }
      return new Response(text + decoder.decode(), { headers: response.headers })
    })

// Under the rules of Windows too: a file must not leave its folder anywhere.
const isPlainPath = (path: unknown): boolean =>
  typeof path === 'string' &&
  !/[\\:\0]|^\//.test(path) &&
  !path.split('/').some(part => part === '..' || part === '.' || part === '')

/** The licence in a model card; `other` is replaced by the name that it goes by. Cut to one plain line: the card is anybody's text. */
const licenceOf = (card: unknown): string | null => {
  const { license, license_name: name } = (card ?? {}) as { license?: unknown; license_name?: unknown }
  const given = license === 'other' && typeof name === 'string' ? name : license
  const line = [given].flat().filter(item => typeof item === 'string')
  const plain = line.join(', ').replaceAll(/[^\w .,+()/-]/g, '')
  return plain === '' ? null : plain.slice(0, 100)
}
