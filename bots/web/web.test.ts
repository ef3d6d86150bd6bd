import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PlainBrowser } from '../testing/plain-browser.ts'
import { ANSWER_ID, openStory, type Story } from '../testing/story.ts'
import { openWeb, type WebPage } from './web.ts'

let folder: string
let story: Story
let web: WebPage

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-web-'))
  story = openStory()
  Object.assign(story.network, { folder })
  web = await openWeb(story.network, story.verbs, { port: 0, pollMs: 5 })
})

afterEach(async () => {
  await web.close()
  rmSync(folder, { recursive: true, force: true })
})

class Browser extends PlainBrowser {
  constructor() {
    super(() => web.url)
  }
}

describe('the web page', () => {
  it('answers on the loopback only to its own names', async () => {
    expect(web.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/)
    const { hostname, port } = new URL(web.url)
    const { request } = await import('node:http')
    const status = await new Promise(resolve => {
      request({ hostname, port, path: '/proposals', headers: { host: 'evil.example' } }, answer =>
        resolve(answer.statusCode),
      ).end()
    })
    expect(status).toBe(403)
    expect((await new Browser().get('/proposals')).status).toBe(200)
  })

  it('lets nothing but its own files run', async () => {
    const page = await new Browser().get('/proposals')
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self';/)
    const text = await page.text()
    expect(text).not.toMatch(/<script(?![^>]* src=)|<style| style="| on[a-z]+="/)
    for (const [, address] of text.matchAll(/(?:src|href)="(\/static\/[^"]+)"/g))
      expect((await new Browser().get(address!)).status).toBe(200)
  })

  it('refuses a form from elsewhere, without a token, or with another person’s', async () => {
    const browser = new Browser()
    const origin = web.url.slice(0, -1)
    const vote = { choice: 'yes' }
    const send = (headers: Record<string, string>) =>
      browser.form('/', '/proposals/beekeeping/vote', vote, headers)
    expect((await send({ origin: 'http://evil.example' })).status).toBe(403)
    expect((await send({ 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await browser.post('/proposals/beekeeping/vote', vote, { origin })).status).toBe(403)
    const other = await (await new Browser().get('/')).text()
    const token = other.match(/name="_csrf" value="([^"]+)"/)?.[1] ?? ''
    expect(
      (await browser.post('/proposals/beekeeping/vote', { ...vote, _csrf: token }, { origin })).status,
    ).toBe(403)
    expect(story.calls).toEqual([])
    expect((await send({})).status).toBe(303)
    expect(story.calls.map(({ verb }) => verb)).toEqual(['join', 'vote'])
  })

  it('refuses a body that is too large', async () => {
    const answer = await new Browser().form('/', '/chat', { line: 'x'.repeat(100_000) })
    expect(answer.status).toBe(413)
    expect(story.calls).toEqual([])
  })

  it('opens one account per browser, at the first thing it does, and a restart keeps it', async () => {
    const browser = new Browser()
    await browser.get('/proposals')
    expect(story.calls).toEqual([])
    await browser.form('/', '/proposals/beekeeping/vote', { choice: 'yes' })
    await web.close()
    web = await openWeb(story.network, story.verbs, { port: 0, pollMs: 5 })
    await browser.form('/', '/proposals/beekeeping/vote', { choice: 'no' })
    expect(story.calls.map(({ verb }) => verb)).toEqual(['join', 'vote', 'vote'])
    expect(story.calls[1]?.accountId).toMatch(/^account-of-web-/)
    expect(story.calls[2]?.accountId).toBe(story.calls[1]?.accountId)
    expect(statSync(join(folder, 'keys', 'web-cookie')).mode & 0o077).toBe(0)
  })

  it('takes no cookie that it has not signed', async () => {
    const forged = new Browser()
    const told = Buffer.from(JSON.stringify({ s: 'x', a: 'account-of-ann', n: 'Ann' })).toString('base64url')
    forged.cookie = `tributary=${told}.${'a'.repeat(43)}`
    expect(await (await forged.get('/')).text()).not.toContain('>Ann<')
  })

  it('streams an answer in parts, then its price and its why', async () => {
    const browser = new Browser()
    await browser.form('/', '/chat', { line: 'What is a nuc?' }, { 'hx-request': 'true' })
    const answer = await browser.form('/', '/chat', { line: 'yes' }, { 'hx-request': 'true' })
    expect(answer.headers.get('content-type')).toContain('text/event-stream')
    const events = (await answer.text()).split('\n\n')
    const at = (words: string) => events.findIndex(event => event.includes(words))
    expect(at('A nuc is ')).toBeGreaterThan(0)
    expect(at('a small hive.')).toBeGreaterThan(at('A nuc is '))
    expect(at(`/why/${ANSWER_ID}`)).toBeGreaterThan(at('a small hive.'))
  })

  it('answers whole where a browser runs no scripts', async () => {
    const browser = new Browser()
    await browser.form('/', '/chat', { line: 'What is a nuc?' })
    const page = await browser.form('/', '/chat', { line: 'yes' })
    expect(page.headers.get('content-type')).toContain('text/html')
    expect(await page.text()).toContain('A nuc is a small hive.')
  })

  it('escapes what people write', async () => {
    story.proposals[0]!.purpose = '<img src=x onerror=alert(1)>'
    const browser = new Browser()
    expect(await (await browser.get('/proposals/beekeeping')).text()).toContain('&lt;img src=x')
    const chat = await browser.form('/', '/chat', { line: '<b>bold</b>' }, { 'hx-request': 'true' })
    expect(await chat.text()).not.toContain('<b>bold')
  })

  it('shows live where a proposal stands', async () => {
    const stop = new AbortController()
    const live = await fetch(new URL('/proposals/beekeeping/live?shown=serving-none', web.url), {
      signal: stop.signal,
    })
    const reader = live.body!.pipeThrough(new TextDecoderStream()).getReader()
    let seen = ''
    const until = async (words: string) => {
      while (!seen.includes(words)) {
        const { value, done } = await reader.read()
        if (done) throw new Error(`The stream ended before "${words}": ${seen}`)
        seen += value
      }
    }
    await until('On record')
    expect(seen).not.toContain('id="actions"')
    story.proposals[0]!.state = 'voting'
    story.proposals[0]!.release = null
    await until('Vote yes')
    stop.abort()
  })

  it('says a fault of the person with its fix, and keeps what was typed', async () => {
    story.proposals[0]!.state = 'gathering'
    const browser = new Browser()
    const page = '/proposals/beekeeping/contribute'
    const answer = await browser.form(page, page, { rows: 'no separator', licence: 'CC0-1.0', rights: 'yes' })
    expect(answer.status).toBe(400)
    const text = await answer.text()
    expect(text).toContain('Line 1 is not a row')
    expect(text).toContain('>no separator</textarea>')
    const sent = await browser.form(page, page, { rows: 'a | b', licence: 'CC0-1.0', rights: 'yes' })
    expect(sent.headers.get('location')).toBe('/submissions/s1')
  })

  it('answers an unknown page and an unknown thing with 404', async () => {
    const browser = new Browser()
    expect((await browser.get('/nosuch')).status).toBe(404)
  })

  it('ends open streams when it closes', async () => {
    const live = await fetch(new URL('/proposals/live', web.url))
    await web.close()
    await expect(live.text()).resolves.toContain('hx-partial')
    web = await openWeb(story.network, story.verbs, { port: 0 })
  })
})
