#!/usr/bin/env node
// Runs the program on any Node >= 20: installs what is missing, and re-executes itself under the pinned Node of
// infra/node where the one at hand is too old to run TypeScript as it is. Plain JavaScript on purpose.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const nodeFolder = join(root, 'infra', 'node')

const changed = path => (existsSync(path) ? statSync(path).mtimeMs : 0)

/**
 * Installs a folder's locked packages when they are absent or older than its lock file. Not by `npm ci`, which refuses a
 * lock file made where the binaries of other platforms cannot be had; `--no-save` leaves the lock file as it is.
 */
const install = (folder, what) => {
  const installed = join(folder, 'node_modules', '.package-lock.json')
  if (changed(installed) > 0 && changed(installed) >= changed(join(folder, 'package-lock.json'))) return
  process.stderr.write(`Installing ${what} ...\n`)
  const { status } = spawnSync(
    'npm',
    ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: folder,
      stdio: ['ignore', 2, 2],
      shell: process.platform === 'win32',
    },
  )
  if (status !== 0) {
    process.stderr.write(
      `npm install failed in ${folder}. Check that npm reaches its registry, then run this again.\n`,
    )
    process.exit(1)
  }
}

/** The Node that runs the project: this one when it strips types by itself (>= 22.18), else the pinned one. */
const runtime = () => {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 22 || (major === 22 && minor >= 18)) return process.execPath
  install(nodeFolder, `a Node that runs TypeScript (yours is ${process.version})`)
  const packages = join(nodeFolder, 'node_modules')
  const name = existsSync(packages)
    ? readdirSync(packages).find(entry => entry.startsWith('node-'))
    : undefined
  if (name === undefined) {
    process.stderr.write(
      'No pinned Node exists for this platform. Install Node 24 or newer, then run this again.\n',
    )
    process.exit(1)
  }
  return join(packages, name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
}

install(root, 'the packages of package-lock.json')
const node = runtime()
const [verb, ...rest] = process.argv.slice(2)
/** `run TOOL ...` runs a package's command or one of our files; everything else is the program itself. */
const target = () => {
  const [tool = '', ...args] = rest
  const isTool = tool.endsWith('.ts') || (tool !== '' && existsSync(join(root, 'node_modules', '.bin', tool)))
  // `run` is a verb of the network too: tributary run MODEL.
  if (verb !== 'run' || !isTool) return [join(root, 'infra', 'main.ts'), ...process.argv.slice(2)]
  return [tool.endsWith('.ts') ? join(root, tool) : join(root, 'node_modules', '.bin', tool), ...args]
}
const child = spawn(node, ['--disable-warning=ExperimentalWarning', ...target()], {
  stdio: 'inherit',
  env: {
    ...process.env,
    PATH: `${dirname(node)}${process.platform === 'win32' ? ';' : ':'}${process.env.PATH}`,
  },
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)))
