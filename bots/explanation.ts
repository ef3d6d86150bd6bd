import type { z } from 'zod'
import type { explain } from '../tools/explain.ts'
import { percentText } from './format.ts'
import type { Sentences } from './sentences.ts'

export type Explained = z.output<typeof explain.output>

/** A piece of the answer; `span` is the number, from 1, of the copied passage that it belongs to, or null. */
export interface Segment {
  readonly text: string
  readonly span: number | null
}

/**
 * Cuts the answer where copied passages begin and end. Where two overlap, the later one begins where the earlier ends;
 * one that lies inside another, or outside the answer, has no piece of its own. The pieces joined are the answer.
 */
export const segments = (answer: string, spans: readonly { start: number; end: number }[]): Segment[] => {
  const pieces: Segment[] = []
  let at = 0
  const upTo = (end: number, span: number | null) => {
    if (end <= at) return
    pieces.push({ text: answer.slice(at, end), span })
    at = end
  }
  const order = spans.map(({ start, end }, number) => ({ start, end, number: number + 1 }))
  for (const { start, end, number } of order.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const last = Math.min(end, answer.length)
    let first = Math.max(start, at)
    // What is left of an overlapping passage should not begin with the comma or space that followed the other.
    while (start < at && first < last && !/[\p{L}\p{N}]/u.test(answer[first] ?? '')) first++
    if (first >= last) continue
    upTo(first, null)
    upTo(last, number)
  }
  upTo(answer.length, null)
  return pieces
}

/** A share with its interval: `31 % (24–38 %)`, `0.4 % (0.1–0.9 %)`, or `31.0 %` where none was measured. */
export const shareText = (
  { share, low, high }: { share: number; low: number | null; high: number | null },
  say: Sentences,
): string => {
  if (low === null || high === null) return percentText(share)
  const percent = (part: number) => (part * 100).toFixed(high < 0.1 ? 1 : 0)
  const range = percent(low) === percent(high) ? null : `${percent(low)}–${percent(high)} %`
  return say.explaining.share(`${percent(share)} %`, range)
}

/** Signed nats with three decimals, with more where they would all be zero. */
export const influenceText = (nats: number): string => {
  const size = Math.abs(nats)
  const digits = size >= 0.001 || size === 0 ? size.toFixed(3) : size.toPrecision(1)
  return `${nats < 0 ? '−' : '+'}${digits}`
}

export interface Part {
  readonly label: string
  readonly part: number
  readonly why: string
}

/** Below this a part is not worth a line: it would be written as 0.0 %. */
const least = 0.0005

/** The parts of the answer that are nobody's, in words, without the empty ones. */
export const nobodysParts = ({ parts, abstained }: Explained, { explaining }: Sentences): Part[] =>
  [
    { label: explaining.base, part: parts.base, why: explaining.baseMeans },
    { label: explaining.capped, part: parts.capped, why: explaining.cappedMeans },
    {
      label: explaining.unclear,
      part: parts.unclear,
      why: abstained === null ? explaining.unclearMeans : explaining.abstainedMeans,
    },
  ].filter(({ part }) => part >= least)

/** How much of the way to the answer the base model went by itself, in a sentence. */
export const wayText = ({ nats }: Explained, { explaining }: Sentences): string => {
  const { unigram, base, adapter } = nats
  if (Math.min(base, adapter) >= unigram) return explaining.noneSurer
  if (adapter >= base) return explaining.noGain
  if (base >= unigram) return explaining.baseBelowWords
  const known = (unigram - base) / (unigram - adapter)
  return explaining.way(percentText(known), percentText(1 - known))
}

/** Why nobody is paid for the answer, or null. */
export const abstentionText = ({ abstained }: Explained, { explaining }: Sentences): string | null =>
  abstained === null ? null : (explaining.abstained[abstained] ?? explaining.abstainedFor(abstained))

/** What the figures in brackets mean, or that there are none yet; null where no share is shown. */
export const rangeText = (
  { contributors, withdrawn }: Explained,
  { explaining }: Sentences,
): string | null => {
  const shares = withdrawn === null ? contributors : [...contributors, withdrawn]
  if (shares.length === 0) return null
  const measured = shares.filter(({ low, high }) => low !== null && high !== null).length
  if (measured === 0) return explaining.provisional
  return measured === shares.length
    ? explaining.rangeMeans
    : `${explaining.rangeMeans} ${explaining.someProvisional}`
}
