import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { openTerminal } from './terminal.ts'
import { conformChannel } from './testing/channel.conformance.ts'
import { openWeb } from './web/web.ts'

// A prompt at the end, with the cursor put behind it.
const listening = new RegExp(`(beekeeping|tributary|…)> (${String.fromCharCode(27)}\\[\\d+G)?$`, 'u')

conformChannel('the terminal', async story => {
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} })
  const output = Object.assign(new PassThrough(), { isTTY: true, columns: 120 })
  let shown = ''
  let wake = () => {}
  output.on('data', (chunk: Buffer) => {
    shown += chunk.toString()
    wake()
  })
  const prompt = async (): Promise<string> => {
    while (!listening.test(shown))
      await new Promise<void>(resolve => {
        wake = resolve
      })
    const said = shown
    shown = ''
    return said
  }
  const terminal = await openTerminal(story.network, story.verbs, {
    input,
    output,
    user: 'ann',
    environment: { NO_COLOR: '1' },
  })
  let greeting = await prompt()
  return {
    send: async line => {
      input.write(`${line}\r`)
      const said = greeting + (await prompt())
      greeting = ''
      return said
    },
    close: async () => {
      terminal.close()
      await terminal.closed
    },
  }
})

conformChannel('the web page', async story => {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-channel-'))
  Object.assign(story.network, { folder })
  const web = await openWeb(story.network, story.verbs, { port: 0 })
  let cookie = ''
  const load = async (path: string, init: RequestInit = {}): Promise<string> => {
    const headers = { ...init.headers, cookie, origin: web.url.slice(0, -1) }
    const answer = await fetch(new URL(path, web.url), { ...init, headers })
    cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? cookie
    return answer.text()
  }
  return {
    send: async line => {
      const token = (await load('/')).match(/name="_csrf" value="([^"]+)"/)?.[1] ?? ''
      const page = await load('/chat', { method: 'POST', body: new URLSearchParams({ _csrf: token, line }) })
      return wordsOf(page)
    },
    close: async () => {
      await web.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
})

/** The words of a page as a person reads them. */
const wordsOf = (page: string): string =>
  page
    .slice(page.indexOf('class="theirs"'))
    .replace(/<[^>]+>/g, ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
