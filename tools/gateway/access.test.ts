import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openLog } from '../../infra/log.ts'
import { startOf } from '../../infra/process-start.ts'
import { parseKey } from '../api-keys.ts'
import { call } from '../registry.ts'
import { revokeKey } from '../revoke-key.ts'
import { as, ids, NOW } from '../testing/small-network.ts'
import { openLocalKey } from './access/local-key.ts'
import { type Doorway, openDoorway } from './testing/doorway.ts'
import { openStage, type Stage } from './testing/stage.ts'

let stage: Stage
let door: Doorway
let logFile: string
const PAGE = 'https://pages.example'

beforeAll(async () => {
  stage = await openStage()
  logFile = join(stage.network.folder, 'log.jsonl')
  const log = openLog({ level: 'info', destination: logFile })
  door = await openDoorway(stage, { TRIBUTARY_CORS: [PAGE] }, { log })
})
afterAll(async () => {
  await door.close()
  await stage.close()
})

const bearing = (key: string, more: Record<string, string> = {}) => ({
  headers: { authorization: `Bearer ${key}`, ...more },
})
const json = (body: string, headers: Record<string, string> = {}) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body,
})
const codeOf = ({ text }: { text: string }): string => JSON.parse(text).code

describe('who calls', () => {
  it('is nobody without a key, and the key’s account with it', async () => {
    expect(JSON.parse((await door.ask('/who')).text)).toMatchObject({ role: 'anyone', accountId: null })
    const key = await stage.key({ scopes: ['read'], budget: '1' })
    const { text, headers } = await door.ask('/who', bearing(key))
    expect(JSON.parse(text)).toEqual({
      role: 'member',
      accountId: ids.ann,
      surface: 'api',
      key: { id: parseKey(key)?.id, scopes: ['read'], budgeted: true },
      requestId: headers['x-request-id'],
    })
  })

  it('is refused where the key is wrong, altered, revoked or no bearer token: never taken for nobody', async () => {
    const good = await stage.key()
    const revoked = await stage.key()
    await call(stage.network, as(ids.ann), revokeKey, { id: parseKey(revoked)?.id ?? '' })
    const altered = good.slice(0, -2) + (good.endsWith('AA') ? 'BB' : 'AA')
    for (const authorization of [
      `Bearer ${revoked}`,
      `Bearer ${altered}`,
      `Bearer ${good} ${good}`,
      'Bearer trib_local_wrong',
      `Basic ${Buffer.from(good).toString('base64')}`,
      good,
      'Bearer',
      '',
    ]) {
      const answer = await door.ask('/who', { headers: { authorization } })
      expect([answer.status, codeOf(answer)], authorization).toEqual([401, 'key-invalid'])
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer/)
    }
  })

  it('is refused once the key has expired', async () => {
    const key = await stage.key()
    await stage.network.db.query('update api_keys set expires_at = $2 where id = $1', [
      parseKey(key)?.id,
      NOW,
    ])
    const answer = await door.ask('/who', bearing(key))
    expect([answer.status, codeOf(answer)]).toEqual([401, 'key-expired'])
  })

  it('costs no query while a key was just looked up', async () => {
    const key = await stage.key()
    await door.ask('/who', bearing(key))
    const { db } = stage.network
    const query = db.query
    let asked = 0
    db.query = (...args) => {
      asked++
      return query(...args)
    }
    await Promise.all(Array.from({ length: 50 }, () => door.ask('/who', bearing(key))))
    db.query = query
    expect(asked).toBeLessThan(5)
  })
})

