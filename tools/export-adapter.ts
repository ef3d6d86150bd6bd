import { randomBytes } from 'node:crypto'
import { cp, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { z } from 'zod'
import { fault } from '../infra/errors.ts'
import { configFile } from '../models/adapter-config.ts'
import { weightsFile } from '../models/lora.ts'
import { checkedAdapter } from './adapter.ts'
import { bom } from './bom.ts'
import { findProposal, findRelease } from './find.ts'
import { models } from './models.ts'
import { readmeOf } from './own-models/card.ts'
import { verb } from './registry.ts'

/**
 * Writes a released adapter as a folder that PEFT loads: its config, its weights byte for byte, and a model card for the
 * Hugging Face hub with licences, contributors as the network shows them, losses and the root of the rows, and its bill of
 * materials. The folder is whole or absent. Throws `folder-relative`, `folder-exists` for one with something in it, `folder-unwritable`, `model-unknown`.
 */
export const exportAdapter = verb({
  name: 'export-adapter',
  summary: 'Write a released adapter as a folder for PEFT and the Hugging Face hub.',
  who: ['operator'],
  effect: 'write',
  input: z.object({
    model: z.string().min(1).max(60).describe('name or name@version'),
    folder: z
      .string()
      .min(1)
      .max(1_000)
      .describe('absolute path of a new folder, on the machine of the node'),
  }),
  output: z.object({
    folder: z.string(),
    model: z.string(),
    adapterHash: z.string(),
    snapshotRoot: z.string(),
    files: z.array(z.string()),
  }),
  async run(context, { model, folder }) {
    if (!isAbsolute(folder))
      throw fault('folder-relative', 'The path of the folder is not absolute.', {
        fix: 'Write the whole path, such as /home/you/adapter.',
      })
    const release = await findRelease(context.db, model)
    const { terms } = await findProposal(context.db, release.proposalId)
    const cards = await models.run(context, { model: release.name })
    const card = cards.models.find(({ version }) => version === release.version)
    if (card === undefined)
      throw fault('model-unknown', `The card of "${release.name}@${release.version}" is too far back.`, {
        fix: 'Export a newer version.',
      })
    const materials = await bom.run(context, { model: `${card.name}@${card.version}` })
    const there = await readdir(folder).catch(error => {
      if (error.code === 'ENOENT') return []
      throw unwritable(folder, error)
    })
    if (there.length > 0)
      throw fault('folder-exists', `There is something in ${folder} already.`, { fix: 'Name a new folder.' })
    const from = await checkedAdapter(context, release.adapterHash)
    const aside = `${folder.replace(/[/\\]+$/, '')}.${randomBytes(6).toString('hex')}.part`
    try {
      await mkdir(aside, { recursive: true })
      for (const file of [configFile, weightsFile]) await cp(join(from, file), join(aside, file))
      await writeFile(join(aside, 'README.md'), readmeOf(card, terms))
      await writeFile(join(aside, bomFile), `${JSON.stringify(materials.bom, null, 2)}\n`)
      await rename(aside, folder)
    } catch (error) {
      throw unwritable(folder, error)
    } finally {
      await rm(aside, { recursive: true, force: true })
    }
    return context.commit(async () => ({
      folder,
      model: `${release.name}@${release.version}`,
      adapterHash: release.adapterHash,
      snapshotRoot: card.snapshotRoot,
      files: [configFile, weightsFile, 'README.md', bomFile],
    }))
  },
})

/** The name that CycloneDX gives such a file. */
const bomFile = 'bom.json'

const unwritable = (folder: string, cause: unknown): Error =>
  fault('folder-unwritable', `The adapter cannot be written to ${folder}.`, {
    fix: 'Name a new folder inside one that this program may write to.',
    cause,
  })
