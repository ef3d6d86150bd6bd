import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

/*
 * Loaded with `node --import`, in every thread: while the file named by FULL_DISK exists, writing to a file fails as on
 * a full disk. A real one needs a mount, and so a privilege that tests do not have.
 */
const flag = process.env.FULL_DISK
const write = fs.writeSync
const REGULAR = 2

const refuse = (fd: number): void => {
  if (flag === undefined || fd <= REGULAR || !fs.existsSync(flag)) return
  throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', errno: -28 })
}

fs.writeSync = ((fd: number, ...rest: unknown[]) => {
  refuse(fd)
  return Reflect.apply(write, fs, [fd, ...rest])
}) as typeof fs.writeSync
syncBuiltinESMExports()