describe('the machine’s owner', () => {
  it('has a key in a file that only they can read', () => {
    const path = join(stage.network.folder, 'keys', 'local-key')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readFileSync(path, 'utf8')).toMatch(/^trib_local_[\w-]{43}$/)
    expect(openLocalKey(stage.network.folder)).toBe(readFileSync(path, 'utf8'))
  })

  it('calls as the operator, or as a person of this machine’s terminal', async () => {
    const key = openLocalKey(stage.network.folder)
    expect(JSON.parse((await door.ask('/who', bearing(key))).text)).toMatchObject({ role: 'operator' })
    await stage.network.db.query(
      `insert into identities (platform, subject, account_id, created_at) values ('terminal', 'Zoë', $1, $2)`,
      [ids.bob, NOW],
    )
    const user = encodeURIComponent('Zoë')
    const { text } = await door.ask('/who', bearing(key, { 'tributary-user': user }))
    expect(JSON.parse(text)).toMatchObject({ role: 'member', accountId: ids.bob })
    const wrong = `${key.slice(0, -2)}${key.endsWith('AA') ? 'BB' : 'AA'}`
    expect((await door.ask('/who', bearing(wrong, { 'tributary-user': user }))).status).toBe(401)
    expect(JSON.parse((await door.ask('/who', { headers: { 'tributary-user': user } })).text)).toMatchObject({
      role: 'anyone',
    })
  })

  it('is not taken for anybody who comes through the proxy', async () => {
    const proxied = await openDoorway(stage, {}, { publicUrl: 'https://hive.example/' })
    const key = openLocalKey(stage.network.folder)
    const sent = (more: Record<string, string>) => proxied.ask('/who', bearing(key, more))
    expect((await sent({ host: proxied.host })).status).toBe(200)
    for (const host of ['hive.example', 'Hive.Example']) expect((await sent({ host })).status).toBe(401)
    expect((await sent({ host: proxied.host, 'x-forwarded-for': '9.9.9.9' })).status).toBe(401)
    await proxied.close()
  })

  it('finds a running node by a file, which is gone with it', async () => {
    const other = await openStage()
    const file = join(other.network.folder, 'node.json')
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
      url: other.url,
      pid: process.pid,
      began: startOf(process.pid),
    })
    await other.close()
    expect(() => readFileSync(file)).toThrow('ENOENT')
  })
})

