import { readFile } from 'node:fs/promises'
import { fault } from '../../../infra/errors.ts'
import type { Example } from '../../engine.ts'
import { uniform } from '../../sampling.ts'
import { words } from '../words.ts'

/** A training row as the judge sees it: whose it is decides nothing but the pay tables. */
export interface JudgeRow extends Example {
  readonly contributor: string
}

export interface JudgeData {
  readonly name: string
  readonly rows: readonly JudgeRow[]
  /** Questions that methods may be tuned on. */
  readonly calibration: readonly Example[]
  /** Questions that they are judged on; none of them is among the others. */
  readonly judge: readonly Example[]
}

/** Accounts whose rows teach nothing of the datanet: what they are paid is a fault. */
export const nullContributors = { noise: 'null account: noise', offTopic: 'null account: off topic' } as const
export const isNull = (contributor: string): boolean =>
  (Object.values(nullContributors) as string[]).includes(contributor)

/**
 * Reads rows ({contributor, question, answer}) and held-out questions ({question, answer}), JSON Lines. Questions are dealt
 * by turns: even ones calibrate, odd ones judge. Two null accounts are added: words of the datanet in random order, and
 * questions about other things. Error `judge-data`: a line is unreadable, or there are too few questions.
 */
export const readJudgeData = async (
  name: string,
  rowFiles: readonly string[],
  questionFiles: readonly string[],
): Promise<JudgeData> => {
  const rows = (await Promise.all(rowFiles.map(readLines))).flat().map(line => ({
    contributor: line.contributor ?? 'unknown',
    prompt: line.question,
    answer: line.answer,
  }))
  const questions = (await Promise.all(questionFiles.map(readLines))).flat()
  const examples = questions.map(({ question, answer }) => ({ prompt: question, answer }))
  if (examples.length < 4 || rows.length < 8)
    throw fault('judge-data', `${name} has ${rows.length} rows and ${examples.length} held-out questions.`, {
      fix: 'Give at least 8 rows and 4 questions; 100 questions for figures to believe.',
    })
  return {
    name,
    rows: [...rows, ...noiseRows(rows, 16), ...offTopicRows],
    calibration: examples.filter((_, i) => i % 2 === 0),
    judge: examples.filter((_, i) => i % 2 === 1),
  }
}

interface Line {
  contributor?: string
  question: string
  answer: string
}

const readLines = async (path: string): Promise<Line[]> => {
  const text = await readFile(path, 'utf8')
  return text
    .split('\n')
    .filter(line => line.trim() !== '')
    .map((line, i) => {
      const row = parse(line)
      if (typeof row?.question !== 'string' || typeof row.answer !== 'string')
        throw fault('judge-data', `Line ${i + 1} of ${path} is not a row.`, {
          fix: 'Write one JSON object with question and answer a line.',
        })
      return row as Line
    })
}

const parse = (line: string): Partial<Line> | null => {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}

/** Words of the datanet drawn at random: right vocabulary, no sense. */
const noiseRows = (rows: readonly JudgeRow[], count: number): JudgeRow[] => {
  const random = uniform(20_011)
  const bag = [...new Set(rows.flatMap(({ prompt, answer }) => words(`${prompt} ${answer}`)))].sort()
  const some = (length: number) =>
    Array.from({ length }, () => bag[Math.floor(random() * bag.length)]!).join(' ')
  return Array.from({ length: count }, () => ({
    contributor: nullContributors.noise,
    prompt: `${some(9)}?`,
    answer: `${some(32)}.`,
  }))
}

const offTopic: readonly (readonly [string, string])[] = [
  [
    'How many strings does a violin have?',
    'A violin has four strings, tuned in fifths from the low G up to E. The bow is strung with horsehair and rubbed with rosin so that it grips.',
  ],
  [
    'What is the offside rule in football?',
    'A player is offside when nearer to the goal line than both the ball and the second last defender at the moment the ball is played. Nobody is offside in their own half.',
  ],
  [
    'How does a bicycle stay upright?',
    'A rolling bicycle steers into the side to which it falls and so brings its wheels back under the rider. The faster it rolls, the less steering it takes.',
  ],
  [
    'What does a compiler do?',
    'A compiler reads a program in one language and writes the same program in another, mostly instructions for a processor. On its way it checks types and removes work that is not needed.',
  ],
  [
    'Why is the sky blue?',
    'Air scatters short waves of light far more than long ones. Blue light therefore reaches the eye from all over the sky, and at sunset, after a long way through air, only red is left.',
  ],
  [
    'How is paper made?',
    'Wood is cut to chips and cooked until its fibres come apart. The wet pulp is spread over a moving sieve, pressed between rollers and dried over hot cylinders.',
  ],
  [
    'What is compound interest?',
    'Interest that is added to the sum earns interest in its turn. At five per cent a year a deposit doubles in a little over fourteen years.',
  ],
  [
    'How do I play a C major chord on the guitar?',
    'Put the ring finger on the third fret of the A string, the middle finger on the second fret of D and the first finger on the first fret of B. Strum all but the lowest string.',
  ],
  [
    'What causes the tides?',
    'The moon pulls the near side of the sea more than the far side, so two bulges of water form. The earth turns under them, and most shores see two high waters a day.',
  ],
  [
    'How is chess won?',
    'A game of chess is won by giving mate: the king is attacked and has no move out of the attack. It is drawn when the side to move has no legal move and its king stands safe.',
  ],
  [
    'What is a prime number?',
    'A prime is a whole number above one that only one and itself divide. There are infinitely many of them, as Euclid showed, and two is the only even one.',
  ],
  [
    'How does a refrigerator cool?',
    'A liquid boils inside the cabinet and takes its heat with it. A compressor squeezes the vapour, which gives the heat to the kitchen behind and becomes liquid again.',
  ],
  [
    'What is the capital of Mongolia?',
    'The capital of Mongolia is Ulaanbaatar. It lies in a cold valley at about 1,300 metres, and close to half of all Mongolians live in it.',
  ],
  [
    'How do I change a flat tyre?',
    'Loosen the nuts a quarter turn while the wheel stands on the ground, then raise the car with the jack. Change the wheel, tighten the nuts crosswise and lower the car.',
  ],
  [
    'What is a sonnet?',
    'A sonnet is a poem of fourteen lines, mostly in iambic pentameter. The English kind ends in a rhymed couplet that turns or sums up what was said before.',
  ],
  [
    'How does a camera lens focus?',
    'The lens bends rays from one point so that they meet again in one point. Moving it nearer to the sensor focuses on things far away, and moving it outwards on things that are near.',
  ],
]

const offTopicRows: readonly JudgeRow[] = offTopic.map(([prompt, answer]) => ({
  contributor: nullContributors.offTopic,
  prompt,
  answer,
}))
