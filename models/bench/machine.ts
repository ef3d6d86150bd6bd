import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { arch, cpus, loadavg, platform, totalmem } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

export interface Machine {
  processor: string
  cores: number
  /** Instructions that the products depend on. */
  flags: string[]
  memoryBytes: number
  system: string
  /** Mean number of programs that wanted a core in the minute before; near 0 on a machine that is left alone. */
  load: number
  versions: Record<string, string>
}

const interesting = [
  'avx2',
  'avx_vnni',
  'avx512f',
  'avx512_vnni',
  'avx512_bf16',
  'amx_int8',
  'amx_bf16',
  'asimddp',
  'i8mm',
]

async function processorFlags(): Promise<string[]> {
  const text = await readFile('/proc/cpuinfo', 'utf8').catch(() => '')
  const known = new Set(/^(?:flags|Features)\s*:\s*(.+)$/m.exec(text)?.[1]?.split(' '))
  return interesting.filter(flag => known.has(flag))
}

const json = async (path: string): Promise<Record<string, string>> =>
  JSON.parse(await readFile(join(import.meta.dirname, path), 'utf8').catch(() => '{}'))

async function torchVersion(): Promise<string | null> {
  try {
    const script = 'import torch; print(torch.__version__)'
    return (await promisify(execFile)('/usr/bin/python3', ['-c', script])).stdout.trim()
  } catch {
    return null
  }
}

/** The machine and the programs that are measured on it; what is not installed is left out. */
export async function describeMachine(): Promise<Machine> {
  const onnxruntime = await json('../../node_modules/onnxruntime-node/package.json')
  const wrapper = await json('peers/node_modules/node-llama-cpp/package.json')
  const llama = await json('peers/node_modules/node-llama-cpp/llama/binariesGithubRelease.json')
  const found = {
    node: process.versions.node,
    'onnxruntime-node': onnxruntime.version,
    torch: await torchVersion(),
    'node-llama-cpp': wrapper.version,
    'llama.cpp': llama.release,
  }
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    flags: await processorFlags(),
    memoryBytes: totalmem(),
    system: `${platform()} ${arch()}`,
    load: loadavg()[0] ?? 0,
    versions: Object.fromEntries(
      Object.entries(found).flatMap(([name, version]) => (version ? [[name, version]] : [])),
    ),
  }
}

/** The machine as a paragraph above the table. */
export function machineText(machine: Machine, date: Date): string {
  const { processor, cores, flags, memoryBytes, system, load, versions } = machine
  const gibibytes = Math.round(memoryBytes / 2 ** 30)
  const programs = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return [
    `${date.toISOString().slice(0, 10)}, ${processor}, ${cores} cores (${flags.join(' ')}), ${gibibytes} GiB, ${system}, load ${load.toFixed(1)} at the start.`,
    `${programs.join(', ')}.`,
  ].join('\n')
}
