import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Engine } from '../../models/engine.ts'
import { shippedBase } from '../../models/resolve-base.ts'
import { exportBundle } from '../export.ts'
import { readArchive } from './archive.ts'
import { configurationFile, influenceFile, weightsFile } from './data-format.ts'
import { MANIFEST } from './format.ts'
import { drawAnswers, type Recomputation, recomputeAttribution } from './recompute.ts'
import { recomputationLines } from './recompute-report.ts'
import { modelActs, openSampleModel, sampleBase } from './sample-model.ts'
import { openSampleNetwork, type SampleNetwork } from './sample-network.ts'
import { playSampleStory } from './sample-story.ts'
import { type DataDraft, forgeInfluence, forgeMeasured, tamperData } from './tamper-data.ts'
import { verifyBundle } from './verify.ts'

let engine: Engine
let sample: SampleNetwork
let plain: Buffer
let bundle: Buffer
let honest: Recomputation
/** The answer that was measured after a row was withdrawn, and that pays. */
let paying: string

const recompute = (bytes: Uint8Array, options: { threads?: number; count?: number } = {}) =>
  recomputeAttribution(bytes, { count: 'all', base: sampleBase, threads: 1, ...options })

beforeAll(async () => {
  engine = await openSampleModel()
  sample = await openSampleNetwork(engine)
  plain = readFileSync(await playSampleStory(sample, modelActs))
  await modelActs.attribute(sample, 12)
  const file = join(sample.network.folder, 'exports', 'data.tar')
  await sample.as('operator')(exportBundle, { file, data: true })
  bundle = readFileSync(file)
  honest = await recompute(bundle)
  paying =
    honest.answers.find(item => item.comparisons.some(({ figure }) => /^share/.test(figure)))?.answer ?? ''
}, 120_000)
afterAll(async () => {
  await sample?.remove()
  await engine?.close()
})

const failed = ({ answers }: Recomputation): string[] =>
  answers.flatMap(({ answer, comparisons }) =>
    comparisons.filter(({ ok }) => !ok).map(({ figure }) => `${answer} ${figure}`),
  )
const release = (draft: DataDraft): string => {
  const [line] = (draft.files.get('releases.jsonl') ?? Buffer.alloc(0)).toString('utf8').split('\n')
  return String(JSON.parse(line ?? '').adapter)
}

describe('the attribution of an honest node', () => {
  test('comes out as recorded, every figure of it', () => {
    expect(honest.checks.filter(({ ok }) => !ok)).toEqual([])
    expect(failed(honest)).toEqual([])
    expect(honest.ok).toBe(true)
    expect(honest.answers.map(({ partly }) => partly === null).toSorted()).toEqual([
      false,
      false,
      false,
      true,
      true,
    ])
    const figures = honest.answers
      .find(({ answer }) => answer === paying)
      ?.comparisons.map(({ figure }) => figure)
    expect(figures).toEqual(
      expect.arrayContaining([
        'tokens',
        'nats of the base',
        'nats of the adapter',
        'nats of the unigrams',
        'gain',
      ]),
    )
    expect(figures?.filter(figure => figure.startsWith('share of '))).toHaveLength(2)
  })

  test('of rows withdrawn since is compared as far as it can be, and says so', () => {
    const partly = honest.answers.filter(item => item.partly !== null)
    for (const { partly: why, comparisons } of partly) {
      expect(why).toMatch(/^row 11 was withdrawn/)
      expect(comparisons.map(({ figure }) => figure)).toEqual([
        'tokens',
        'nats of the base',
        'nats of the adapter',
        'provisional, 1 if it is',
      ])
    }
  })

  test('is the same to the last bit when it is computed twice', async () => {
    expect(await recompute(bundle)).toEqual(honest)
  })

  test('stays a small part of its tolerances with another number of threads', async () => {
    const { ok, answers } = await recompute(bundle, { threads: 2 })
    expect(ok).toBe(true)
    for (const { difference, tolerance } of answers.flatMap(({ comparisons }) => comparisons))
      expect(difference).toBeLessThanOrEqual(tolerance / 10)
  })

  test('is shown as a table an answer, with what is allowed', () => {
    const lines = recomputationLines(honest)
    expect(lines.at(-1)).toBe('The attribution of 2 of 5 answers comes out as recorded, of 3 more in part.')
    expect(lines.filter(line => line.startsWith('answer '))).toHaveLength(5)
    expect(lines.some(line => /^ok {2}nats of the adapter +\d/.test(line))).toBe(true)
  })
})

