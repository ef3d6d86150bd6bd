import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ANSWER_ID, explained, keptRow, withdrawnRow } from '../../testing/explained.ts'
import { PlainBrowser } from '../../testing/plain-browser.ts'
import { openStory, type Story } from '../../testing/story.ts'
import { openWeb, type WebPage } from '../web.ts'

let folder: string
let story: Story
let web: WebPage

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-why-'))
  story = openStory()
  Object.assign(story.network, { folder })
  web = await openWeb(story.network, story.verbs, { port: 0, pollMs: 5 })
})

afterEach(async () => {
  await web.close()
  rmSync(folder, { recursive: true, force: true })
})

const open = () => new PlainBrowser(() => web.url)

describe('the page that says why', () => {
  /** A browser whose visitor has an account, as whoever asked something has. */
  const asker = async (): Promise<PlainBrowser> => {
    const browser = open()
    await browser.form('/', '/proposals/beekeeping/vote', { choice: 'yes' })
    return browser
  }
  const why = async (part: Partial<Story['explained']> = {}): Promise<string> => {
    story.explained = explained(part)
    const answer = await (await asker()).get(`/why/${ANSWER_ID}`)
    expect(answer.status).toBe(200)
    return answer.text()
  }
  const evil = '<img src=x onerror=alert(1)>'

  it('escapes the words of rows, of the answer and of names', async () => {
    const row = { ...keptRow, contributor: evil, question: evil, text: `${evil} ${'long '.repeat(200)}` }
    const text = await why({
      question: evil,
      answer: `A nuc ${evil} it is.`,
      contributors: [{ name: evil, share: 0.5, low: 0.4, high: 0.6 }],
      rows: [{ ...row, influence: 1, copies: 1 }],
      spans: [{ ...row, start: 6, end: 6 + evil.length, words: evil, lift: 1 }],
    })
    expect(text).not.toContain('<img')
    expect(text.split('&lt;img').length).toBeGreaterThan(6)
  })

  it('ties each mark to its row and back, and says whose it is to who cannot see it', async () => {
    const text = await why()
    expect(text).toMatch(/id="mark-1" href="#span-1"><mark>a small hive<\/mark>/)
    expect(text).toContain('(source 1, a row of Bob &lt;b&gt;)')
    expect(text).toMatch(/<li id="span-1"><q>a small hive<\/q> stands in a row of <strong>Bob &lt;b&gt;/)
    expect(text).toContain('href="#mark-1" aria-label="Back to the words of source 1"')
  })

  it('marks overlapping passages without a mark inside another', async () => {
    const passage = (start: number, end: number) => ({ ...keptRow, start, end, words: 'x', lift: 1 })
    const text = await why({ spans: [passage(0, 10), passage(6, 21), passage(7, 9)] })
    const marks = [...text.matchAll(/<mark>([^<]*)<\/mark>/g)].map(([, words]) => words)
    expect(marks).toEqual(['A nuc is a', 'small hive'])
    // The one inside has an entry, but no words of its own to lead back to.
    expect(text).toContain('id="span-3"')
    expect(text).not.toContain('#mark-3')
  })

  it('shows a withdrawn row as withdrawn, without a name or a text', async () => {
    const text = await why({
      contributors: [],
      withdrawn: { people: 1, share: 0.75, low: 0.5, high: 0.9 },
      rows: [{ ...withdrawnRow, influence: 1, copies: 0 }],
      spans: [{ ...withdrawnRow, start: 9, end: 21, words: 'a small hive', lift: 1 }],
    })
    expect(text).toContain('stood in a row that was withdrawn')
    expect(text).toContain('A withdrawn row')
    expect(text).toContain('Someone who took their rows back')
    expect(text).toContain('75 % (50–90 %)')
    expect(text).not.toContain('Bob')
  })

  it('tells rows for and against apart, and folds what is long', async () => {
    const text = await why({
      rows: [
        { ...keptRow, text: 'word '.repeat(100), influence: 1, copies: 0 },
        { ...keptRow, contributor: 'Cy', influence: -0.5, copies: 0 },
      ],
    })
    const [, against] = text.split('Rows that worked against it')
    expect(against).toContain('Cy')
    expect(against).toContain('−0.500')
    expect(text.split('Rows that worked against it')[0]).toContain('<details')
    expect(against).not.toContain('<details')
  })

  it('says why nobody is paid, and draws no bar beyond its ends', async () => {
    const text = await why({
      abstained: 'gain-too-small',
      contributors: [{ name: 'Ann', share: 1.2, low: -0.1, high: 1.4 }],
      parts: { people: 0, base: 0.5, capped: 0, unclear: 0.5 },
    })
    expect(text).toContain('so little surer')
    expect(text).toContain('x="0.00" y="3" width="100.00"')
  })

  it('waits for what is not measured yet, and loads the page anew once it is', async () => {
    const text = await why({ measured: false, ageSeconds: 5 })
    expect(text).toContain(`hx-get="/why/${ANSWER_ID}" hx-trigger="every 5ms"`)
    expect(text).toContain('has not been measured yet')
    const browser = await asker()
    const look = () => browser.get(`/why/${ANSWER_ID}`, { 'hx-request': 'true' })
    expect((await look()).status).toBe(204)
    story.explained = explained()
    const there = await look()
    expect(there.headers.get('hx-refresh')).toBe('true')
    expect(await there.text()).toBe('')
  })

  it('thanks for a thumb instead of asking for it again', async () => {
    const browser = await asker()
    const page = `/why/${ANSWER_ID}`
    const sent = await browser.form(page, `${page}/feedback`, { thumb: '1' })
    const text = await (await browser.get(sent.headers.get('location') ?? '')).text()
    expect(text).toContain('Thank you, noted.')
    expect(text).not.toContain('Bad answer')
  })

  it('is for those who have an account', async () => {
    expect((await open().get(`/why/${ANSWER_ID}`)).status).toBe(403)
  })
})
