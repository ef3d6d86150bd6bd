import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { adversarialRows, trickyRows } from './adversarial-rows.ts'
import { type CheckPolicy, defaultCheckPolicy as policy, type Row } from './check.ts'
import { type Curation, checks, curate } from './curate.ts'
import { Datanet } from './datanet-view.ts'

const folder = new URL('../../infra/samples/beekeepers/', import.meta.url)
const lines = (start: (name: string) => boolean): (Row & { contributor: string })[] =>
  readdirSync(folder)
    .filter(name => name.endsWith('.jsonl') && start(name))
    .sort()
    .flatMap(name => readFileSync(new URL(name, folder), 'utf8').trim().split('\n'))
    .map(line => JSON.parse(line))

const sample = lines(name => !name.startsWith('evaluation')).map(
  (row, i): Row => ({ ...row, id: `row-${i}`, account: row.contributor, licence: 'CC0-1.0' }),
)
const heldOut = lines(name => name.startsWith('evaluation'))
const purpose = 'Answers to the questions of beekeepers: hives, swarms, queens, honey, mites and wintering'

function fill(rows: readonly Row[], view: Datanet): Curation[] {
  return rows.map(row => {
    const curation = curate(row, policy, view)
    if (curation.verdict === 'accept') view.add(row)
    return curation
  })
}

const filled = new Datanet({ purpose, policy, heldOut })
const honest = fill(sample, filled)
const judge = (row: Partial<Row>, bounds: CheckPolicy = policy): Curation =>
  curate(
    { id: 'new', account: 'mallory', licence: 'CC0-1.0', question: '', answer: '', ...row },
    bounds,
    filled,
  )

describe('the sample', () => {
  test('at most one good row in a hundred is not accepted', () => {
    expect(sample).toHaveLength(480)
    expect(honest.filter(curation => curation.verdict !== 'accept').length).toBeLessThanOrEqual(4)
  })

  test('a second look at every row finds it among its own rows and accepts it, and refuses it from anybody else', () => {
    for (const row of sample.slice(0, 40)) {
      expect(judge({ ...row, account: row.account }).verdict).toBe('accept')
      const copied = judge({ ...row, account: 'mallory' })
      expect(copied).toMatchObject({ verdict: 'refuse', reason: 'duplicate' })
      expect(copied.findings.find(finding => finding.check === 'duplicate')?.first).toBe(row.id)
    }
  })

  test('the held-out rows are refused when somebody contributes them', () => {
    const refused = heldOut.slice(0, 40).map(({ question, answer }) => judge({ question, answer }))
    for (const curation of refused)
      expect(curation).toMatchObject({ verdict: 'refuse', reason: 'contamination' })
  })
})

describe('rows written to get past', () => {
  const judged = adversarialRows.map(row => ({ row, curation: judge(row) }))

  test('nineteen of twenty are not accepted', () => {
    const accepted = judged.filter(({ curation }) => curation.verdict === 'accept')
    expect(accepted.length / judged.length).toBeLessThanOrEqual(0.05)
  })

  test('nine of ten get the verdict and the reason that they deserve', () => {
    const wrong = judged.filter(
      ({ row, curation }) =>
        curation.verdict !== (row.verdict ?? 'refuse') || curation.reason !== row.expected,
    )
    expect(wrong.length / judged.length).toBeLessThanOrEqual(0.1)
  })

  test('honest rows that look like them are accepted', () => {
    for (const [question, answer] of trickyRows)
      expect([question, judge({ question, answer }).verdict]).toEqual([question, 'accept'])
  })
})

describe('what the contributor reads', () => {
  const findings = adversarialRows.flatMap(row => judge(row).findings)

  test('every finding is one plain sentence, and every refusal says what to do', () => {
    for (const finding of findings) {
      expect(finding.message).toMatch(/^[\p{Lu}"].*\.$/su)
      if (finding.verdict !== 'pass') expect(finding.fix).toMatch(/\.$/)
    }
  })

  test('no finding repeats personal data or a secret', () => {
    for (const row of adversarialRows.filter(
      ({ expected }) => expected === 'personal-data' || expected === 'secrets',
    )) {
      const said = JSON.stringify(judge(row).findings)
      for (const word of row.answer.match(/\S*[\d@]\S*/g) ?? [])
        if (word.length > 5) expect(said).not.toContain(word)
    }
  })
})

describe('precedence', () => {
  const [first] = sample as [Row]

  test('each check stands once in the order', () => {
    expect(new Set(checks.map(([name]) => name)).size).toBe(checks.length)
  })

  test('the first refusal in order is the reason, and the other findings are kept', () => {
    const row = {
      ...first,
      account: 'mallory',
      licence: 'GPL-3.0-only',
      answer: `${first.answer} Mail me: a.b@c.org`,
    }
    const curation = judge(row)
    expect(curation.reason).toBe('licence')
    const refused = curation.findings
      .filter(finding => finding.verdict === 'refuse')
      .map(finding => finding.check)
    expect(refused).toEqual(['licence', 'personal-data', 'duplicate'])
  })

  test('a refusal outweighs a review that comes before it', () => {
    const row = { question: first.question, answer: `You are all worthless idiots. ${first.answer}` }
    expect(judge(row)).toMatchObject({ verdict: 'refuse', reason: 'duplicate' })
  })

  test('a row without text has the schema finding only', () => {
    const curation = judge({ question: ' ', answer: 'x' })
    expect(curation.findings.map(finding => finding.check)).toEqual(['schema'])
  })

  test('the same row gets the same answer every time', () => {
    expect(judge(first)).toEqual(judge(first))
  })
})
