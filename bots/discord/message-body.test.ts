import { describe, expect, it } from 'vitest'
import { checkMessage } from '../../infra/testing/discord/limits.ts'
import { renderPages } from '../chat/pages.ts'
import type { Button, View } from '../chat/platform.ts'
import { discordMarkup } from './markup.ts'
import { markOf, messageBody, PAGE_LENGTH } from './message-body.ts'

const view = (part: Partial<View>): View => ({
  blocks: [],
  buttons: [],
  private: false,
  final: true,
  ...part,
})
const buttons = (count: number, part: Partial<Button> = {}): Button[] =>
  Array.from({ length: count }, (_, at) => ({
    id: `id-${at}`,
    label: `choice ${at}`,
    tone: 'plain',
    ...part,
  }))
const sent = (shown: View) => {
  const { body, files } = messageBody(shown, discordMarkup, 'nonce')
  checkMessage(body as unknown as Parameters<typeof checkMessage>[0], files.length, body.flags)
  return { body, files }
}
const types = (shown: View) => sent(shown).body.components.map(({ type }) => type)

describe('a message on Discord', () => {
  it('keeps the limits whatever it shows', () => {
    for (const text of [
      '',
      '_'.repeat(1_000),
      '_'.repeat(1_001),
      '🐝'.repeat(9_000),
      '```'.repeat(900),
      '@everyone '.repeat(500),
    ])
      for (const count of [0, 1, 5, 6, 20, 25, 26, 100, 140])
        for (const kind of ['text', 'answer'] as const)
          sent(view({ blocks: [{ kind, text }], buttons: buttons(count) }))
  })

  it('counts two thousand characters on a page and no more', () => {
    expect(
      renderPages([{ kind: 'answer', text: 'a'.repeat(PAGE_LENGTH) }], discordMarkup, PAGE_LENGTH),
    ).toHaveLength(1)
    expect(
      renderPages([{ kind: 'answer', text: 'a'.repeat(PAGE_LENGTH + 1) }], discordMarkup, PAGE_LENGTH),
    ).toHaveLength(2)
    const pages = renderPages([{ kind: 'answer', text: '*'.repeat(PAGE_LENGTH) }], discordMarkup, PAGE_LENGTH)
    expect(pages.every(page => page.length <= PAGE_LENGTH && page.length % 2 === 0)).toBe(true)
  })

  it('shows five choices as buttons and six as a list, which leaves yes, no and the turning of pages beside it', () => {
    expect(types(view({ buttons: buttons(5) }))).toEqual([10, 1])
    const rows = sent(view({ buttons: [...buttons(1, { label: '2/2 ›', id: 'turn' }), ...buttons(6)] })).body
      .components
    expect(rows).toMatchObject([
      { type: 10 },
      { type: 1, components: [{ type: 3, options: buttons(6).map(({ id }) => ({ value: id })) }] },
      { type: 1, components: [{ type: 2, custom_id: 'turn' }] },
    ])
  })

  it('carries nothing in a button but its id', () => {
    const [, row] = sent(view({ buttons: buttons(1, { label: 'x'.repeat(200), tone: 'good' }) })).body
      .components
    expect(row).toMatchObject({ components: [{ custom_id: expect.stringMatching(/^id-/), style: 3 }] })
  })

  it('lets nobody be pinged', () => {
    expect(
      sent(view({ blocks: [{ kind: 'answer', text: '@everyone <@1>' }] })).body.allowed_mentions,
    ).toEqual({
      parse: [],
      replied_user: false,
    })
  })

  it('attaches a file under a name without a path, and takes an earlier one away', () => {
    const file = { name: '../../etc/pass wd.txt', mediaType: 'text/plain', bytes: Buffer.from('whole') }
    const { body, files } = sent(view({ file }))
    expect(files[0]?.name).toBe('etc_pass_wd.txt')
    expect(body.components).toContainEqual({ type: 13, file: { url: 'attachment://etc_pass_wd.txt' } })
    expect(sent(view({})).body.attachments).toEqual([])
  })

  it('is marked by its nonce, each differently and never as Discord numbers components', () => {
    const marks = Array.from({ length: 500 }, (_, at) => markOf(`nonce ${at}`))
    expect(new Set(marks).size).toBe(500)
    expect(marks.every(mark => mark > 1_000 && mark < 2 ** 31)).toBe(true)
    expect(sent(view({})).body.components[0]).toMatchObject({ id: markOf('nonce') })
  })
})
