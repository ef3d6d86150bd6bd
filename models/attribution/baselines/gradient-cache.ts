import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Cancellable, Engine, Example, GradientPart } from '../../engine.ts'
import { type GradientRows, openGradientRows, writeGradientRows } from '../gradient-rows.ts'
import { adapterHash, examplesHash } from '../index-files.ts'

/** Gradients of some examples' nats under one adapter, on disk. */
export interface StoredGradients extends GradientRows {
  /** The tensors of a row, in order. */
  readonly layout: readonly GradientPart[]
  /** What the pass that made them took, seconds of all threads. */
  readonly cpuSeconds: number
}

/** One pass over an adapter and a list of examples, whoever asks for it and however often. */
export interface GradientCache {
  /**
   * Computes the gradients where the folder has none of these, and opens them; the caller closes them.
   * Throws `gradient-not-finite`, `adapter-missing`, the signal's reason, and what the engine throws.
   */
  open(adapter: string, examples: readonly Example[], options?: Cancellable): Promise<StoredGradients>
}

const metaSchema = z.object({ scales: z.array(z.number()), cpuSeconds: z.number() })

/** Keeps gradients under `folder`, 2 bytes a parameter and example, named by base, adapter and examples. */
export const openGradientCache = (engine: Engine, folder: string): GradientCache => {
  const making = new Map<string, Promise<void>>()

  /** Fills `part`, and gives it its name when it is whole. */
  const make = async (
    own: string,
    part: string,
    adapter: string,
    examples: readonly Example[],
    options: Cancellable,
  ) => {
    await rm(part, { recursive: true, force: true })
    await mkdir(part, { recursive: true })
    const before = process.cpuUsage()
    const size = engine.gradientSize(adapter)
    const writer = await writeGradientRows(join(part, 'rows.f16'), examples.length, size)
    try {
      for await (const { first, count, rows } of engine.gradients(examples, adapter, options)) {
        await writer.put(first, rows.subarray(0, count * size))
        options.signal?.throwIfAborted()
      }
    } finally {
      await writer.close()
    }
    const { user, system } = process.cpuUsage(before)
    const meta = { scales: [...writer.scales], cpuSeconds: (user + system) / 1e6 }
    await writeFile(join(part, 'meta.json'), JSON.stringify(meta))
    await rm(own, { recursive: true, force: true })
    await rename(part, own)
  }

  const metaOf = async (own: string) => {
    try {
      return metaSchema.parse(JSON.parse(await readFile(join(own, 'meta.json'), 'utf8')))
    } catch {
      return null
    }
  }

  return {
    async open(adapter, examples, options = {}) {
      const identity = [engine.base.hash, await adapterHash(adapter), examplesHash(examples)]
      const name = createHash('sha256').update(identity.join('\n')).digest('hex').slice(0, 32)
      const own = join(folder, name)
      if ((await metaOf(own)) === null) {
        const part = `${own}.${process.pid}.part`
        const pass =
          making.get(name) ??
          make(own, part, adapter, examples, options).finally(() =>
            rm(part, { recursive: true, force: true }),
          )
        making.set(name, pass)
        await pass.finally(() => making.delete(name))
      }
      const { scales, cpuSeconds } = (await metaOf(own))!
      const size = engine.gradientSize(adapter)
      const path = join(own, 'rows.f16')
      const rows = await openGradientRows(path, examples.length, size, Float64Array.from(scales))
      return { ...rows, layout: engine.gradientLayout(adapter), cpuSeconds }
    },
  }
}
