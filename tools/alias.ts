import { z } from 'zod'
import { fault } from '../infra/errors.ts'
import { findRelease } from './find.ts'
import { record } from './record.ts'
import { verb } from './registry.ts'

/** A name that programs know, such as `gpt-4o-mini`. An `@` always begins a version. */
export const aliasName = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^[a-z0-9][a-z0-9._:/-]{0,63}$/, 'use up to 64 letters, digits and . _ : / -')

/**
 * Gives a released model another name, or takes that name back. A model of the alias's own name always goes first, so a name
 * in use cannot be made an alias. Throws `alias-taken`, `alias-unknown` and `model-unknown`.
 */
export const alias = verb({
  name: 'alias',
  summary: 'Give a released model another name, or take it back.',
  who: ['operator'],
  effect: 'write',
  input: z.object({
    alias: aliasName.describe('the other name, such as gpt-4o-mini'),
    model: z
      .string()
      .max(60)
      .optional()
      .describe('name, name@version or name@latest; without it the alias is taken back'),
  }),
  output: z.object({ alias: z.string(), model: z.string().nullable() }),
  async run(context, input) {
    const model = input.model?.trim().toLowerCase() ?? null
    const [named] = await context.db.query('select 1 from proposals where name = $1', [input.alias])
    if (named !== undefined && model !== null)
      throw fault('alias-taken', `"${input.alias}" is the name of a model.`, { fix: 'Take another name.' })
    // Of a model's own name, so that an alias never hangs on another alias.
    if (model !== null) await findRelease(context.db, model, { aliases: false })
    return context.commit(async tx => {
      if (model === null) {
        const gone = await tx.query('delete from model_aliases where alias = $1 returning alias', [
          input.alias,
        ])
        if (gone.length === 0)
          throw fault('alias-unknown', `There is no alias "${input.alias}".`, {
            fix: 'Look at the aliases with /aliases.',
          })
      } else
        await tx.query(
          `insert into model_aliases (alias, model, set_at) values ($1, $2, $3)
           on conflict (alias) do update set model = excluded.model, set_at = excluded.set_at`,
          [input.alias, model, context.clock.now()],
        )
      await record(context, tx, 'model.aliased', input.alias, { model })
      return { alias: input.alias, model }
    })
  },
})
