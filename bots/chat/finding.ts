/** One thing that a doctor looked at on a platform. */
export interface Finding {
  readonly ok: boolean
  readonly what: string
  /** What to do; empty where nothing has to be done. */
  readonly fix: string
}

export const finding = (ok: boolean, what: string, fix: string): Finding => ({ ok, what, fix: ok ? '' : fix })
