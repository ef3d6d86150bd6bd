import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fault } from './errors.ts'

/** A running anvil that mines only when told to. */
export interface Anvil {
  readonly pid: number
  readonly url: string
  /** Resolves once the process is gone, whoever ended it. */
  readonly exited: Promise<void>
  kill(): Promise<void>
}

/** Time of the genesis block, Unix seconds (2025-01-01). Fixed, so that a rebuilt chain is the same chain. */
export const GENESIS_TIME = 1_735_689_600n
const START_DEADLINE_MS = 20_000

/** The binary of the platform's package: the wrapper package would fetch it in an install script, which we do not run. */
const binary = (): string => {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch
  const name = `@foundry-rs/anvil-${process.platform}-${arch}`
  try {
    const packageFile = createRequire(import.meta.url).resolve(`${name}/package.json`)
    return join(dirname(packageFile), 'bin', process.platform === 'win32' ? 'anvil.exe' : 'anvil')
  } catch (cause) {
    throw fault('chain-binary-missing', `The embedded chain's package ${name} is not installed.`, {
      fix: 'Run npm ci without --omit=optional, or set CHAIN_RPC_URL to a chain of your own.',
      facts: { package: name },
      blame: 'operator',
      cause,
    })
  }
}

/** When a process started, in whatever unit the system gives, or null when it is gone. A reused pid has another one. */
const startOf = (pid: number): string | null => {
  try {
    if (process.platform === 'linux') {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return fields[0] === 'Z' ? null : (fields[19] ?? null)
    }
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || null
  } catch {
    return null
  }
}

interface Process {
  pid: number
  start: string | null
}
interface Holder {
  owner: Process
  node: Process | null
}

const isAlive = (p: Process): boolean => p.start !== null && startOf(p.pid) === p.start
const me = (): Process => ({ pid: process.pid, start: startOf(process.pid) })
const holderPath = (folder: string): string => join(folder, 'holder.json')

const readHolder = (folder: string): Holder | null => {
  try {
    return JSON.parse(readFileSync(holderPath(folder), 'utf8')) as Holder
  } catch {
    return null
  }
}

const writeHolder = (folder: string, holder: Holder): void => {
  const aside = `${holderPath(folder)}.${process.pid}`
  writeFileSync(aside, JSON.stringify(holder))
  renameSync(aside, holderPath(folder))
}

/** Kills a process and waits until it is gone; does nothing where another one has its pid now. */
const end = async (p: Process): Promise<void> => {
  if (isAlive(p)) process.kill(p.pid, 'SIGKILL')
  while (isAlive(p)) await new Promise(resolve => setTimeout(resolve, 10))
}

const held = new Set<string>()

/**
 * Takes the chain's folder for this process: two nodes never share one. Ends the anvil that a killed process left behind, after
 * checking by pid and start time that it is that very one. Throws `chain-in-use` while another process lives in the folder.
 */
export const holdFolder = async (folder: string): Promise<void> => {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const holder = readHolder(folder)
  const other = holder !== null && holder.owner.pid !== process.pid && isAlive(holder.owner)
  if (held.has(folder) || other)
    throw fault(
      'chain-in-use',
      `Process ${holder?.owner.pid ?? process.pid} already runs the chain of ${folder}.`,
      {
        fix: 'Stop that process, or start with another data folder.',
        facts: { folder, pid: holder?.owner.pid ?? process.pid },
        blame: 'operator',
      },
    )
  held.add(folder)
  writeHolder(folder, { owner: me(), node: holder?.node ?? null })
  if (holder?.node) await end(holder.node)
  writeHolder(folder, { owner: me(), node: null })
}

export const releaseFolder = (folder: string): void => {
  held.delete(folder)
  rmSync(holderPath(folder), { force: true })
}

/** Resolves with the port that anvil chose, and goes on draining its output: a full pipe would stop it. */
const listening = (child: ChildProcess): Promise<number> =>
  new Promise((resolve, reject) => {
    let text = ''
    const fail = (cause?: unknown): void =>
      reject(
        fault('chain-not-started', 'The embedded chain did not start.', {
          fix: 'Free memory and disk space, then start again.',
          facts: { output: text.slice(-400) },
          retry: true,
          blame: 'operator',
          cause,
        }),
      )
    const deadline = setTimeout(fail, START_DEADLINE_MS)
    const onData = (chunk: Buffer): void => {
      text = (text + chunk.toString()).slice(-4000)
      const port = /Listening on 127\.0\.0\.1:(\d+)/.exec(text)?.[1]
      if (port === undefined) return
      clearTimeout(deadline)
      child.stdout?.off('data', onData).resume()
      resolve(Number(port))
    }
    child.stdout?.on('data', onData)
    child.stderr?.on('data', (chunk: Buffer) => {
      text = (text + chunk.toString()).slice(-4000)
    })
    child.once('error', fail)
    child.once('exit', () => fail())
  })

/**
 * Starts anvil in a folder held by `holdFolder`, on 127.0.0.1 and a free port, from genesis or from a state file.
 * It ends with this process, and a start after a kill -9 ends what is left.
 */
export const startAnvil = async (o: {
  folder: string
  chainId: number
  state: string | null
}): Promise<Anvil> => {
  const home = join(o.folder, 'home')
  mkdirSync(home, { recursive: true })
  const args = ['--host', '127.0.0.1', '--port', '0', '--chain-id', String(o.chainId), '--accounts', '0']
  args.push('--no-mining', '--order', 'fifo', '--hardfork', 'prague', '--timestamp', String(GENESIS_TIME))
  // Fees are nothing here: nobody pays for gas, and a replay never depends on a balance.
  args.push('--block-base-fee-per-gas', '0', '--gas-price', '0', '--disable-min-priority-fee')
  // Without pruning 7,000 blocks wrote 4 GB of old states; receipts are in the journal, so few blocks are kept.
  args.push('--prune-history', '--transaction-block-keeper', '64', '--cache-path', home)
  if (o.state !== null) args.push('--load-state', o.state)
  // No inherited environment: it may hold keys, and FOUNDRY_ or ANVIL_ settings would change the chain.
  const env = { HOME: home, TMPDIR: home }
  const child = spawn(binary(), args, { cwd: o.folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const kill = (): void => {
    child.kill('SIGKILL')
  }
  process.once('exit', kill)
  const exited = new Promise<void>(resolve => {
    child.once('exit', () => {
      process.off('exit', kill)
      resolve()
    })
  })
  try {
    if (child.pid !== undefined)
      writeHolder(o.folder, { owner: me(), node: { pid: child.pid, start: startOf(child.pid) } })
    const port = await listening(child)
    return {
      pid: child.pid as number,
      url: `http://127.0.0.1:${port}`,
      exited,
      kill: () => {
        kill()
        return exited
      },
    }
  } catch (error) {
    kill()
    throw error
  }
}
