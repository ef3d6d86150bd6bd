import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { z } from 'zod'
import { fault } from './errors.ts'

const url = (protocols: readonly string[]) =>
  z.string().refine(text => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
    error: `must be a ${protocols.join(' or ')} address`,
  })
const wholeNumber = (least: number, most: number) => z.coerce.number().int().min(least).max(most)

/** Every setting the program reads, with its default. Nothing else looks at process.env. */
export const settings = z.object({
  TRIBUTARY_DATA: z
    .string()
    .min(1)
    .default('.tributary')
    .describe('The data folder: database, chain, adapters, keys.'),
  TRIBUTARY_BASE: z
    .string()
    .min(1)
    .default('base')
    .describe('The base model: `base` (the shipped one), a folder, or owner/name[@revision] on the hub.'),
  TRIBUTARY_CACHE: z
    .string()
    .min(1)
    .optional()
    .describe('Where bases from the hub are kept; `bases` in the data folder without it.'),
  TRIBUTARY_PORT: wholeNumber(0, 65535)
    .default(4380)
    .describe('The port of the web page on 127.0.0.1; 0 takes a free one.'),
  TRIBUTARY_THREADS: wholeNumber(1, 256)
    .default(Math.min(8, availableParallelism()))
    .describe('Threads of the engine.'),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  DATABASE_URL: url(['postgres:', 'postgresql:'])
    .optional()
    .describe('A Postgres with pgvector instead of the embedded one.'),
  CHAIN_RPC_URL: url(['http:', 'https:']).optional().describe('An EVM instead of the embedded one.'),
  CHAIN_ID: wholeNumber(1, Number.MAX_SAFE_INTEGER)
    .optional()
    .describe('The chain id that CHAIN_RPC_URL must answer with.'),
  OTEL_EXPORTER_OTLP_ENDPOINT: url(['http:', 'https:'])
    .optional()
    .describe('Where traces go; silent without it.'),
  HF_ENDPOINT: url(['http:', 'https:'])
    .optional()
    .describe('The Hugging Face hub; https://huggingface.co without it.'),
  HF_TOKEN: z
    .string()
    .optional()
    .describe('For models that the hub gives to members only; sent nowhere else.'),
  NO_COLOR: z.string().optional(),
})

export type Settings = z.infer<typeof settings>

/**
 * Reads the settings from an environment. Empty values count as absent.
 * Throws `settings-invalid` naming every fault at once.
 */
export const readSettings = (environment: Readonly<Record<string, string | undefined>>): Settings => {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([name, value]) => name in settings.shape && value !== ''),
  )
  const read = settings.safeParse(given)
  if (!read.success) {
    const faults = read.error.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`)
    throw fault('settings-invalid', `Settings that cannot be used: ${faults.join('; ')}.`, {
      fix: 'Correct or unset these environment variables.',
      facts: { count: faults.length },
      blame: 'operator',
    })
  }
  if (read.data.CHAIN_RPC_URL !== undefined && read.data.CHAIN_ID === undefined)
    throw fault('settings-invalid', 'CHAIN_RPC_URL is set without CHAIN_ID.', {
      fix: 'Set CHAIN_ID to the id of that chain.',
      blame: 'operator',
    })
  return { ...read.data, TRIBUTARY_DATA: resolve(read.data.TRIBUTARY_DATA) }
}
