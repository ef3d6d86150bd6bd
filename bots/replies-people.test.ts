import { describe, expect, it } from 'vitest'
import { verbs } from '../tools/verbs.ts'
import { parseCommand } from './command-line.ts'
import { commandsOf, findCommand, inputFault } from './commands.ts'
import { confirmationOf } from './confirmation.ts'
import { repliesTo } from './replies.ts'
import { english } from './sentences.ts'

const commands = commandsOf(verbs)
const directory = { proposals: ['bees'], models: [], gathering: [] }
const asked = (name: string, input: Record<string, unknown>): string | null => {
  const command = findCommand(commands, name)
  if (command === undefined) throw new Error(`no command ${name}`)
  const confirmation = confirmationOf(english, command, input, directory)
  // Nothing about an account is remembered as said once.
  expect(confirmation?.remember ?? null).toBeNull()
  return confirmation?.question ?? null
}
const address = '0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A'

describe('what is asked before something happens', () => {
  it('is nothing where only a code or a message is made', () => {
    expect(asked('link', {})).toBeNull()
    expect(asked('link', { with: address })).toBeNull()
    expect(asked('takeout', {})).toBeNull()
    expect(asked('another', { answer: 'x' })).toBeNull()
  })

  it('warns of another person’s code, and names the wallet, the platform or the model', () => {
    expect(asked('link', { with: 'ABCD-2345' })).toMatch(/only if you made this code yourself/)
    expect(asked('link', { with: address, signature: '0x1' })).toContain(address)
    expect(asked('unlink', { what: 'Discord' })).toMatch(/discord/)
    expect(asked('unlink', { what: 'wallet' })).toMatch(/wallet/)
    expect(asked('withdraw', { contribution: 'Bees' })).toMatch(/all your rows for bees/)
    expect(asked('withdraw', { contribution: 'some-id' })).toBe(english.confirm.withdraw)
  })

  it('says what an erasure takes, and that tokens are lost where they are given up', () => {
    expect(asked('erase', {})).toMatch(/cannot be undone/)
    expect(asked('erase', { giveUp: true })).toMatch(/every token/)
  })
})

describe('every line that is offered', () => {
  const id = '018f0000-0000-7000-8000-000000000001'
  it.each([
    '/link',
    '/link ABCD-2345',
    `/link ${address}`,
    `/link ${address} signature=0x12`,
    '/unlink wallet',
    '/consent bees licence=CC0-1.0 rights=yes',
    '/consent bees revoke=yes',
    '/consents',
    '/withdraw bees',
    `/another ${id}`,
    `/prefer ${id} first`,
    '/takeout',
    '/erase',
    '/erase giveUp=yes',
    '/erase giveup=yes',
  ])('is complete: %s', line => {
    const { command, input, missing } = parseCommand(line, commands)
    expect(missing).toEqual([])
    expect(inputFault(command.verb, input, english)).toBeNull()
  })

  it('asks for a licence and rights only where nothing says them', () => {
    const { missing } = parseCommand('/contribute bees', commands)
    expect(missing.map(({ name }) => name)).toEqual(['rows'])
    const rights = findCommand(commands, 'contribute')?.arguments.find(({ name }) => name === 'rights')
    expect(rights?.kind).toBe('yes-no')
  })
})

describe('what is said', () => {
  const told = (name: string, output: unknown) => repliesTo(name, output, english)

  it('offers to compare an answer, and asks which one is better', () => {
    const ask = { model: 'bees@1', priceUnits: '5', balanceUnits: '5', receiptId: 'r', answerId: 'a1' }
    expect(JSON.stringify(told('ask', ask))).toContain('/another a1')
    const lines = JSON.stringify(
      told('another', { answerId: 'a1', model: 'bees@1', question: 'Q?', first: 'One.', second: 'Two.' }),
    )
    for (const choice of ['first', 'second', 'neither']) expect(lines).toContain(`/prefer a1 ${choice}`)
  })

  it('gives a takeout and a message to sign as files, byte by byte', () => {
    const [, file] = told('takeout', {
      name: 'tributary-2026-03-01.json',
      mediaType: 'application/json',
      text: '{"ä": 1}\n',
      counts: { submissions: 2, linkedAccounts: 1, votes: 0 },
    })
    expect(file).toEqual({
      kind: 'file',
      name: 'tributary-2026-03-01.json',
      mediaType: 'application/json',
      bytes: Buffer.from('{"ä": 1}\n'),
    })
    const message = told('link', { kind: 'message', address, message: 'line one\n\nline two', expiresAt: '' })
    expect(message.at(-1)).toMatchObject({ kind: 'file', bytes: Buffer.from('line one\n\nline two') })
  })

  it('counts one thing in the singular', () => {
    const counts = { identities: 1, questions: 1, votes: 2, linkedAccounts: 1 }
    const [words] = told('takeout', { name: 't.json', mediaType: '', text: '', counts })
    expect(words).toMatchObject({
      text: expect.stringContaining('1 identity, 1 question, 2 votes, 1 linked account.'),
    })
  })

  it('says what stays in the account that an identity had', () => {
    const linked = {
      kind: 'account',
      accountId: 'x',
      name: 'Ann',
      folded: false,
      leftBalanceUnits: '2000000',
      leftClaimableUnits: '0',
    }
    expect(JSON.stringify(told('link', linked))).toContain('2 tokens prepaid')
    expect(told('link', { ...linked, folded: true, leftBalanceUnits: '0' })).toHaveLength(1)
  })

  it('offers to state rights once after rows that said them, and to take rows back after a revocation', () => {
    const sent = { submissionId: 's', rows: [], proposal: 'bees', licence: 'CC0-1.0', consented: false }
    expect(JSON.stringify(told('contribute', sent))).toContain('/consent bees licence=CC0-1.0 rights=yes')
    expect(JSON.stringify(told('contribute', { ...sent, consented: true }))).not.toContain('/consent')
    const revoked = { proposal: 'bees', licence: 'CC0-1.0', revoked: true, rows: 3 }
    expect(JSON.stringify(told('consent', revoked))).toContain('/withdraw bees')
    expect(JSON.stringify(told('consent', { ...revoked, rows: 0 }))).not.toContain('/withdraw')
  })
})
