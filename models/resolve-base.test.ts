import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openFolder } from '../infra/folder.ts'
import { startHub } from '../infra/testing/hub-server.ts'
import { openBaseFolder } from './base.ts'
import { readBaseId } from './hub/id.ts'
import { resolveBase } from './resolve-base.ts'

let hub: Awaited<ReturnType<typeof startHub>>
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'resolve-'))
  hub = await startHub({}, () => undefined)
})
afterEach(async () => {
  await hub.close()
  await rm(folder, { recursive: true, force: true })
})
const resolved = (setting: string): Promise<string> =>
  resolveBase(setting, { cache: folder, endpoint: hub.endpoint, hold: openFolder })

describe('a setting that names a base', () => {
  it('is the shipped one by the word base', async () => {
    expect((await openBaseFolder(await resolved('base'))).name).toBe('tributary-8m')
    expect(hub.asked).toEqual([])
  })

  it('is a folder where one exists, whatever it looks like', async () => {
    expect(await resolved('models/base')).toBe('models/base')
    await mkdir(join(folder, 'mine'))
    expect(await resolved(join(folder, 'mine'))).toBe(join(folder, 'mine'))
    expect(hub.asked).toEqual([])
  })

  it('is asked of the hub where it has the form of an id; an unknown one is told both ways', async () => {
    await expect(resolved('some/modle')).rejects.toMatchObject({
      code: 'base-not-found',
      message: expect.stringMatching(/no public model some\/modle.*no folder/),
      fix: expect.stringMatching(/folder.*owner\/name/),
    })
    expect(hub.asked).toHaveLength(1)
  })

  it.each(['/no/where', './some/model', 'a/b/c', 'basse'])(
    'is refused as %s, with both ways named',
    async setting => {
      await expect(resolved(setting)).rejects.toMatchObject({
        code: 'base-missing',
        message: expect.stringContaining(setting),
        fix: expect.stringMatching(/folder.*owner\/name/),
      })
      expect(hub.asked).toEqual([])
    },
  )
})

describe('an id', () => {
  it.each([
    ['Qwen/Qwen3-0.6B', { repo: 'Qwen/Qwen3-0.6B', revision: 'main' }],
    ['a/b@v1.0', { repo: 'a/b', revision: 'v1.0' }],
    ['a/b@refs/pr/1', { repo: 'a/b', revision: 'refs/pr/1' }],
    ['a/..', null],
    ['a--b/c', null],
    ['a/b@../c', null],
    ['a/b@', null],
    ['a', null],
  ])('%s reads as %o', (text, id) => {
    expect(readBaseId(text)).toEqual(id)
  })
})
