import { describe, expect, it } from 'vitest'
import { readSettings } from './env.ts'

describe('settings', () => {
  it('have a default each, and take an absolute data folder', () => {
    const settings = readSettings({})
    expect(settings.TRIBUTARY_PORT).toBe(4380)
    expect(settings.TRIBUTARY_DATA).toMatch(/^\/.*\.tributary$/)
  })

  it('count an empty value as absent', () => {
    expect(readSettings({ TRIBUTARY_PORT: '', LOG_LEVEL: '' }).LOG_LEVEL).toBe('info')
  })

  it('report every fault at once', () => {
    const wrong = {
      TRIBUTARY_PORT: '99999',
      LOG_LEVEL: 'loud',
      DATABASE_URL: 'mysql://x',
      CHAIN_RPC_URL: 'nowhere',
    }
    expect(() => readSettings(wrong)).toThrow(
      expect.objectContaining({
        code: 'settings-invalid',
        message: expect.stringMatching(/TRIBUTARY_PORT.*LOG_LEVEL.*|LOG_LEVEL.*TRIBUTARY_PORT/s),
        facts: { count: 4 },
      }),
    )
  })

  it('refuse an outside chain without its id', () => {
    expect(() => readSettings({ CHAIN_RPC_URL: 'http://127.0.0.1:8545' })).toThrow(/CHAIN_ID/)
  })
})
