import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readTourData } from '../bots/tour/data.ts'
import { type TourResult, tourResult } from '../bots/tour/result.ts'
import { writeTinyBase } from './testing/tiny-base.ts'

const root = resolve(import.meta.dirname, '..')
const sample = join(root, 'infra/samples/beekeepers')

describe('the tour', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tributary-'))
    await writeTinyBase(join(folder, 'base'))
    const { rows, evaluation } = await readTourData(sample, sample)
    const some = rows.filter((_, at) => at % 10 === 0)
    await writeFile(join(folder, 'bees.jsonl'), some.map(row => JSON.stringify(row)).join('\n'))
    await writeFile(
      join(folder, 'eval.jsonl'),
      evaluation
        .slice(0, 12)
        .map(row => JSON.stringify(row))
        .join('\n'),
    )
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  /** Runs the tour in a data folder; `kill` sends SIGKILL that many milliseconds after the step's title was printed. */
  const run = (
    data: string,
    kill?: { step: number; afterMs: number },
  ): Promise<{ code: number | null; text: string }> =>
    new Promise((done, fail) => {
      const args = [
        'tour',
        '--json',
        join(folder, `${data}.json`),
        '--data',
        join(folder, 'bees.jsonl'),
        '--eval',
        join(folder, 'eval.jsonl'),
        '--questions',
        '4',
      ]
      const child = spawn(
        process.execPath,
        ['--disable-warning=ExperimentalWarning', join(root, 'infra/main.ts'), ...args],
        {
          cwd: root,
          env: {
            ...process.env,
            TRIBUTARY_DATA: join(folder, data),
            TRIBUTARY_BASE: join(folder, 'base'),
            TRIBUTARY_THREADS: '1',
          },
        },
      )
      let text = ''
      const hear = (piece: Buffer): void => {
        text += piece.toString()
        if (kill !== undefined && text.includes(`${kill.step}/10 `))
          setTimeout(() => child.kill('SIGKILL'), kill.afterMs)
      }
      child.stdout.on('data', hear)
      child.stderr.on('data', hear)
      child.on('error', fail)
      child.on('exit', code => done({ code, text }))
    })

  const resultOf = async (data: string): Promise<TourResult> =>
    tourResult.parse(JSON.parse(await readFile(join(folder, `${data}.json`), 'utf8')))

  /** What must not depend on when the process was killed. */
  const totals = (result: TourResult) => ({
    votes: { yes: result.votes.yesUnits, no: result.votes.noUnits, ballots: result.votes.ballots },
    contributions: result.contributions,
    rows: result.snapshot.rows,
    evaluation: result.evaluation,
    answers: result.answers.map(({ question, answer, shares, unattributed }) => ({
      question,
      answer,
      shares,
      unattributed,
    })),
    epoch: { ...result.epoch, root: '', tx: '' },
    claims: result.claims.map(({ contributor, units }) => ({ contributor, units })),
  })

  it('holds all ten steps, and ends with the same totals when it is killed at ten points and started again', {
    timeout: 400_000,
  }, async () => {
    const [whole, killed] = await Promise.all([
      run('whole'),
      (async () => {
        for (let step = 1; step <= 10; step++) {
          const { code } = await run('killed', { step, afterMs: 37 * (step % 4) })
          expect(code, `the process was still running at step ${step}`).toBeNull()
        }
        return run('killed')
      })(),
    ])
    expect(whole.text).toContain('all ten steps held')
    expect(whole.code).toBe(0)
    expect(killed.text).toContain('all ten steps held')
    expect(totals(await resultOf('killed'))).toEqual(totals(await resultOf('whole')))
  })
})
