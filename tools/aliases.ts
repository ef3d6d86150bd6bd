import { z } from 'zod'
import { verb } from './registry.ts'

/** Lists the other names of models, by name. Changes nothing. */
export const aliases = verb({
  name: 'aliases',
  summary: 'List the other names that models answer to.',
  who: ['anyone', 'member', 'operator'],
  effect: 'read',
  input: z.object({}),
  output: z.object({ aliases: z.array(z.object({ alias: z.string(), model: z.string() })) }),
  run: async ({ db }) => ({
    aliases: await db.query<{ alias: string; model: string }>(
      'select alias, model from model_aliases order by alias limit 1000',
    ),
  }),
})
