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
    .describe('The port of the web page and of programs; 0 takes a free one.'),
  TRIBUTARY_HOST: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('The address it listens on; any but the loopback needs TRIBUTARY_PUBLIC_URL.'),
  TRIBUTARY_PUBLIC_URL: url(['https:', 'http:'])
    .optional()
    .describe('The address at which a proxy that terminates TLS publishes the node.'),
  TRIBUTARY_URL: url(['https:', 'http:'])
    .optional()
    .describe('A node elsewhere, for commands: without it, the one that runs on the data folder.'),
  TRIBUTARY_KEY: z.string().min(1).optional().describe('The API key that commands use at TRIBUTARY_URL.'),
  TRIBUTARY_CORS: z
    .string()
    .default('')
    .transform(text =>
      text
        .split(',')
        .map(origin => origin.trim())
        .filter(origin => origin !== ''),
    )
    .pipe(z.array(url(['https:', 'http:'])))
    .describe('Origins of web pages elsewhere that may call the API with a key, with commas between.'),
  TRIBUTARY_ANONYMOUS_RATE: wholeNumber(1, 1_000_000)
    .default(60)
    .describe(
      'Requests to the API in a minute from one address without a key; ten times that with a payment.',
    ),
  TRIBUTARY_WEBHOOKS: z
    .enum(['public', 'anywhere'])
    .default('public')
    .describe('Where webhooks may go; `anywhere` allows private addresses too.'),
  X402_FACILITATOR_URL: url(['https:', 'http:'])
    .optional()
    .describe('A facilitator that verifies and settles x402 payments; the node does so itself without it.'),
  TRIBUTARY_THREADS: wholeNumber(1, 256)
    .default(Math.min(8, availableParallelism()))
    .describe('Threads of the engine.'),
  TRIBUTARY_DEVICE: z
    .enum(['cpu', 'webgpu', 'cuda'])
    .default('cpu')
    .describe('Where the engine computes; webgpu needs a Vulkan driver, cuda the libraries of CUDA.'),
  TRIBUTARY_WEIGHTS: z
    .enum(['float32', 'int8', 'int4'])
    .default('float32')
    .describe(
      'How the base answers: int8 and int4 are faster and lose a little. Training and scoring stay float32.',
    ),
  TRIBUTARY_BATCH: wholeNumber(1, 1024).default(32).describe('Answers written at the same time; more wait.'),
  TRIBUTARY_QUEUE: wholeNumber(0, 1_000_000)
    .default(256)
    .describe('Questions that may wait for the engine; more are refused with the time to come back.'),
  TRIBUTARY_KV_MIB: wholeNumber(1, 1_048_576)
    .default(512)
    .describe('MiB for the keys and values of the answers being written.'),
  TRIBUTARY_ADAPTERS_MIB: wholeNumber(1, 1_048_576)
    .default(256)
    .describe('MiB for adapters that are ready to answer; others are read when asked.'),
  TRIBUTARY_MEMORY_MIB: wholeNumber(64, 16_777_216)
    .optional()
    .describe('MiB that the program may take while it trains; three quarters of the machine without it.'),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  DATABASE_URL: url(['postgres:', 'postgresql:'])
    .optional()
    .describe('A Postgres with pgvector instead of the embedded one.'),
  CHAIN_RPC_URL: url(['http:', 'https:']).optional().describe('An EVM instead of the embedded one.'),
  CHAIN_ID: wholeNumber(1, Number.MAX_SAFE_INTEGER)
    .optional()
    .describe('The chain id that CHAIN_RPC_URL must answer with.'),
  DISCORD_TOKEN: z.string().min(1).optional().describe('The token of a Discord bot; no Discord without it.'),
  TELEGRAM_TOKEN: z
    .string()
    .min(1)
    .optional()
    .describe('The token that @BotFather gave for a Telegram bot; no Telegram without it.'),
  CHAT_MODEL: z
    .string()
    .regex(/^(openai|anthropic|ollama|self):.+$/, {
      error: 'must be openai:MODEL, anthropic:MODEL, ollama:MODEL or self:MODEL',
    })
    .optional()
    .describe('A chat model that reads free text in chats; a grammar does without it.'),
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