describe('the door', () => {
  it('answers to the node’s own names only', async () => {
    const port = door.host.split(':')[1]
    for (const host of [door.host, `localhost:${port}`, `LOCALHOST:${port}`, `[::1]:${port}`])
      expect((await door.ask('/who', { headers: { host } })).status, host).toBe(200)
    for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1', '127.0.0.1:1']) {
      const answer = await door.ask('/who', { headers: { host } })
      expect([answer.status, codeOf(answer)], host).toEqual([403, 'host-foreign'])
    }
  })

  it('lets in pages of the node and those that were named, and no others', async () => {
    const key = await stage.key()
    const own = await door.ask('/who', bearing(key, { origin: `http://${door.host}` }))
    expect(own.status).toBe(200)
    const named = await door.ask('/who', bearing(key, { origin: PAGE }))
    expect(named.headers['access-control-allow-origin']).toBe(PAGE)
    expect(named.headers['access-control-allow-credentials']).toBeUndefined()
    expect(named.headers['access-control-expose-headers']).toMatch(/x-request-id.*payment-response/)
    for (const origin of [
      'https://evil.example',
      `${PAGE}.evil.example`,
      'null',
      `http://${PAGE.slice(8)}`,
    ]) {
      const answer = await door.ask('/who', bearing(key, { origin }))
      expect([answer.status, codeOf(answer)], origin).toEqual([403, 'origin-foreign'])
      expect(answer.headers['access-control-allow-origin']).toBeUndefined()
    }
  })

  it('answers a preflight of a named page without a key, and lets it read refusals', async () => {
    const asks = (origin: string) =>
      door.ask('/who', {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,idempotency-key',
        },
      })
    const allowed = await asks(PAGE)
    expect(allowed.status).toBe(204)
    expect(allowed.headers).toMatchObject({
      'access-control-allow-origin': PAGE,
      'access-control-allow-headers': 'authorization,idempotency-key',
    })
    expect(allowed.headers['access-control-allow-methods']).toContain('POST')
    expect((await asks('https://evil.example')).status).toBe(403)
    const refused = await door.ask('/who', bearing('trib_wrong', { origin: PAGE }))
    expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([401, PAGE])
  })

  it('gives every answer its number and the headers of safety', async () => {
    for (const path of ['/who', '/raw', '/nothing', '/fails/x']) {
      const { headers } = await door.ask(path, { headers: { 'x-request-id': 'mine' } })
      expect(headers['x-request-id'], path).toMatch(/^[0-9a-f-]{36}$/)
      expect(headers, path).toMatchObject({
        'x-content-type-options': 'nosniff',
        'content-security-policy': expect.stringContaining("default-src 'none'"),
        'cache-control': path === '/raw' ? 'max-age=5' : 'no-store',
      })
    }
  })

  it('takes JSON of at most a mebibyte, and eight where rows come in from somebody', async () => {
    const mib = 2 ** 20
    const key = await stage.key()
    const rows = (bytes: number, headers = {}) =>
      door.ask('/api/verbs/contribute', json('x'.repeat(bytes), headers))
    expect((await door.ask('/who', json('x'.repeat(mib)))).text).toBe(`{"bytes":${mib}}`)
    expect((await door.ask('/who', json('x'.repeat(mib + 1)))).status).toBe(413)
    expect((await rows(8 * mib, { authorization: `Bearer ${key}` })).status).toBe(200)
    expect((await rows(8 * mib + 1, { authorization: `Bearer ${key}` })).status).toBe(413)
    expect((await rows(mib + 1)).status).toBe(413)
    const chunked = await door.ask('/who', json('x'.repeat(mib + 1), { 'transfer-encoding': 'chunked' }))
    expect([chunked.status, codeOf(chunked)]).toEqual([413, 'body-too-large'])
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      '',
    ]) {
      const answer = await door.ask('/who', json('{}', { 'content-type': type }))
      expect([answer.status, codeOf(answer)], type).toEqual([415, 'media-type-unsupported'])
    }
  })

  it('answers HEAD like GET without its body, and tells which methods a route takes', async () => {
    const head = await door.ask('/who', { method: 'HEAD' })
    expect([head.status, head.text]).toEqual([200, ''])
    const wrong = await door.ask('/who', { method: 'DELETE' })
    expect([wrong.status, codeOf(wrong), wrong.headers.allow]).toEqual([405, 'method-unknown', 'GET, POST'])
    expect((await door.ask('/nothing', { method: 'DELETE' })).status).toBe(404)
  })

  it('survives a header of a mebibyte and one with a line break in it', async () => {
    const huge = await door.ask('/who', bearing('x'.repeat(2 ** 20))).catch(error => error.code)
    expect(huge.status ?? 431).toBe(431)
    const socket = connect(Number(door.host.split(':')[1]), '127.0.0.1')
    let told = ''
    socket.on('data', chunk => {
      told += chunk
    })
    socket.write(
      `GET /who HTTP/1.1\r\nHost: ${door.host}\r\nX: a\rSet-Cookie: b\r\nConnection: close\r\n\r\n`,
    )
    await once(socket, 'close')
    expect(told).toMatch(/^HTTP\/1.1 400 /)
    expect((await door.ask('/who')).status).toBe(200)
  })
})

describe('the log', () => {
  it('has one line a request, by its route and key, and never a secret or a query', async () => {
    const before = readFileSync(logFile, 'utf8').length
    const key = await stage.key()
    const { id = '', secret = '' } = parseKey(key) ?? {}
    await door.ask('/who?name=Ann', bearing(key))
    await door.ask(`/nothing/${secret}`, bearing(key))
    const { text } = await door.ask('/fails/now', bearing(key))
    expect(text).not.toContain(secret)
    const told = readFileSync(logFile, 'utf8').slice(before)
    const served = told
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
      .filter(({ event }) => event === 'request.served')
    expect(served).toEqual([
      expect.objectContaining({ method: 'GET', route: '/who', status: 200, by: id }),
      expect.objectContaining({ status: 404, code: 'route-unknown' }),
      expect.objectContaining({ route: '/fails/:what', status: 500 }),
    ])
    // The error's own text told of the header: its secret is taken out of the line.
    expect(told).toContain(`Failed with Bearer trib_${id}_[redacted].`)
    expect(told).not.toContain(secret)
    expect(told).not.toContain('Ann')
  })
})
