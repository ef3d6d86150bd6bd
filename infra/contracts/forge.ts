import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = dirname(fileURLToPath(import.meta.url))
const root = join(folder, '..', '..')
const gas = join(folder, 'gas')

/** The binary of the platform's package: the wrapper package would fetch it in an install script, which we do not run. */
const binary = (): string => {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch
  const name = `@foundry-rs/forge-${process.platform}-${arch}/package.json`
  const packageFile = createRequire(import.meta.url).resolve(name)
  return join(dirname(packageFile), 'bin', process.platform === 'win32' ? 'forge.exe' : 'forge')
}

/**
 * Runs the contracts' tests offline and compares gas with the figures in `gas/`; `update` writes the figures anew.
 * Caches and HOME are in `cache/`. About 10 s to compile the first time, 10 s to run.
 */
export const forgeTest = (args: readonly string[] = [], update = false): { ok: boolean; output: string } => {
  const home = join(folder, 'cache', 'home')
  mkdirSync(home, { recursive: true })
  const env = {
    HOME: home,
    PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ''}`, // the compiler shim starts with `env node`
    FOUNDRY_CONFIG: join(folder, 'foundry.toml'),
    FORGE_SNAPSHOT_CHECK: String(!update),
    FORGE_SNAPSHOT_EMIT: String(update),
    NO_COLOR: '1',
  }
  const done = spawnSync(binary(), ['test', '--root', root, ...args], { env, encoding: 'utf8' })
  // forge ends these files without a newline, which the formatter asks for.
  for (const file of update ? readdirSync(gas) : [])
    writeFileSync(join(gas, file), `${readFileSync(join(gas, file), 'utf8').trim()}\n`)
  return { ok: done.status === 0, output: `${done.stdout}${done.stderr}` }
}

if (import.meta.main) {
  const update = process.argv.includes('--update-gas')
  const { ok, output } = forgeTest(
    process.argv.slice(2).filter(arg => arg !== '--update-gas'),
    update,
  )
  process.stdout.write(output)
  process.exitCode = ok ? 0 : 1
}
