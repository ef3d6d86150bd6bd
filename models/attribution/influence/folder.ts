import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isFault } from '../../../infra/errors.ts'
import type { GradientPart } from '../../engine.ts'
import { stale } from '../index-files.ts'
import { type Matrices, openMatrices } from './matrix-file.ts'
import { type InfluenceMeta, type InfluenceOrigin, namesOf, preconditionedIdentity } from './meta.ts'
import { type ProjectedBlock, type Projection, projectedBlocks } from './projection.ts'
import { openRows, type RowLayout, rowLayout } from './rows-file.ts'

const blocksLayout = (blocks: readonly ProjectedBlock[]) =>
  rowLayout(blocks.map(({ rank, width }) => rank * width))
/** How a projected row lies in a file. */
export const layoutOf = ({ blocks }: Projection) => blocksLayout(blocks)

/** Whether everything that a question needs is there. */
export const isWhole = async (
  folder: string,
  origin: InfluenceOrigin,
  gradients: readonly GradientPart[],
  { files, rows }: InfluenceMeta,
): Promise<boolean> => {
  const names = namesOf(rows)
  const layout = blocksLayout(projectedBlocks(gradients, origin.width))
  try {
    await readLeverage(folder, names.leverage, files)
    const file = await openRows(
      join(folder, names.preconditioned),
      layout,
      preconditionedIdentity(origin),
      rows,
    )
    await file.close()
    return true
  } catch (error) {
    if (isFault(error, 'index-stale')) return false
    throw error
  }
}

/** Whether a folder's rows are whole, and their sums where it has them; null where it is damaged: it is built anew then. */
export const openKept = async (
  folder: string,
  rows: number,
  layout: RowLayout,
  identity: string,
  { files }: InfluenceMeta,
): Promise<{ sums: Matrices | null } | null> => {
  const name = namesOf(rows).sums
  try {
    await openRows(join(folder, 'rows.i8'), layout, identity, rows).then(file => file.close())
    if (files[name] === undefined) return { sums: null }
    return { sums: await openMatrices(join(folder, name), layout.widths, files[name]) }
  } catch (error) {
    if (isFault(error, 'index-stale')) return null
    throw error
  }
}

/** Leverage of every row. Throws `index-stale`. */
export const readLeverage = async (folder: string, name: string, files: Readonly<Record<string, string>>) => {
  const bytes = await readFile(join(folder, name)).catch(() => null)
  if (bytes === null || createHash('sha256').update(bytes).digest('hex') !== files[name])
    throw stale(folder, `its file ${name} is absent or changed`)
  // A copy of its own: small files come in Node's shared pool, at odd offsets.
  return new Float64Array(new Uint8Array(bytes).buffer)
}
