import { execFileSync } from 'node:child_process'
import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { balance } from '../infra/money.ts'
import { initialLora, loraLayout, writeAdapter } from '../models/lora.ts'
import { encodeSafetensors, readSafetensors } from '../models/safetensors.ts'
import { ask } from './ask.ts'
import { attribute } from './attribute.ts'
import { verifyBundle } from './bundle/verify.ts'
import { close } from './close.ts'
import { deposit } from './deposit.ts'
import { explain } from './explain.ts'
import { exportBundle } from './export.ts'
import { exportAdapter } from './export-adapter.ts'
import { fineTune } from './fine-tune.ts'
import { importAdapter } from './import-adapter.ts'
import { join as joinNetwork } from './join.ts'
import { models } from './models.ts'
import { type OwnStage, openOwnStage, sampleRows } from './own-models/testing.ts'
import { settle } from './settle.ts'

let stage: OwnStage
let good: string
const licence = 'CC0-1.0'
const bring = (name: string, folder: string) => stage.as('operator')(importAdapter, { name, folder, licence })

/** A copy of the good adapter, changed. */
const changed = async (
  name: string,
  config: (now: Record<string, unknown>) => object,
  tensors: (now: [string, { shape: readonly number[]; data: Float32Array }][]) => void = () => {},
): Promise<string> => {
  const folder = join(stage.folder, name)
  await cp(good, folder, { recursive: true })
  const file = join(folder, 'adapter_config.json')
  await writeFile(file, JSON.stringify(config(JSON.parse(await readFile(file, 'utf8')))))
  const weights = join(folder, 'adapter_model.safetensors')
  const all = [...(await readSafetensors(weights)).tensors].map(
    ([key, { shape, data }]) =>
      [key, { shape, data }] as [string, { shape: readonly number[]; data: Float32Array }],
  )
  tensors(all)
  await writeFile(weights, encodeSafetensors(all))
  return folder
}
const as = <T>(value: T): T => value

beforeAll(async () => {
  stage = await openOwnStage()
  const { base } = stage.network.engine
  const shape = { rank: 4, alpha: 8, targets: ['q_proj', 'v_proj'] }
  const layout = loraLayout(base.config, shape)
  const flat = initialLora(layout, 1).map((value, at) => value + ((at % 7) - 3) / 100)
  good = join(stage.folder, 'good')
  await mkdir(good)
  await writeAdapter(good, { shape, layout, flat }, `/home/somebody/${base.name}`, {})
}, 60_000)
afterAll(() => stage.remove())

test('an adapter whose rows nobody knows is served as it is, and the next one as the next version', async () => {
  expect(await bring('found-bees', good)).toMatchObject({
    model: 'found-bees@1',
    rank: 4,
    targets: ['q_proj', 'v_proj'],
    rows: 0,
    evaluation: null,
  })
  expect((await bring('found-bees', good)).model).toBe('found-bees@2')
  const { models: cards } = await stage.as('anyone')(models, {})
  expect(cards[0]).toMatchObject({ origin: 'imported', rows: 0, contributors: [], proposer: 'operator' })
})

