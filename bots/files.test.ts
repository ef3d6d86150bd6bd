// Long: every kind of file and every way in which it can be wrong, in one place.
import { constants, deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isFault } from '../infra/errors.ts'
import { fileLimits, readRowsFile } from './files.ts'
import { openTurns } from './files-turns.ts'
import { docx, docxParts, pdf, wordParagraph as word, zip } from './testing/documents.ts'

const read = (name: string, content: string | Uint8Array) =>
  readRowsFile(name, typeof content === 'string' ? Buffer.from(content) : content)
const two = [
  { question: 'What is a nuc?', answer: 'A small hive.' },
  { question: 'When to feed?', answer: 'In autumn.' },
]

describe('a file of rows', () => {
  it.each([
    ['rows.jsonl', two.map(row => JSON.stringify(row)).join('\n')],
    ['rows.json', JSON.stringify(two)],
    ['rows.json', JSON.stringify({ rows: two }, null, 2)],
    ['ROWS.CSV', 'question,answer\nWhat is a nuc?,A small hive.\nWhen to feed?,"In autumn."'],
    ['rows.csv', '\uFEFFquestion;answer\r\nWhat is a nuc?;A small hive.\r\nWhen to feed?;In autumn.\r\n'],
    ['rows.tsv', 'question\tanswer\nWhat is a nuc?\tA small hive.\nWhen to feed?\tIn autumn.'],
    ['rows.txt', 'What is a nuc? | A small hive.\nWhen to feed? | In autumn.'],
    ['rows.txt', 'Q: What is a nuc?\nA: A small hive.\n\nQ: When to feed?\nA: In autumn.'],
    ['rows.md', '# Bees\n\n## What is a nuc?\n\nA small hive.\n\n## When to feed?\nIn autumn.\n'],
    [
      'rows.md',
      'For beginners:\n\n**Q:** What is a nuc?\n**A:** A small hive.\n\nQ2: When to feed?\nA2: In autumn.',
    ],
    [
      'rows.md',
      '| Question | Answer |\n|---|:--|\n| What is a nuc? | A small hive. |\n| When to feed? | In autumn. |',
    ],
    [
      'rows.md',
      '# Bees\n## What is a nuc\nA small hive.\n## When to feed\nIn autumn.'
        .replaceAll('nuc\n', 'nuc?\n')
        .replace('feed\n', 'feed?\n'),
    ],
  ])('%s is read in every way that people write it', async (name, content) => {
    expect(await read(name, content)).toEqual(two)
  })

  it('is read in UTF-16 as old spreadsheets write it', async () => {
    const content = Buffer.from('\uFEFFquestion\tanswer\nWhat is a nuc?\tA small hive.', 'utf16le')
    expect(await read('rows.tsv', content)).toEqual([two[0]])
  })

  it('as Markdown keeps lists and code under its heading, and takes no heading from code', async () => {
    const text =
      '## How to start it?\nRun:\n\n```sh\n# not a heading?\nstart\n```\n\n- then wait\n### Note\nOnce.\n## Next?\nYes.'
    expect(await read('a.md', text)).toEqual([
      {
        question: 'How to start it?',
        answer: 'Run:\n```sh\n# not a heading?\nstart\n```\n- then wait\nNote\nOnce.',
      },
      { question: 'Next?', answer: 'Yes.' },
    ])
  })

  it('as Markdown without questions takes every heading that has text of its own', async () => {
    expect(await read('a.md', '# Guide\n\n## Feeding\nIn autumn.\n## Wintering\nQuietly.')).toEqual([
      { question: 'Feeding', answer: 'In autumn.' },
      { question: 'Wintering', answer: 'Quietly.' },
    ])
  })

  it.each([
    ['rows.csv', 'question,answer\nOnly one', 'Line 2 is not a row: it needs "question" and "answer".'],
    ['rows.md', '# A?\nyes\n\n# B?\n\n# C?\nno', 'At line 4: a question has no answer below it.'],
    ['rows.md', 'Q: What?\n\nQ: And?\nA: Yes.', 'At line 1: a question has no answer below it.'],
    [
      'rows.md',
      'Just a sentence.',
      'At line 1: there are no questions with answers in it that I can tell apart.',
    ],
    ['rows.txt', '', 'Line 1 is not a row: there is nothing in it.'],
  ])('%s that cannot be read names its place: %s', async (name, content, message) => {
    await expect(read(name, content)).rejects.toMatchObject({ code: 'rows-unreadable', message })
  })

  it.each([
    ['rows.exe', 'MZ', 'file-kind', /one of \.jsonl \.json/],
    ['rows', 'a | b', 'file-kind', /one of/],
    ['rows.doc', 'x', 'file-kind', /docx/],
    ['rows.pdf', 'a | b', 'file-kind', /\.pdf again/],
    ['rows.docx', '%PDF-1.4', 'file-kind', /\.docx again/],
    ['rows.txt', Buffer.from([0x61, 0xff, 0x62]), 'file-not-text', /UTF-8/],
    ['rows.txt', Buffer.from('a\u0000b | c'), 'file-not-text', /UTF-8/],
    ['rows.txt', Buffer.alloc(fileLimits.bytes + 1, 97), 'file-too-large', /8 MiB/],
    ['rows.txt', 'a | b\n'.repeat(fileLimits.rows + 1), 'rows-too-many', /2000/],
  ])('%s with %o is refused with what to do', async (name, content, code, fix) => {
    await expect(read(name, content)).rejects.toMatchObject({ code, fix: expect.stringMatching(fix) })
  })

  it('of any bytes under any known name is read or refused as the person’s own', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('a.jsonl', 'a.json', 'a.csv', 'a.tsv', 'a.txt', 'a.md'),
        fc.oneof(
          fc.uint8Array({ maxLength: 300 }),
          fc.string({ unit: 'grapheme' }).map(text => Buffer.from(text)),
        ),
        async (name, bytes) => {
          const found = await readRowsFile(name, bytes).catch((error: unknown) => error)
          expect(Array.isArray(found) || (isFault(found) && found.blame === 'person')).toBe(true)
        },
      ),
      { numRuns: 300 },
    )
  })
})

