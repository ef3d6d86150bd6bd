/** How the real API refuses: an HTTP status, its own code, and for bad bodies a tree of findings. */
export class Rejection extends Error {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>

  constructor(status: number, code: number, message: string, errors?: unknown) {
    super(message)
    this.status = status
    this.body = { message, code, ...(errors === undefined ? {} : { errors }) }
  }
}

export const unauthorized = (): Rejection => new Rejection(401, 0, '401: Unauthorized')
export const unknownRoute = (): Rejection => new Rejection(404, 0, '404: Not Found')
export const unknownChannel = (): Rejection => new Rejection(404, 10003, 'Unknown Channel')
export const unknownGuild = (): Rejection => new Rejection(404, 10004, 'Unknown Guild')
export const unknownMember = (): Rejection => new Rejection(404, 10007, 'Unknown Member')
export const unknownMessage = (): Rejection => new Rejection(404, 10008, 'Unknown Message')
export const unknownUser = (): Rejection => new Rejection(404, 10013, 'Unknown User')
export const unknownWebhook = (): Rejection => new Rejection(404, 10015, 'Unknown Webhook')
export const unknownInteraction = (): Rejection => new Rejection(404, 10062, 'Unknown interaction')
export const unknownCommand = (): Rejection => new Rejection(404, 10063, 'Unknown application command')
export const tooLarge = (): Rejection => new Rejection(413, 40005, 'Request entity too large')
export const alreadyAcknowledged = (): Rejection =>
  new Rejection(400, 40060, 'Interaction has already been acknowledged.')
export const missingAccess = (): Rejection => new Rejection(403, 50001, 'Missing Access')
export const forbiddenInDm = (): Rejection =>
  new Rejection(403, 50003, 'Cannot execute action on a DM channel')
export const notTheAuthor = (): Rejection =>
  new Rejection(403, 50005, 'Cannot edit a message authored by another user')
export const emptyMessage = (): Rejection => new Rejection(400, 50006, 'Cannot send an empty message')
export const cannotSendToUser = (): Rejection =>
  new Rejection(403, 50007, 'Cannot send messages to this user')
export const missingPermissions = (): Rejection => new Rejection(403, 50013, 'Missing Permissions')
export const expiredWebhookToken = (): Rejection => new Rejection(401, 50027, 'Invalid Webhook Token')
export const archivedThread = (): Rejection => new Rejection(400, 50083, 'Thread is archived')
export const threadExists = (): Rejection =>
  new Rejection(400, 160004, 'A thread has already been created for this message')

export type Path = readonly (string | number)[]

/** Collects what is wrong with a body, each at its path, and refuses with code 50035 where anything is. */
export interface Findings {
  add(path: Path, code: string, message: string): void
  /** Notes a text longer than `most` code points, or shorter than `least`. */
  length(path: Path, text: unknown, most: number, least?: number): void
  /** Notes a list of more than `most` entries. */
  count(path: Path, list: unknown, most: number): void
  check(): void
}

export const openFindings = (): Findings => {
  const tree: Record<string, unknown> = {}
  let found = false
  const add: Findings['add'] = (path, code, message) => {
    found = true
    let node = tree
    for (const step of [...path, '_errors']) {
      const key = String(step)
      node[key] ??= key === '_errors' ? [] : {}
      node = node[key] as Record<string, unknown>
    }
    const list = node as unknown as unknown[]
    list.push({ code, message })
  }
  return {
    add,
    length(path, text, most, least = 0) {
      if (text === undefined || text === null) return
      if (typeof text !== 'string') {
        add(path, 'BASE_TYPE_BAD_TYPE', 'Must be a string.')
        return
      }
      const length = [...text].length
      if (length > most || length < least)
        add(
          path,
          length > most ? 'BASE_TYPE_MAX_LENGTH' : 'BASE_TYPE_BAD_LENGTH',
          least === 0
            ? `Must be ${most} or fewer in length.`
            : `Must be between ${least} and ${most} in length.`,
        )
    },
    count(path, list, most) {
      if (Array.isArray(list) && list.length > most)
        add(path, 'BASE_TYPE_BAD_LENGTH', `Must be between 0 and ${most} in length.`)
    },
    check() {
      if (found) throw new Rejection(400, 50035, 'Invalid Form Body', tree)
    },
  }
}
