/** What others may read: it tells nothing of anybody's money or data. Everything else is private. */
export const publicCommands: ReadonlySet<string> = new Set([
  'ask',
  'status',
  'models',
  'run',
  'help',
  'model',
  'explain',
])
