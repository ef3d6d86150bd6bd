import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What the chain door deploys. AccessManager is OpenZeppelin's own, compiled from the same package. */
const CONTRACTS = {
  AccessManager: '@openzeppelin/contracts/access/manager/AccessManager.sol',
  Token: 'Token.sol',
  Registry: 'Registry.sol',
  Rewards: 'Rewards.sol',
} as const

export interface Artifact {
  readonly contract: string
  readonly compiler: string
  /** SHA-256 over every source file that went in and the settings; a test compares it with the files at hand. */
  readonly sourceHash: string
  readonly abi: readonly unknown[]
  /** Creation code, 0x hex. */
  readonly bytecode: string
}

interface CompilerOutput {
  errors?: { severity: string; formattedMessage: string }[]
  contracts: Record<string, Record<string, { abi: unknown[]; evm: { bytecode: { object: string } } }>>
}

const folder = dirname(fileURLToPath(import.meta.url))
const packages = join(folder, '..', '..', 'node_modules')
const artifactPath = (name: string) => join(folder, 'artifacts', `${name}.json`)

const settings = {
  evmVersion: 'cancun',
  optimizer: { enabled: true, runs: 1_000_000 },
  metadata: { bytecodeHash: 'none', appendCBOR: false },
  remappings: [],
}

/** A contract's file with all it imports, by path: ours from this folder, OpenZeppelin's from node_modules. */
const collect = (entry: string): Map<string, string> => {
  const sources = new Map<string, string>()
  const visit = (path: string): void => {
    if (sources.has(path)) return
    const text = readFileSync(path.startsWith('@') ? join(packages, path) : join(folder, path), 'utf8')
    sources.set(path, text)
    for (const [, imported] of text.matchAll(/^import\s[^;]*?["']([^"']+)["'];/gms))
      if (imported !== undefined) visit(imported.startsWith('.') ? join(dirname(path), imported) : imported)
  }
  visit(entry)
  return new Map([...sources].sort(([a], [b]) => (a < b ? -1 : 1)))
}

const hashOf = (sources: Map<string, string>): string => {
  const hash = createHash('sha256').update(JSON.stringify(settings))
  for (const [path, text] of sources) hash.update(`\0${path}\0${text}`)
  return hash.digest('hex')
}

/** Names of the artifacts whose sources are not what they were compiled from; empty when all are fresh. */
export const staleArtifacts = (): string[] =>
  Object.entries(CONTRACTS)
    .filter(([name, entry]) => {
      const artifact = JSON.parse(readFileSync(artifactPath(name), 'utf8')) as Artifact
      return artifact.sourceHash !== hashOf(collect(entry))
    })
    .map(([name]) => name)

/** Compiles the contracts with solc-js (wasm, offline). Throws with the compiler's own message on an error or a warning. */
export const compileContracts = (): Artifact[] => {
  const solc = createRequire(import.meta.url)('solc') as { compile(input: string): string; version(): string }
  const each = Object.entries(CONTRACTS).map(([name, entry]) => ({ name, entry, sources: collect(entry) }))
  const sources = Object.fromEntries(
    each.flatMap(({ sources }) => [...sources].map(([path, content]) => [path, { content }])),
  )
  const outputSelection = { '*': { '*': ['abi', 'evm.bytecode.object'] } }
  const input = { language: 'Solidity', sources, settings: { ...settings, outputSelection } }
  const output = JSON.parse(solc.compile(JSON.stringify(input))) as CompilerOutput
  if (output.errors?.length) throw new Error(output.errors.map(error => error.formattedMessage).join('\n'))
  return each.map(({ name, entry, sources }) => {
    const compiled = output.contracts[entry]?.[name]
    if (compiled === undefined) throw new Error(`${entry} has no contract ${name}`)
    return {
      contract: name,
      compiler: solc.version(),
      sourceHash: hashOf(sources),
      abi: compiled.abi,
      bytecode: `0x${compiled.evm.bytecode.object}`,
    }
  })
}

if (import.meta.main)
  for (const artifact of compileContracts()) {
    writeFileSync(artifactPath(artifact.contract), `${JSON.stringify(artifact)}\n`)
    process.stdout.write(
      `${artifact.contract}: ${(artifact.bytecode.length - 2) / 2} bytes of creation code\n`,
    )
  }
