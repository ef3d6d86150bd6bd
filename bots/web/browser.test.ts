import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { explained, keptRow } from '../testing/explained.ts'
import { openStory, type Story } from '../testing/story.ts'
import { openWeb, type WebPage } from './web.ts'

const executable = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(path =>
  existsSync(path),
)

/** What a phone is wide, CSS pixels. */
const PHONE = { width: 360, height: 740 }

// Without a browser on this machine these rules are not checked (in CI they fail); the others of the page are, in web.test.ts.
describe.skipIf(executable === undefined && process.env.CI === undefined)('the web page in Chromium', () => {
  let browser: Browser
  let folder: string
  let story: Story
  let web: WebPage
  let page: Page
  let complaints: string[]

  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: executable as string,
      args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    })
  })
  afterAll(() => browser.close())

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tributary-browser-'))
    story = openStory()
    Object.assign(story.network, { folder })
    web = await openWeb(story.network, story.verbs, { port: 0, pollMs: 20 })
    page = await browser.newPage({ viewport: PHONE })
    complaints = []
    page.on('pageerror', error => complaints.push(error.message))
    page.on('console', message => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
    })
  })
  afterEach(async () => {
    await page.close()
    await web.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('answers a question by keyboard alone, in parts, without a complaint of the browser', async () => {
    await page.goto(web.url)
    await page.keyboard.type('What is a nuc?')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Yes' }).focus()
    await page.keyboard.press('Enter')
    await page.getByText('A nuc is a small hive.').waitFor()
    await page.getByRole('link', { name: 'Why?' }).waitFor()
    // The line is free again, and holds the focus.
    await page.waitForFunction("document.activeElement?.id === 'line'")
    expect(await page.getByRole('button', { name: 'No' }).isDisabled()).toBe(true)
    await page.keyboard.type('And then?')
    await page.keyboard.press('Enter')
    await page.getByText('And then?').waitFor()
    await page.waitForFunction("document.querySelectorAll('.answer').length === 2")
    expect(story.calls.filter(({ verb }) => verb === 'ask')).toHaveLength(2)
    expect(complaints).toEqual([])
  })

  it('leads from an answer to whose words it took', async () => {
    await page.goto(web.url)
    await page.fill('#line', '/ask beekeeping What is a nuc?')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Yes' }).click()
    await page.getByRole('link', { name: 'Why?' }).click()
    await page.waitForURL('**/why/*')
    expect(await page.locator('mark').textContent()).toBe('a small hive')
    expect(await page.locator('.spans').textContent()).toContain('Bob <b>')
    // A mark is named with whose row it is, leads to that row by keyboard, and the row leads back.
    await page.getByRole('link', { name: 'a small hive (source 1, a row of Bob <b>)' }).focus()
    await page.keyboard.press('Enter')
    await page.waitForURL('**/why/*#span-1')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/why/*#mark-1')
    expect(complaints).toEqual([])
  })

  it('shows an answer’s reasons as soon as they are measured, and folds long rows', async () => {
    story.explained = explained({ measured: false })
    await page.goto(web.url)
    await page.fill('#line', '/ask beekeeping What is a nuc?')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Yes' }).click()
    await page.getByRole('link', { name: 'Why?' }).click()
    await page.getByText('has not been measured yet').waitFor()
    const name = 'Immenwiese'.repeat(12)
    story.explained = explained({
      contributors: [{ name, share: 0.75, low: 0.5, high: 0.9 }],
      rows: [{ ...keptRow, contributor: name, text: 'Bees. '.repeat(200), influence: 1, copies: 3 }],
    })
    await page.getByText('75 % (50–90 %)').waitFor()
    const whole = page.locator('.rows details p')
    expect(await whole.isVisible()).toBe(false)
    await page.locator('.rows summary').focus()
    await page.keyboard.press('Enter')
    expect(await whole.isVisible()).toBe(true)
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(
      PHONE.width,
    )
    expect(complaints).toEqual([])
  })

  it('moves a proposal through its stages while one looks', async () => {
    await page.goto(`${web.url}proposals/beekeeping`)
    expect(await page.locator('[aria-current=step]').textContent()).toContain('Serve')
    Object.assign(story.proposals[0]!, { state: 'voting', release: null, poll: null })
    await page.getByRole('button', { name: 'Vote yes' }).waitFor()
    expect(await page.locator('[aria-current=step]').textContent()).toContain('Vote')
    await page.getByRole('button', { name: 'Vote yes' }).click()
    await page.waitForURL('**/proposals/beekeeping')
    expect(story.calls.map(({ verb }) => verb)).toEqual(['join', 'vote'])
    expect(complaints).toEqual([])
  })

  it.each(['light', 'dark'] as const)(
    'fits a phone, and text stands out from its ground (%s)',
    async colorScheme => {
      await page.emulateMedia({ colorScheme })
      for (const path of ['', 'proposals', 'proposals/beekeeping', 'proposals/new', 'account']) {
        await page.goto(web.url + path)
        const widest = await page.evaluate<number>('document.documentElement.scrollWidth')
        expect(widest, path).toBeLessThanOrEqual(PHONE.width)
      }
      for (const name of ['--ink', '--soft', '--accent', '--bad']) {
        const ratios = await page.evaluate<number[]>(contrastScript(name))
        // WCAG 2.2, 1.4.3: 4.5 for text of any size.
        for (const ratio of ratios) expect(ratio, name).toBeGreaterThanOrEqual(4.5)
      }
    },
  )

  it('names every field and button for a screen reader', async () => {
    for (const path of ['', 'proposals', 'proposals/beekeeping', 'proposals/new', 'account']) {
      await page.goto(web.url + path)
      const nameless = await page.evaluate<
        string[]
      >(`[...document.querySelectorAll('input:not([type=hidden]), textarea, select, button')]
        .filter(field => !(field.labels?.length || field.textContent.trim() || field.getAttribute('aria-label')))
        .map(field => field.outerHTML)`)
      expect(nameless, path).toEqual([])
      expect(await page.locator('h1').count(), path).toBe(1)
    }
  })
})

/** Contrast of one colour of the page's style against its two grounds, computed in the page as WCAG 2.2 defines it. */
const contrastScript = (name: string): string => `(() => {
  const style = getComputedStyle(document.documentElement)
  const luminance = variable => {
    const hex = style.getPropertyValue(variable).trim().slice(1)
    const [r, g, b] = [0, 2, 4].map(at => parseInt(hex.slice(at, at + 2), 16) / 255)
      .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  return ['--paper', '--sheet'].map(ground => {
    const [low, high] = [luminance('${name}'), luminance(ground)].sort((a, b) => a - b)
    return (high + 0.05) / (low + 0.05)
  })
})()`
