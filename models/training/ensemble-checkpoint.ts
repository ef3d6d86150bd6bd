import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { writeWhole } from '../lora.ts'
import { encodeSafetensors, parseSafetensors } from '../safetensors.ts'
import type { AdamwState } from './updater.ts'

const file = 'ensemble.safetensors'

/** One member between two steps; `step` counts its own. */
export interface MemberState extends AdamwState {
  tokens: number
  firstLoss: number
  lastLoss: number
}

export interface EnsembleState {
  /** Steps done: a member with fewer of its own has ended. */
  step: number
  seconds: number
  members: MemberState[]
}

const schema = z.object({
  fingerprint: z.string(),
  step: z.int(),
  seconds: z.number(),
  members: z.array(
    z.object({ step: z.int(), tokens: z.number(), firstLoss: z.number(), lastLoss: z.number() }),
  ),
})

/** Replaces the folder's checkpoint of an ensemble; a crash leaves the old one or the new one. */
export async function saveEnsemble(folder: string, fingerprint: string, state: EnsembleState): Promise<void> {
  const { step, seconds } = state
  const tensors = state.members.flatMap(({ adapter, first, second }, i) =>
    Object.entries({ adapter, first, second }).map(
      ([name, data]): [string, { shape: number[]; data: Float32Array }] => [
        `${i}.${name}`,
        { shape: [data.length], data },
      ],
    ),
  )
  const members = state.members.map(({ adapter: _, first: __, second: ___, ...counters }) => counters)
  const bytes = encodeSafetensors(tensors, { state: JSON.stringify({ fingerprint, step, seconds, members }) })
  await writeWhole(join(folder, file), bytes)
}

/** The folder's checkpoint where it belongs to this ensemble; an unreadable or foreign one counts as none. */
export async function loadEnsemble(
  folder: string,
  fingerprint: string,
  size: number,
): Promise<EnsembleState | null> {
  const path = join(folder, file)
  const bytes = await readFile(path).catch(() => null)
  if (bytes === null) return null
  try {
    const { tensors, metadata } = parseSafetensors(bytes, path)
    const { fingerprint: own, ...rest } = schema.parse(JSON.parse(metadata.state ?? ''))
    if (own !== fingerprint) return null
    const vector = (i: number, name: string): Float32Array => {
      const data = tensors.get(`${i}.${name}`)?.data
      if (data?.length !== size) throw new Error(`${name} of member ${i} is not whole.`)
      return data
    }
    return {
      ...rest,
      members: rest.members.map((counters, i) => ({
        ...counters,
        adapter: vector(i, 'adapter'),
        first: vector(i, 'first'),
        second: vector(i, 'second'),
      })),
    }
  } catch {
    return null
  }
}

export const dropEnsemble = (folder: string): Promise<void> => rm(join(folder, file), { force: true })
