import { basename, extname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { VerbInput, VerbOutput } from '../../tools/client/types.ts'
import { modelName } from '../../tools/terms.ts'
import { canonicalJson, sha256Hex } from '../canonical.ts'
import { readSettings } from '../env.ts'
import { fault, isFault } from '../errors.ts'
import { type Command, readOptions, say } from './command.ts'
import { readDatasetFile, statedRights } from './dataset-file.ts'
import { type NodeHere, withNodeHere } from './node-here.ts'
import { progressLine } from './progress-line.ts'

type Wanted = VerbInput<'fine-tune'>
type Made = VerbOutput<'fine-tune'>

/**
 * `tributary quickstart FILE`: from a dataset file to a served model with an API, without a vote. A command that was ended
 * in between goes on where it was when it is given again. Started without a node, it stays up as one.
 */
export const quickstart: Command = {
  run: async words => {
    const { values, positionals } = readOptions(words, {
      name: { type: 'string' },
      purpose: { type: 'string' },
      price: { type: 'string' },
      licence: { type: 'string' },
      rights: { type: 'string' },
      once: { type: 'boolean' },
    })
    const [file] = positionals
    if (file === undefined)
      throw fault('file-missing', 'No dataset was named.', { fix: 'Run tributary quickstart FILE.' })
    const began = performance.now()
    const settings = readSettings(process.env)
    const { rows } = await readDatasetFile(file)
    const wanted: Wanted = {
      name: values.name ?? nameFrom(file),
      ...(values.purpose === undefined ? {} : { purpose: values.purpose }),
      ...(values.price === undefined ? {} : { price: values.price }),
      ...(await statedRights(values)),
      rows: rows.map(({ line: _, ...row }) => row),
    }
    await withNodeHere(
      settings,
      async node => {
        const made = await make(node, wanted)
        tellMade(made)
        await tellApi(node, made)
        say(`from the file to here: ${Math.round((performance.now() - began) / 1000)} s`)
        if (!node.started || values.once === true) return
        say('It is served until this program ends: press Ctrl-C.')
        await ended()
      },
      'open',
    )
    return 0
  },
}

/** The model's name where none was given: the file's, as names of models are written. */
export const nameFrom = (file: string): string => {
  const slug = basename(file, extname(file))
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[-0-9]+|-+$/g, '')
    .slice(0, 40)
    .replace(/-+$/, '')
  return modelName.safeParse(slug).success ? slug : 'my-model'
}

/** Tunes and releases; the same rows under the same name are made once, however often the command is given. */
const make = async ({ operator, me }: NodeHere, wanted: Wanted): Promise<Made> => {
  const { me: person } = await me.call('status', {})
  const input = { ...wanted, ...(person === null ? {} : { account: person.accountId }) }
  const idempotencyKey = sha256Hex(canonicalJson(input))
  const line = progressLine(process.stdout)
  const watching = new AbortController()
  const watched = watch(operator, wanted.name, watching.signal, line.show)
  try {
    for (;;)
      try {
        return await operator.call('fine-tune', input, { idempotencyKey })
      } catch (error) {
        // The node has no answer yet, and goes on.
        if (!isFault(error) || !['request-timeout', 'lease-held'].includes(error.code)) throw error
        await sleep(3000)
      }
  } finally {
    watching.abort()
    await watched
    line.end()
  }
}

/** Shows how the training goes, as long as it does. */
const watch = async (
  operator: NodeHere['operator'],
  name: string,
  signal: AbortSignal,
  show: (progress: NonNullable<VerbOutput<'run'>['progress']>) => void,
): Promise<void> => {
  while (!signal.aborted) {
    const run = await operator.call('run', { run: name, after: 1_000_000 }, { signal }).catch(() => null)
    if (run?.state === 'training' && run.progress !== null) show(run.progress)
    await sleep(500, undefined, { signal }).catch(() => {})
  }
}

const tellMade = (made: Made): void => {
  const { rows, heldOut, dropped, warnings, baseLoss, adapterLoss } = made
  say(`tuned on ${rows} rows, judged on ${heldOut} others`)
  const left = Object.entries({
    empty: dropped.empty,
    'too long': dropped.tooLong,
    'said twice': dropped.duplicate,
  }).flatMap(([why, count]) => (count > 0 ? [`${count} ${why}`] : []))
  if (left.length > 0) say(`left out: ${left.join(', ')}`)
  if (warnings.personalData > 0) say(`look at them: ${warnings.personalData} rows seem to hold personal data`)
  if (warnings.secrets > 0) say(`look at them: ${warnings.secrets} rows seem to hold a key or a password`)
  const lower = (100 * (1 - adapterLoss / baseLoss)).toFixed(1)
  say(`held-out loss ${baseLoss.toFixed(3)} -> ${adapterLoss.toFixed(3)} nats a token, ${lower}% lower`)
}

const tellApi = async ({ me }: NodeHere, { model }: Made): Promise<void> => {
  const key = await me
    .call('issue-key', { name: `quickstart ${model}`, scopes: ['ask', 'read'] })
    .then(issued => issued.key)
    .catch(error => {
      if (isFault(error, 'keys-too-many')) return null
      throw error
    })
  say(`model  ${model}`)
  say(`url    ${me.url}v1`)
  say(`key    ${key ?? 'use one of yours: you have as many as one may have (tributary keys)'}`)
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }] })
  say(
    `try it:\ncurl ${me.url}v1/chat/completions -H 'content-type: application/json' -H 'authorization: Bearer ${key ?? 'YOUR_KEY'}' -d '${body}'`,
  )
}

const ended = (): Promise<void> =>
  new Promise(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
  })
