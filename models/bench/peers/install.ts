import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const folder = import.meta.dirname
const minutes = 5

/** The package with llama.cpp for this machine's processor, built by its authors. */
const binaries: Readonly<Record<string, string>> = {
  'linux x64': 'linux-x64',
  'linux arm64': 'linux-arm64',
  'darwin arm64': 'mac-arm64-metal',
  'darwin x64': 'mac-x64',
  'win32 x64': 'win-x64',
  'win32 arm64': 'win-arm64',
}

/**
 * Installs the pinned peers beside this file where they are not yet; null, or why it cannot be done. Of llama.cpp's binaries
 * only the one for this processor is fetched (those for graphics cards have 600 MB), and nothing is built.
 */
export async function installPeers(): Promise<string | null> {
  const binary = binaries[`${process.platform} ${process.arch}`]
  if (!binary) return `no build of llama.cpp for ${process.platform} ${process.arch}`
  const library = `@node-llama-cpp/${binary}`
  const installed = (name: string): boolean => existsSync(join(folder, 'node_modules', name, 'package.json'))
  if (installed('node-llama-cpp') && installed(library)) return null
  const version = await peerVersion()
  const options = [
    '--omit=optional',
    '--ignore-scripts',
    '--no-save',
    '--no-package-lock',
    '--no-audit',
    '--no-fund',
  ]
  try {
    await promisify(execFile)('npm', ['install', ...options, `${library}@${version}`], {
      cwd: folder,
      timeout: minutes * 60_000,
      shell: process.platform === 'win32',
    })
    return null
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? `${error.stderr}` : `${error}`
    return `npm install failed: ${/npm error (?:code )?(.+)/.exec(said)?.[1] ?? said.trim().slice(0, 100)}`
  }
}

/** The pinned version of node-llama-cpp. */
export async function peerVersion(): Promise<string> {
  const { dependencies }: { dependencies: Record<string, string> } = JSON.parse(
    await readFile(join(folder, 'package.json'), 'utf8'),
  )
  return dependencies['node-llama-cpp']!
}
