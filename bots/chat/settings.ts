import { z } from 'zod'

const settings = z.object({
  /** The chat that proposals and digests go to; null: none. */
  channel: z.string().nullable(),
  /** Roles that may propose and vote; empty: everybody. */
  roles: z.array(z.string()),
  language: z.string().nullable(),
  /** When it was set up: proposals from then on get a thread. ISO 8601. */
  since: z.string(),
})

/** What a community's admins chose with /setup. */
export type CommunitySettings = z.output<typeof settings>

/** Reads settings as they are kept; null where a community was not set up. */
export const readSettings = (kept: unknown): CommunitySettings | null => settings.safeParse(kept).data ?? null