describe('a figure that was not measured is named:', () => {
  test('the influence of one row', async () => {
    const bytes = await tamperData(bundle, draft =>
      forgeInfluence(draft, paying, influence => {
        influence[4] = influence[4]! + 0.1
      }),
    )
    const result = await recompute(bytes)
    expect(result.checks.every(({ ok }) => ok)).toBe(true)
    expect(result.ok).toBe(false)
    expect(failed(result)).toContain(`${paying} influence of row 4`)
    expect(recomputationLines(result)).toContain(`not as recorded: answer ${paying}, influence of row 4`)
  })

  test('influence moved one way in every row, each within what one row could be off', async () => {
    const bytes = await tamperData(bundle, draft =>
      forgeInfluence(draft, paying, influence => {
        for (let i = 0; i < 11; i++) influence[i] = influence[i]! + 0.0006
      }),
    )
    expect(failed(await recompute(bytes))).toEqual([`${paying} influence of all 12 rows, sum`])
  })

  test("a contributor's share", async () => {
    let account = ''
    const bytes = await tamperData(bundle, draft =>
      forgeMeasured(draft, paying, payload => {
        const shares = payload.shares as { account: string; share: number }[]
        account = shares[1]!.account
        shares[1]!.share += 0.02
      }),
    )
    expect(failed(await recompute(bytes))).toEqual([`${paying} share of ${account}`])
  })

  test('the losses of an answer, or of an adapter with another scale than was tuned', async () => {
    const bytes = await tamperData(bundle, draft => {
      forgeMeasured(draft, paying, payload => {
        const nats = payload.nats as { base: number }
        nats.base += 0.5
      })
      const name = configurationFile(release(draft))
      const configuration = JSON.parse(draft.files.get(name)?.toString('utf8') ?? '')
      draft.files.set(
        name,
        Buffer.from(JSON.stringify({ ...configuration, lora_alpha: configuration.lora_alpha * 1.1 })),
      )
    })
    const wrong = failed(await recompute(bytes))
    expect(wrong).toContain(`${paying} nats of the base`)
    expect(wrong.filter(what => what.endsWith('nats of the adapter'))).toHaveLength(5)
  })
})

describe('data that is not what was recorded is named before anything is computed:', () => {
  const details = async (change: (draft: DataDraft) => void): Promise<string[]> => {
    const result = await recompute(await tamperData(bundle, change))
    expect(result).toMatchObject({ ok: false, answers: [] })
    return result.checks.filter(({ ok }) => !ok).map(({ detail }) => detail)
  }

  test('a byte of the adapter', async () => {
    const [detail] = await details(draft => {
      const name = weightsFile(release(draft))
      const bytes = Buffer.from(draft.files.get(name) ?? [])
      bytes[bytes.length - 9]! ^= 1
      draft.files.set(name, bytes)
    })
    expect(detail).toMatch(/^the bytes of the adapter [0-9a-f]{64} have another hash$/)
  })

  test('the text of a row', async () => {
    const [detail] = await details(draft => {
      let at = 0
      draft.lines('texts.jsonl', line => {
        if (line.answer !== null && at++ === 0) line.answer = 'Another.'
      })
    })
    expect(detail).toMatch(/^the text of row \d+ of snapshot \S+ is not the one that was frozen$/)
  })

  test('the text of an answer, and one that is held back', async () => {
    let [other, gone] = ['', '']
    const [detail] = await details(draft => {
      let at = 0
      draft.lines('questions.jsonl', line => {
        if (at === 0) [other, line.text] = [String(line.answer), 'Another.']
        if (at === 1) [gone, line.answer] = [String(line.answer), other]
        at++
      })
      const kept = draft.files
        .get('questions.jsonl')
        ?.toString('utf8')
        .split('\n')
        .filter((_, line) => line !== 1)
      draft.files.set('questions.jsonl', Buffer.from(kept?.join('\n') ?? ''))
    })
    expect(detail).toContain(`the text of the answer ${other} is not the one that was asked and given`)
    expect(detail).toContain(`the text of the answer ${gone} is missing`)
  })

  test('influence under a hash that is not its own', async () => {
    const [detail] = await details(draft => {
      for (const name of draft.files.keys())
        if (name.startsWith('influence/')) draft.files.set(name, Buffer.alloc(96))
    })
    expect(detail).toMatch(/^the influence of the answer \S+ has another hash/)
  })
})

