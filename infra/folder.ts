import { randomBytes } from 'node:crypto'
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fault } from './errors.ts'
import { startOf } from './process-start.ts'

/** The folder in which a node keeps everything, held by one process at a time. */
export interface DataFolder {
  readonly path: string
  /** Unique to this folder, for its whole life. */
  readonly id: string
  /** The path of a part, such as `blobs`, made when absent. */
  part(name: string): string
  /** From now on the folder counts as corrupt without this file or subfolder. */
  keep(name: string): void
  /** Lets go of the folder. */
  release(): void
}

interface Holder {
  pid: number
  /** When the process began, as the system tells it: a pid alone may belong to another by now. */
  start: string
  token: string
}

const LOCK = 'lock'
const CARD = 'folder.json'
const FORMAT = 1

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const readHolder = (file: string): Holder | undefined => {
  if (!existsSync(file)) return undefined
  const found = parse(readFileSync(file, 'utf8')) as Partial<Holder> | undefined
  const { pid, start, token } = found ?? {}
  if (
    typeof pid === 'number' &&
    typeof start === 'string' &&
    typeof token === 'string' &&
    /^[0-9a-f]{32}$/.test(token)
  )
    return { pid, start, token }
  // Locks appear complete (see `claim`): a garbled one was left by a power cut.
  return { pid: 0, start: '', token: 'garbled' }
}

const alive = (holder: Holder): boolean => holder.pid > 0 && startOf(holder.pid) === holder.start

// Makes `file` with its whole content at once, or not at all where it exists.
const claim = (file: string, holder: Holder): boolean => {
  const aside = `${file}.${holder.token}.tmp`
  writeFileSync(aside, JSON.stringify(holder))
  try {
    linkSync(aside, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(aside, { force: true })
  }
}

const inUse = (path: string, holder: Holder) =>
  fault('folder-in-use', `The data folder ${path} is in use by process ${holder.pid}.`, {
    fix: 'Use the running node, stop it first, or choose another folder with TRIBUTARY_DATA.',
    facts: { path, pid: holder.pid },
    blame: 'operator',
  })

/*
 * A stale lock is taken over by exactly one of several starters: each must first make the file lock.<token of the stale
 * one>, which only one can. If that one dies before it has replaced the lock, its own claim is stale and can be claimed in turn.
 */
const takeLock = (path: string): Holder => {
  const mine: Holder = {
    pid: process.pid,
    start: startOf(process.pid),
    token: randomBytes(16).toString('hex'),
  }
  const lock = join(path, LOCK)
  for (;;) {
    if (claim(lock, mine)) return mine
    let holder = readHolder(lock)
    const stale = holder
    const claims: string[] = []
    while (holder !== undefined) {
      if (alive(holder)) throw inUse(path, holder)
      const next = join(path, `${LOCK}.${holder.token}`)
      claims.push(next)
      if (claim(next, mine)) break
      holder = readHolder(next)
    }
    // Somebody may have replaced the lock and cleared the claims since it was read: look again.
    if (holder !== undefined && readHolder(lock)?.token === stale?.token) {
      renameSync(claims.at(-1) as string, lock)
      for (const left of claims.slice(0, -1)) rmSync(left, { force: true })
      return mine
    }
    if (holder !== undefined) rmSync(claims.at(-1) as string, { force: true })
  }
}

interface Card {
  format: number
  id: string
  createdAt: string
  parts: string[]
}

const corrupt = (path: string, what: string) =>
  fault('folder-corrupt', `The data folder ${path} is damaged: ${what}.`, {
    fix: 'Restore it from a backup, or move it away to begin with an empty one.',
    facts: { path },
    blame: 'operator',
  })

const readCard = (path: string): Card => {
  const card = parse(readFileSync(join(path, CARD), 'utf8')) as Partial<Card> | undefined
  if (typeof card?.format !== 'number' || typeof card.id !== 'string' || !Array.isArray(card.parts))
    throw corrupt(path, `${CARD} cannot be read`)
  if (card.format > FORMAT)
    throw fault('folder-newer', `The data folder ${path} was made by a newer program.`, {
      fix: 'Start the newer program, or choose another folder with TRIBUTARY_DATA.',
      blame: 'operator',
    })
  return card as Card
}

const writeCard = (path: string, card: Card): void => {
  writeFileSync(join(path, `${CARD}.tmp`), `${JSON.stringify(card, null, 2)}\n`, { flush: true })
  renameSync(join(path, `${CARD}.tmp`), join(path, CARD))
}

const checkParts = (path: string, card: Card): void => {
  for (const part of card.parts) if (!existsSync(join(path, part))) throw corrupt(path, `${part} is missing`)
}

const openCard = (path: string): Card => {
  if (existsSync(join(path, CARD))) {
    const card = readCard(path)
    checkParts(path, card)
    return card
  }
  const strange = readdirSync(path).filter(name => !name.startsWith(LOCK) && !name.startsWith(`${CARD}.`))
  if (strange.length > 0)
    throw fault('folder-foreign', `${path} is not empty and not a data folder.`, {
      fix: `Choose another folder with TRIBUTARY_DATA, or restore its ${CARD} from a backup.`,
      facts: { path, entries: strange.length },
      blame: 'operator',
    })
  const card: Card = {
    format: FORMAT,
    id: randomBytes(16).toString('hex'),
    createdAt: new Date().toISOString(),
    parts: [],
  }
  writeCard(path, card)
  return card
}

/**
 * Takes the data folder for this process (makes it when absent) before anything in it is opened; a lock left by a killed
 * process is taken over. Throws `folder-in-use`, `folder-foreign`, `folder-corrupt`, `folder-newer`.
 */
export const openFolder = (path: string): DataFolder => {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  const mine = takeLock(path)
  const release = (): void => {
    if (readHolder(join(path, LOCK))?.token === mine.token) rmSync(join(path, LOCK), { force: true })
  }
  try {
    const card = openCard(path)
    return {
      path,
      id: card.id,
      part: name => {
        mkdirSync(join(path, name), { recursive: true })
        return join(path, name)
      },
      keep: name => {
        if (card.parts.includes(name)) return
        card.parts.push(name)
        writeCard(path, card)
      },
      release,
    }
  } catch (error) {
    release()
    throw error
  }
}