describe('documents', () => {
  it('are read so many at a time, in the order in which they came, also where one cannot be read', async () => {
    const inTurn = openTurns(2)
    const began: number[] = []
    const ends: (() => void)[] = []
    const reads = Array.from({ length: 5 }, (_, at) =>
      inTurn(async () => {
        began.push(at)
        await new Promise<void>(resolve => ends.push(resolve))
        if (at === 0) throw new Error('damaged')
      }).catch(() => {}),
    )
    expect(began).toEqual([0, 1])
    ends[0]?.()
    await reads[0]
    expect(began).toEqual([0, 1, 2])
    for (let at = 1; at < 5; at++) {
      ends[at]?.()
      await reads[at]
    }
    expect(began).toEqual([0, 1, 2, 3, 4])
  })

  it('of many people end well, however many come at once', async () => {
    const bytes = docx(word('Q: What is a nuc?') + word('A: A small hive.'))
    const all = await Promise.all(Array.from({ length: 5 }, () => readRowsFile('a.docx', bytes)))
    expect(all.map(rows => rows.length)).toEqual([1, 1, 1, 1, 1])
  })
})

describe('a .docx file', () => {
  it('gives its question headings with what stands below, lists and all', async () => {
    const body = [
      word('Bees', 'Title'),
      word('What is a nuc?', 'Heading2'),
      word('A small '),
      word('hive.'),
      word('When to feed?', 'Heading2'),
      word('In autumn.'),
    ].join('')
    expect(await read('a.docx', docx(body))).toEqual([
      { question: 'What is a nuc?', answer: 'A small\nhive.' },
      two[1],
    ])
  })

  it('gives its Q: and A: paragraphs, or the rows of its table', async () => {
    const pairs = two.flatMap(row => [word(`Q: ${row.question}`), word(`A: ${row.answer}`)]).join('')
    expect(await read('a.docx', docx(pairs))).toEqual(two)
    const cell = (text: string) => `<w:tc>${word(text)}</w:tc>`
    const row = (a: string, b: string) => `<w:tr>${cell(a)}${cell(b)}</w:tr>`
    const table = `<w:tbl>${row('Question', 'Answer')}${two.map(({ question, answer }) => row(question, answer)).join('')}</w:tbl>`
    expect(await read('a.docx', docx(word('See below.') + table))).toEqual(two)
  })

  it('that lacks an answer names the paragraph', async () => {
    const body = word('Why?', 'Heading1') + word('How?', 'Heading1') + word('So.')
    await expect(read('a.docx', docx(body))).rejects.toMatchObject({
      message: 'At paragraph 1: a question has no answer below it.',
    })
  })

  it.each([
    [
      'a bomb',
      () => zip([...docxParts(word('x')), { name: 'word/media/a.png', bytes: Buffer.alloc(65 * 2 ** 20) }]),
      /too large/,
    ],
    [
      'a bomb that lies about its size',
      () => zip([...docxParts(word('x')), { name: 'a.xml', bytes: Buffer.alloc(65 * 2 ** 20), lie: 10 }]),
      /too large/,
    ],
    [
      'too many parts',
      () => zip(Array.from({ length: 2001 }, (_, at) => ({ name: `${at}`, bytes: Buffer.from('x') }))),
      /2001 parts/,
    ],
    ['a password', () => zip(docxParts('').map(part => ({ ...part, flags: 1 }))), /password/],
    ['a half', () => docx(word('A text.')).subarray(0, 300), /damaged/],
    ['no document', () => zip([{ name: 'x.txt', bytes: Buffer.from('x') }]), /damaged/],
    [
      'entities that grow',
      () => {
        const bomb = `<!DOCTYPE d [<!ENTITY a "${'x'.repeat(1000)}">${'bcdefgh'
          .split('')
          .map((name, at) => `<!ENTITY ${name} "${`&${'abcdefg'[at]};`.repeat(20)}">`)
          .join(
            '',
          )}]><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>${word('&h;')}</w:body></w:document>`
        return zip(
          docxParts('').map(part =>
            part.name === 'word/document.xml' ? { ...part, bytes: Buffer.from(bomb) } : part,
          ),
        )
      },
      /./,
    ],
  ])('with %s is refused and nothing hangs', async (_, make, message) => {
    await expect(read('a.docx', make())).rejects.toMatchObject({
      code: expect.stringMatching(/^(file-refused|file-slow|rows-unreadable)$/),
      message: expect.stringMatching(message),
    })
  })

  it('reads no file that it names', async () => {
    const picture =
      '<w:p><w:r><w:drawing><wp:inline xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"><a:blip xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" r:link="r9"/></wp:inline></w:drawing></w:r></w:p>'
    const linked = {
      name: 'word/_rels/document.xml.rels',
      bytes: Buffer.from(
        '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r9" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/image" Target="file:///etc/passwd" TargetMode="External"/></Relationships>',
      ),
    }
    const body = word('What is a nuc?', 'Heading1') + word('A small hive.') + picture
    expect(await read('a.docx', zip([...docxParts(body), linked]))).toEqual([two[0]])
  })
})