describe('a bundle', () => {
  test('with its data holds as one without does, and a changed or unlisted file of it is named', async () => {
    expect((await verifyBundle(bundle)).checks.filter(({ ok }) => !ok)).toEqual([])
    const unlisted = await tamperData(bundle, draft => {
      draft.files.set(influenceFile('0'.repeat(64)), Buffer.alloc(8))
      draft.lines('texts.jsonl', line => {
        line.answer = 'Another.'
      })
    })
    const files = (await verifyBundle(unlisted)).checks.filter(({ ok }) => !ok)
    expect(files.map(({ name }) => name)).toEqual(['every file has the hash in the manifest'])
    expect(files[0]?.detail).toMatch(/texts\.jsonl is not the file .*influence\/0{64} is not in the manifest/)
  })

  test('with its data holds no text of a withdrawn row', async () => {
    const { files } = await readArchive(bundle)
    const texts = (files.get('texts.jsonl') ?? '').toString().split('\n').slice(0, -1)
    const gone = texts
      .map(text => JSON.parse(text) as Record<string, unknown>)
      .filter(({ answer }) => answer === null)
    expect(gone).toEqual([{ contribution: expect.any(String), question: null, answer: null, salt: null }])
    expect([...files.values()].some(bytes => bytes.includes('What does Bela feed hive 4?'))).toBe(true)
    expect([...files.values()].some(bytes => bytes.includes('What does Bela feed hive 5?'))).toBe(false)
  })

  test('without its data is refused with what to ask for', async () => {
    await expect(recompute(plain)).rejects.toMatchObject({ code: 'bundle-without-data' })
  })

  test('on another base is refused', async () => {
    await expect(recomputeAttribution(bundle, { count: 1, base: shippedBase })).rejects.toMatchObject({
      code: 'base-other',
      fix: expect.stringContaining(engine.base.hash),
    })
  })

  test('draws its answers itself, differently for every seed', async () => {
    const { files } = await readArchive(bundle)
    const answers = Array.from({ length: 50 }, (_, at) => ({
      id: `answer ${at}`,
      state: at % 5 === 0 ? 'refunded' : 'answered',
      influence: at % 5 === 1 ? null : '0'.repeat(64),
    })) as unknown as Parameters<typeof drawAnswers>[0]
    const draw = (count: number | 'all', seed: string) =>
      drawAnswers(answers, count, files.get(MANIFEST) ?? Buffer.alloc(0), seed).map(({ id }) => id)
    expect(draw('all', 'a')).toHaveLength(30)
    expect(draw(4, 'a')).toEqual(draw('all', 'a').slice(0, 4))
    expect(draw(30, 'b')).not.toEqual(draw(30, 'a'))
    expect(draw(30, 'b').toSorted()).toEqual(draw(30, 'a').toSorted())
  })
})
