import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const linux = (pid: number): string => {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // Field 2 is the name in brackets and may hold spaces; field 22 is the start in ticks since the boot, 3 the state.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' ? '' : `${boot}/${fields[19]}`
}

/** Tells two processes with the same pid apart: when process `pid` began, in the system's own words; empty when there is none. */
export const startOf = (pid: number): string => {
  try {
    if (process.platform === 'linux') return linux(pid)
    if (process.platform !== 'win32')
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim()
    process.kill(pid, 0)
    return 'running'
  } catch {
    return ''
  }
}
