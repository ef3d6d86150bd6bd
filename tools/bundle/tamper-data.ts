import { buffer } from 'node:stream/consumers'
import { pack } from 'tar-stream'
import { canonicalJson, sha256Hex } from '../../infra/canonical.ts'
import { readArchive } from './archive.ts'
import { influenceFile, outcomesFile } from './data-format.ts'

type Line = Record<string, unknown>
export interface DataDraft {
  files: Map<string, Buffer>
  /** Changes the lines of one file. */
  lines(name: string, change: (line: Line) => void): void
}

/** The bundle with other files: what a node could have exported, its manifest left out of the question. */
export const tamperData = async (bundle: Uint8Array, change: (draft: DataDraft) => void): Promise<Buffer> => {
  const files = new Map((await readArchive(bundle)).files)
  const lines: DataDraft['lines'] = (name, edit) => {
    const all = (files.get(name) ?? Buffer.alloc(0)).toString('utf8').split('\n').slice(0, -1)
    const out = all.map(text => {
      const line: Line = JSON.parse(text)
      edit(line)
      return `${canonicalJson(line)}\n`
    })
    files.set(name, Buffer.from(out.join('')))
  }
  change({ files, lines })
  const archive = pack()
  for (const [name, content] of files) archive.entry({ name }, content)
  archive.finalize()
  return buffer(archive)
}

/** Changes what ledger and records say was measured of an answer. */
export const forgeMeasured = (draft: DataDraft, answer: string, change: (payload: Line) => void): void => {
  let forged: Line = {}
  draft.lines('events.jsonl', event => {
    if (event.kind !== 'answer.attributed' || event.subject !== answer) return
    forged = event.payload as Line
    change(forged)
  })
  draft.lines('questions.jsonl', line => {
    if (line.answer !== answer) return
    const { influence: _influence, outcomes, shares: _shares, ...attribution } = forged
    line.attribution = attribution
    line.outcomes = outcomes
  })
}

/** Records another influence everywhere, as a node would that never measured it. */
export const forgeInfluence = (
  draft: DataDraft,
  answer: string,
  change: (influence: Float64Array) => void,
): void => {
  draft.lines('answers.jsonl', line => {
    if (line.id !== answer) return
    const influence = new Float64Array(
      new Uint8Array(draft.files.get(influenceFile(String(line.influence))) ?? []).buffer,
    )
    change(influence)
    const bytes = Buffer.from(influence.buffer)
    line.influence = sha256Hex(bytes)
    draft.files.set(influenceFile(String(line.influence)), bytes)
    forgeMeasured(draft, answer, payload => {
      payload.influence = line.influence
    })
  })
}

/** Records other outcomes under the subset adapters everywhere. */
export const forgeOutcomes = (
  draft: DataDraft,
  answer: string,
  change: (outcomes: Float64Array) => void,
): void =>
  forgeMeasured(draft, answer, payload => {
    const bytes = draft.files.get(outcomesFile(String(payload.outcomes))) ?? Buffer.alloc(0)
    const outcomes = new Float64Array(new Uint8Array(bytes).buffer)
    change(outcomes)
    const forged = Buffer.from(outcomes.buffer)
    payload.outcomes = sha256Hex(forged)
    draft.files.set(outcomesFile(String(payload.outcomes)), forged)
  })
