import { describe, expect, it } from 'vitest'
import { publicCommands } from './chat/public-commands.ts'
import { repliesTo } from './replies.ts'
import { english } from './sentences.ts'

const told = {
  id: 'abcdef123456',
  name: 'notebook',
  scopes: ['ask', 'read'],
  expiresAt: '2026-05-30T12:00:00.000Z',
  note: '',
}
const said = (command: string, output: unknown): string => JSON.stringify(repliesTo(command, output, english))

describe('a key in a chat', () => {
  it('is shown whole when it is made, and never again', () => {
    const key = `trib_${told.id}_${'x'.repeat(43)}`
    for (const command of ['issue-key', 'rotate-key']) {
      expect(said(command, { ...told, key })).toContain(key)
      expect(said(command, { ...told, key: null })).toContain(`/rotate-key ${told.id}`)
    }
  })

  it('is answered where only its owner reads', () => {
    for (const command of ['keys', 'issue-key', 'rotate-key', 'revoke-key'])
      expect(publicCommands.has(command), command).toBe(false)
  })

  it('stands in the list with what it may do and has spent', () => {
    const item = {
      ...told,
      state: 'active',
      ratePerMinute: 600,
      createdAt: told.expiresAt,
      lastUsedAt: null,
      budgetUnits: '5000000',
      budgetPeriod: 'day',
      spentUnits: '250000',
    }
    expect(said('keys', { keys: [item] })).toMatch(/notebook.*ask, read.*0\.25 of 5 today.*never/)
    expect(said('keys', { keys: [] })).toContain('/issue-key')
  })
})
