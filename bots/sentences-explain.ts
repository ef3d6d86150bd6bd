import { durationText } from './format.ts'

/** What is said of why an answer came out as it did, on every surface. */
export const explaining = {
  contributors: 'Contributors, and what is nobody’s',
  who: 'Who',
  part: 'Part',
  shareMeans:
    'Parts of what the price of this answer leaves for data. Pay follows the sums of a whole pay period, so it can differ from one answer’s parts.',
  /** A share with the ends of its interval. */
  share: (share: string, range: string | null) => (range === null ? share : `${share} (${range})`),
  rangeMeans:
    'In brackets: the range that holds the true share nine times in ten. It comes from tuning the model again and again with part of the rows left out.',
  withdrawnPeople: (people: number) =>
    people === 1 ? 'Someone who took their rows back' : `${people} people who took their rows back`,
  base: 'The base model, by itself',
  baseMeans: 'Known before the model learnt from anybody’s rows.',
  capped: 'Above the limit',
  cappedMeans:
    'No answer counts for more than the model gained on its held-out questions, nor for more than nine tenths.',
  unclear: 'Not attributed',
  unclearMeans:
    'Tuning added this too, but it is left out: too small to tell from chance, from near-copies of earlier rows, or from rows that were withdrawn.',
  abstainedMeans: 'Tuning may have added this, but it is not shared out, for the reason above.',
  commons: 'What is nobody’s goes to the commons of this datanet.',
  wordsTitle: 'Word for word in somebody’s row',
  wordsNote: 'The numbers are those in the answer above.',
  words: 'Words',
  /** What a screen reader adds to marked words. */
  inRow: (contributor: string | null, number: number) =>
    contributor === null
      ? `source ${number}, a row since withdrawn`
      : `source ${number}, a row of ${contributor}`,
  backToMark: (number: number) => `Back to the words of source ${number}`,
  standsIn: 'stands in a row of',
  standsInWithdrawn: 'stood in a row that was withdrawn; its text is erased and its giver is not named.',
  wholeRow: 'Whole row',
  rowsTitle: 'Rows with the most influence',
  rowOf: 'Row of',
  forTitle: 'Rows that made this answer more likely',
  againstTitle: 'Rows that worked against it',
  rowsMean:
    'Nats estimate how much less sure of this answer the model would be without the row: 1 nat makes it 2.7 times less likely. With a minus it would be surer.',
  row: 'Row',
  nats: 'Nats',
  withdrawnRow: 'A withdrawn row',
  withdrawnMeans: 'Its text is erased and its giver is not named.',
  withdrawnShort: '(withdrawn)',
  nobody: 'not named',
  copies: (copies: number) =>
    copies === 1
      ? 'with 1 near-copy of it, which earns nothing'
      : `with ${copies} near-copies of it, which earn nothing`,
  natsMean:
    'Nats say how surprised a model is by the answer: the fewer it costs, the surer the model would have given these words.',
  surenessTitle: 'What the base model already knew',
  surprise: (unigram: string, base: string, adapter: string) =>
    `This answer costs ${unigram} nats by word frequencies alone, ${base} for the base model and ${adapter} for the tuned one; the fewer, the surer.`,
  way: (known: string, tuned: string) =>
    `Of the way from word frequencies to the tuned model, the base model went ${known} by itself and what people gave the other ${tuned}.`,
  baseBelowWords:
    'The base model was less sure of this answer than word frequencies alone, so all of the way is owed to what people gave.',
  noGain: 'What people gave made the model no surer of this answer: what it knew, the base model knew.',
  noneSurer: 'Neither model was surer of this answer than word frequencies alone.',
  measuring: (ageSeconds: number) =>
    ageSeconds < 600
      ? 'This answer has not been measured yet. That takes a minute or so; look again then.'
      : `This answer has not been measured yet, though it was given ${durationText(ageSeconds)} ago. Look again later; if nothing changes, tell the operator.`,
  abstained: {
    'no-gain':
      'The tuned model was no surer of this answer than the base model or mere word frequencies, so nobody is paid for it.',
    'gain-too-small':
      'Tuning made the model so little surer of this answer that it cannot be said whose rows did it, so nobody is paid for it.',
    'asker-is-contributor':
      'All of the pay would have gone to whoever asked, or to an account linked to them, so nobody is paid for this answer: it goes to the commons.',
    disputed: 'This answer is disputed, so nobody is paid for it.',
  } as Readonly<Record<string, string>>,
  abstainedFor: (reason: string) => `Nothing was shared out: ${reason.replaceAll('-', ' ')}.`,
  nobodyInParticular: 'No row can be named that made this answer.',
  provisional: 'Provisional: how sure these shares are has not been measured yet, so they have no range.',
  someProvisional: 'A share without brackets has no range yet.',
}