describe('a .pdf file', () => {
  it('gives headings in larger letters with the paragraphs below, over pages and broken words', async () => {
    const pages = [
      [
        { text: 'A guide to bees', size: 24 },
        { text: 'What is a nuc?', size: 16, below: 40 },
        { text: 'A nuc is a small hive with five frames, made by divid-', below: 24 },
        { text: 'ing a strong one.' },
        { text: 'When to feed?', size: 16, below: 40 },
        { text: 'In autumn, once the honey is', below: 24 },
      ],
      [{ text: 'taken off.' }],
    ]
    expect(await read('a.pdf', pdf(pages))).toEqual([
      {
        question: 'What is a nuc?',
        answer: 'A nuc is a small hive with five frames, made by dividing a strong one.',
      },
      { question: 'When to feed?', answer: 'In autumn, once the honey is\ntaken off.' },
    ])
  })

  it('gives Q: and A: lines, or questions on lines of their own', async () => {
    const marked = two.flatMap(row => [{ text: `Q: ${row.question}` }, { text: `A: ${row.answer}` }])
    expect(await read('a.pdf', pdf([marked]))).toEqual(two)
    const plain = two.flatMap(row => [{ text: row.question, below: 40 }, { text: row.answer }])
    expect(await read('a.pdf', pdf([plain]))).toEqual(two)
  })

  it.each([
    ['no text', () => pdf([[]]), 'file-empty'],
    ['too many pages', () => pdf(Array.from({ length: 201 }, () => [{ text: 'x' }])), 'file-refused'],
    ['nothing but its name', () => Buffer.from('%PDF-1.7\n%%EOF'), 'file-refused'],
    [
      'a page that is its own parent',
      () =>
        Buffer.from(
          pdf([[{ text: 'x' }]])
            .toString('latin1')
            .replace('[4 0 R]', '[2 0 R]'),
          'latin1',
        ),
      'file-refused',
    ],
  ])('with %s is refused with what to do', async (_, make, code) => {
    await expect(read('a.pdf', make())).rejects.toMatchObject({ code, fix: expect.stringMatching(/^\w/) })
  })

  it('that names the page of what it lacks', async () => {
    const pages = [
      [{ text: 'Why?', size: 16 }, { text: 'Because of this and that and more.' }],
      [
        { text: 'How?', size: 16 },
        { text: 'When?', size: 16, below: 60 },
        { text: 'Now, and then, and later on.' },
      ],
    ]
    await expect(read('a.pdf', pdf(pages))).rejects.toMatchObject({
      message: 'At page 2: a question has no answer below it.',
    })
  })

  it('that unpacks to gigabytes ends its thread, not the process', { timeout: 30_000 }, async () => {
    // Deflated pieces may follow each other: a gigabyte of spaces without a gigabyte here.
    const piece = deflateRawSync(Buffer.alloc(16 * 2 ** 20, 32), { finishFlush: constants.Z_FULL_FLUSH })
    const bomb = Buffer.concat([
      Buffer.from([0x78, 0x9c]),
      ...Array.from({ length: 64 }, () => piece),
      Buffer.from([0x03, 0x00]),
    ])
    expect(bomb.length).toBeLessThan(fileLimits.bytes)
    await expect(read('a.pdf', pdf([[]], bomb))).rejects.toMatchObject({ code: 'file-slow' })
  })
})
