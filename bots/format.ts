/** How numbers, amounts and times are written for people; nothing here decides anything. */

const DECIMALS = 6

/** Writes an amount of smallest units (a decimal string) in tokens: `1234500000` is `1,234.5`. */
export const tokensText = (units: string): string => {
  const negative = units.startsWith('-')
  const digits = (negative ? units.slice(1) : units).padStart(DECIMALS + 1, '0')
  const whole = digits.slice(0, -DECIMALS).replace(/\B(?=(\d{3})+$)/g, ',')
  const fraction = digits.slice(-DECIMALS).replace(/0+$/, '')
  return `${negative ? '−' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`
}

/** Writes a part of one as percent with one decimal: 0.123 is `12.3 %`. */
export const percentText = (part: number): string => `${(part * 100).toFixed(1)} %`

/** Writes nats with three decimals. */
export const natsText = (nats: number): string => nats.toFixed(3).replace('-', '−')

/** How much of the base's loss is gone: 2.0 to 1.0 is `50.0 %`. */
export const improvementText = (baseLoss: number, adapterLoss: number): string =>
  percentText(baseLoss > 0 ? 1 - adapterLoss / baseLoss : 0)

/** Writes a duration in seconds as people say it: `45 s`, `3 min 20 s`, `2 h 5 min`, `3 days`. */
export const durationText = (seconds: number): string => {
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min${whole % 60 === 0 ? '' : ` ${whole % 60} s`}`
  if (whole < 172_800)
    return `${Math.floor(whole / 3600)} h${whole % 3600 < 60 ? '' : ` ${Math.floor((whole % 3600) / 60)} min`}`
  return `${Math.floor(whole / 86_400)} days`
}

/** Writes an ISO time in UTC to the minute. */
export const timeText = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`

/** The first digits of a hash or an id, enough to tell two apart on a page. */
export const shortId = (id: string): string => {
  const plain = id.replace(/^0x/, '')
  return plain.length <= 12 ? plain : `${plain.slice(0, 8)}…`
}

/** `1 row`, `2 rows`. */
export const countText = (count: number, noun: string): string =>
  `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`

/** A text on one line, at most `most` characters. */
export const oneLine = (text: string, most: number): string => {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length <= most ? line : `${line.slice(0, most - 1)}…`
}
