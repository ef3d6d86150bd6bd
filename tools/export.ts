import { isAbsolute, join } from 'node:path'
import { z } from 'zod'
import { fault } from '../infra/errors.ts'
import { anchorEvents } from './anchor.ts'
import { writeBundle } from './bundle/write.ts'
import { verb } from './registry.ts'

/**
 * Writes the audit bundle: records, proofs and signatures that `tributary verify` checks on any machine, without this one.
 * It holds ids, numbers and hashes, never what people wrote, and no vote of a poll that is still open. With `data` it holds,
 * for one auditor and not for publication, what `tributary verify --attribution` computes from: the rows of released
 * snapshots that are not withdrawn, the measured questions and answers, their influence and the adapters.
 */
export const exportBundle = verb({
  name: 'export',
  summary: 'Write everything that proves the state of this network into one file.',
  who: ['operator'],
  effect: 'write',
  input: z.object({
    file: z
      .string()
      .min(1)
      .max(1_000)
      .optional()
      .describe('absolute path; default: a new file in the data folder'),
    data: z
      .boolean()
      .default(false)
      .describe(
        'with the texts and adapters that recomputing attribution needs; it then holds what people wrote',
      ),
  }),
  output: z.object({ file: z.string(), bytes: z.number(), events: z.number(), receipts: z.number() }),
  async run(context, input) {
    const stamp = context.clock.now().toISOString().replaceAll(':', '-').replace('Z', '')
    const file = input.file ?? join(context.folder, 'exports', `bundle-${stamp}.tar`)
    if (!isAbsolute(file))
      throw fault('file-relative', 'The path of the bundle is not absolute.', {
        fix: 'Write the whole path, such as /home/you/bundle.tar.',
      })
    // Everything in the bundle should lie under a root on chain.
    await anchorEvents(context)
    const { bytes, files } = await writeBundle(context, file, { data: input.data })
    const records = (name: string): number => files[`${name}.jsonl`]?.records ?? 0
    return context.commit(async () => ({
      file,
      bytes,
      events: records('events'),
      receipts: records('receipts'),
    }))
  },
})