test('what cannot be used is refused with its reason, and nothing of it is kept', async () => {
  const refused = async (folder: string, code: string, message: RegExp) =>
    expect(bring('refused', folder)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    })
  const pickle = await changed('pickle', as)
  await cp(join(pickle, 'adapter_model.safetensors'), join(pickle, 'adapter_model.bin'))
  await rm(join(pickle, 'adapter_model.safetensors'))
  await refused(pickle, 'adapter-invalid', /a pickle, which can run code/)
  await refused(
    await changed('other-base', now => ({ ...now, base_model_name_or_path: 'meta/other-1b' })),
    'base-mismatch',
    /for the base "other-1b"/,
  )
  await refused(
    await changed('unknown-module', now => ({ ...now, target_modules: ['q_proj', 'c_attn'] })),
    'adapter-invalid',
    /tensors that its config does not name/,
  )
  await refused(
    await changed('dora', now => ({ ...now, use_dora: true })),
    'adapter-invalid',
    /DoRA is not supported/,
  )
  await refused(await changed('rank', now => ({ ...now, r: 8 })), 'adapter-invalid', /instead of \[8,/)
  await refused(
    await changed('not-a-number', as, all => {
      all[0]![1].data[3] = Number.NaN
    }),
    'adapter-invalid',
    /is not finite/,
  )
  await refused(
    await changed('renamed', as, all => {
      all[0]![0] = '../../../etc/passwd'
    }),
    'adapter-invalid',
    /absent|does not name/,
  )
  const device = await changed('device', as)
  await rm(join(device, 'adapter_model.safetensors'))
  await symlink('/dev/zero', join(device, 'adapter_model.safetensors'))
  await refused(device, 'adapter-unreadable', /it is no file/)
  await rm(join(device, 'adapter_model.safetensors'))
  execFileSync('mkfifo', [join(device, 'adapter_model.safetensors')])
  await refused(device, 'adapter-unreadable', /it is no file/)
  const empty = join(stage.folder, 'nothing-here')
  await refused(empty, 'adapter-invalid', /nothing-here cannot be used: it has no readable adapter_config/)
  await refused('good', 'folder-relative', /not absolute/)
  await expect(bring('../escape', good)).rejects.toMatchObject({ code: 'input-invalid' })
  const [kept] = await stage.network.db.query(
    `select count(*)::int as n from proposals where name = 'refused'`,
  )
  expect(kept).toEqual({ n: 0 })
})

test('its epoch gives the data share to its commons', { timeout: 20_000 }, async () => {
  const { accountId } = await stage.as('anyone')(joinNetwork, {
    name: 'Asker',
    platform: 'test',
    subject: 'asker',
  })
  await stage.as(accountId)(deposit, { tokens: '5' })
  const other = await changed('paid', as, all => {
    all[0]![1].data[0] = 0.5
  })
  await stage.as('operator')(importAdapter, { name: 'paid-bees', folder: other, licence, price: '1' })
  const given = await stage.as(accountId)(ask, { model: 'paid-bees', question: 'When is honey ripe?' })
  await stage.as('attributor')(attribute, { answerId: given.answerId })
  expect(await stage.as(accountId)(explain, { answer: given.answerId })).toMatchObject({
    measured: true,
    contributors: [],
    rows: [],
    unattributed: 1,
  })
  await stage.as('treasurer')(close, { epoch: 1 })
  const settled = await stage.as('treasurer')(settle, { epoch: 1 })
  // Of one token: 60% data, 5% reviewers and 5% commons stay with it; proposer, compute and protocol get theirs.
  expect(settled).toMatchObject({ incomeUnits: '1000000', paidUnits: '0', commonsUnits: '700000' })
  const [proposal] = await stage.network.db.query<{ id: string }>(
    `select id from proposals where name = 'paid-bees'`,
  )
  expect(await balance(stage.network.db, `commons:${proposal!.id}`)).toBe(700_000n)
})

test('an exported model comes back as the same adapter, with its rows where they are known', {
  timeout: 60_000,
}, async () => {
  const rows = await sampleRows(26)
  const made = await stage.as('operator')(fineTune, { name: 'round-bees', licence, rights: true, rows })
  const folder = join(stage.folder, 'exported')
  const written = await stage.as('operator')(exportAdapter, { model: 'round-bees', folder })
  expect(written).toMatchObject({ model: 'round-bees@1', adapterHash: made.adapterHash })
  const card = await readFile(join(folder, 'README.md'), 'utf8')
  expect(card).toMatch(/^---\nlicense: cc0-1\.0\nbase_model: "[^"]+"\nlibrary_name: peft\n/)
  expect(card).toContain(written.snapshotRoot)
  await expect(stage.as('operator')(exportAdapter, { model: 'round-bees', folder })).rejects.toMatchObject({
    code: 'folder-exists',
  })

  const back = await bring('back-bees', folder)
  expect(back).toMatchObject({
    adapterHash: made.adapterHash,
    rows: 16,
    evaluation: { rows: 10, adapterLoss: made.adapterLoss },
  })
  const { models: cards } = await stage.as('anyone')(models, { model: 'back-bees' })
  expect(cards[0]).toMatchObject({ origin: 'imported', snapshotRoot: written.snapshotRoot })
  const { file } = await stage.as('operator')(exportBundle, { file: join(stage.folder, 'imported.tar') })
  expect((await verifyBundle(file)).checks.filter(({ ok }) => !ok)).toEqual([])
})
