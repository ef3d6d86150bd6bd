import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openFolder } from './folder.ts'

let home = ''
let path = ''
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tributary-folder-'))
  path = join(home, 'data')
})
afterEach(() => rmSync(home, { recursive: true }))

const code = (open: () => unknown): unknown => {
  try {
    return open()
  } catch (error) {
    return error !== null && typeof error === 'object' ? Reflect.get(error, 'code') : error
  }
}
const lock = (): { pid: number; start: string; token: string } =>
  JSON.parse(readFileSync(join(path, 'lock'), 'utf8'))

test('a new folder is made for its owner alone and keeps its id', () => {
  const first = openFolder(path)
  expect(statSync(path).mode & 0o777).toBe(0o700)
  first.release()
  const second = openFolder(path)
  expect(second.id).toBe(first.id)
  second.release()
  expect(readdirSync(path)).toEqual(['folder.json'])
})

test('a second start on the same folder says who holds it', () => {
  const first = openFolder(path)
  expect(() => openFolder(path)).toThrow(
    expect.objectContaining({
      code: 'folder-in-use',
      message: expect.stringContaining(`process ${process.pid}`),
      blame: 'operator',
    }),
  )
  expect(existsSync(join(path, 'lock'))).toBe(true)
  first.release()
})

test('the lock of a killed process is taken over', async () => {
  const script = `const { openFolder } = await import(${JSON.stringify(new URL('./folder.ts', import.meta.url).href)}); openFolder(${JSON.stringify(path)}); console.log('held'); setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise(resolve => child.stdout.once('data', resolve))
  expect(lock().pid).toBe(child.pid)
  expect(code(() => openFolder(path))).toBe('folder-in-use')
  const ended = new Promise(resolve => child.once('close', resolve))
  child.kill('SIGKILL')
  await ended
  const folder = openFolder(path)
  expect(lock().pid).toBe(process.pid)
  expect(readdirSync(path).sort()).toEqual(['folder.json', 'lock'])
  folder.release()
})

test('a lock whose pid now belongs to another process is stale', () => {
  openFolder(path).release()
  writeFileSync(
    join(path, 'lock'),
    JSON.stringify({ pid: process.pid, start: 'long ago', token: 'a'.repeat(32) }),
  )
  openFolder(path).release()
})

test('a garbled lock is stale', () => {
  openFolder(path).release()
  writeFileSync(join(path, 'lock'), '')
  openFolder(path).release()
  expect(readdirSync(path)).toEqual(['folder.json'])
})

test('while a living process takes a stale lock over, others are kept out', () => {
  const first = openFolder(path)
  const claim = lock()
  first.release()
  writeFileSync(join(path, 'lock'), JSON.stringify({ pid: 0, start: '', token: 'b'.repeat(32) }))
  writeFileSync(join(path, `lock.${'b'.repeat(32)}`), JSON.stringify(claim))
  expect(code(() => openFolder(path))).toBe('folder-in-use')
})

test('a takeover that was itself killed is taken over', () => {
  openFolder(path).release()
  writeFileSync(join(path, 'lock'), JSON.stringify({ pid: 0, start: '', token: 'b'.repeat(32) }))
  writeFileSync(
    join(path, `lock.${'b'.repeat(32)}`),
    JSON.stringify({ pid: process.pid, start: 'long ago', token: 'c'.repeat(32) }),
  )
  openFolder(path).release()
  expect(readdirSync(path)).toEqual(['folder.json'])
})

test('of many processes that start at once on a stale lock, one gets the folder', {
  timeout: 30_000,
}, async () => {
  openFolder(path).release()
  writeFileSync(join(path, 'lock'), JSON.stringify({ pid: 0, start: '', token: 'd'.repeat(32) }))
  const script = `const { openFolder } = await import(${JSON.stringify(new URL('./folder.ts', import.meta.url).href)}); try { openFolder(${JSON.stringify(path)}); console.log('held') } catch (error) { console.log(error.code) } setInterval(() => {}, 1000)`
  const children = Array.from({ length: 5 }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] }),
  )
  const answers = await Promise.all(
    children.map(
      child =>
        new Promise<string>(resolve => child.stdout.once('data', data => resolve(String(data).trim()))),
    ),
  )
  for (const child of children) child.kill('SIGKILL')
  expect(answers.sort()).toEqual(['folder-in-use', 'folder-in-use', 'folder-in-use', 'folder-in-use', 'held'])
})

test('a folder that holds something else is left alone', () => {
  openFolder(path).release()
  rmSync(join(path, 'folder.json'))
  writeFileSync(join(path, 'holiday.jpg'), '')
  expect(() => openFolder(path)).toThrow(expect.objectContaining({ code: 'folder-foreign' }))
  expect(readdirSync(path)).toEqual(['holiday.jpg'])
})

test('a kept part that is missing is refused by its name', () => {
  const folder = openFolder(path)
  folder.part('database')
  folder.keep('database')
  folder.keep('database')
  folder.release()
  openFolder(path).release()
  rmSync(join(path, 'database'), { recursive: true })
  expect(() => openFolder(path)).toThrow(
    expect.objectContaining({
      code: 'folder-corrupt',
      message: expect.stringContaining('database is missing'),
      fix: expect.stringContaining('backup'),
    }),
  )
  expect(existsSync(join(path, 'lock'))).toBe(false)
})

test('a garbled card is refused', () => {
  openFolder(path).release()
  writeFileSync(join(path, 'folder.json'), '{"format": 1, "id"')
  expect(code(() => openFolder(path))).toBe('folder-corrupt')
})

test('a folder of a newer program is refused', () => {
  openFolder(path).release()
  const card = JSON.parse(readFileSync(join(path, 'folder.json'), 'utf8'))
  writeFileSync(join(path, 'folder.json'), JSON.stringify({ ...card, format: 2 }))
  expect(code(() => openFolder(path))).toBe('folder-newer')
})
