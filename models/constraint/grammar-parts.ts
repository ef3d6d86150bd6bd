/**
 * Rules that every grammar ends with. Whitespace and digits are bounded so that no text grows for ever in them: at most a
 * space, or a new line and its indentation; 15 digits, which a double holds exactly. Strings hold any character; escapes
 * by number stop short of surrogates, so that every character counts once. Classes name ASCII alone: see character-classes.ts.
 */
export const commonRules = String.raw`
ws ::= (" " | "\n" [ \t]{0,16})?
sep ::= ws "," ws
colon ::= ws ":" ws
string ::= "\"" chars
chars ::= "\"" | [^"\\\x00-\x1F] chars | "\\" escape chars
escape ::= ["\\/bfnrt] | "u" ([0-9A-Ca-cE-Fe-f] hex hex hex | [Dd] [0-7] hex hex)
hex ::= [0-9A-Fa-f]
integer ::= "0" | "-"? [1-9] [0-9]{0,14}
number ::= "-"? ("0" | [1-9] [0-9]{0,14}) ("." [0-9]{1,15})? ([eE] [+-]? [0-9]{1,2})?
boolean ::= "true" | "false"
null ::= "null"
value ::= object | array | string | number | boolean | null
object ::= "{" ws (member (sep member)* ws)? "}"
member ::= string colon value
array ::= "[" ws (value (sep value)* ws)? "]"
`

/** The largest whole number of 15 digits: every one up to it is exact in a double and spelled without an exponent. */
const largest = 999_999_999_999_999

/** Whole bounds, both ends included; `above` and `below` say that a decimal may not be the bound itself. */
export interface WholeRange {
  low: number
  high: number
  above: boolean
  below: boolean
}

const plain = String.raw`[^"\\\x00-\x1F]`
const escaped = String.raw`"\\" ["\\/bfnrt]`

/**
 * EBNF of a JSON string of so many characters; `rule` names an expression. No escapes by number here, which every character
 * that needs none goes without: with them a mask took 3,000 us instead of 100 (8,192 tokens, at most 40 characters). Past 40
 * characters a rule for each: at 300 a repetition took 2.7 s to compile and 4,100 us a mask, the rules 0.5 s and 200 us.
 */
export const boundedString = (
  least: number,
  most: number | undefined,
  rule: (body: string) => string,
): string => {
  if (most === undefined) return String.raw`"\"" (${plain} | ${escaped}){${least}} chars`
  if (most <= 40) return String.raw`"\"" (${plain} | ${escaped}){${least},${most}} "\""`
  let rest = String.raw`"\""`
  for (let written = most - 1; written >= 0; written--) {
    const end = written >= least ? String.raw`"\"" | ` : ''
    rest = rule(`${end}${plain} ${rest} | ${escaped} ${rest}`)
  }
  return String.raw`"\"" ${rest}`
}

/** An EBNF string of exactly this text. */
export const literal = (text: string): string =>
  `"${Array.from(text, c => (/[\w ]/.test(c) ? c : `\\U${c.codePointAt(0)!.toString(16).padStart(8, '0')}`)).join('')}"`

/** The tighter of included and excluded whole bounds, within 15 digits. */
export const wholeRange = (
  minimum: number,
  maximum: number,
  exclusiveMinimum: number,
  exclusiveMaximum: number,
): WholeRange => {
  const above = exclusiveMinimum >= minimum && exclusiveMinimum >= -largest
  const below = exclusiveMaximum <= maximum && exclusiveMaximum <= largest
  return {
    low: Math.max(above ? exclusiveMinimum : minimum, -largest),
    high: Math.min(below ? exclusiveMaximum : maximum, largest),
    above,
    below,
  }
}

/** EBNF of the whole numbers of a range; '' where it holds none. */
export const integer = ({ low, high, above, below }: WholeRange): string =>
  whole(above ? low + 1 : low, below ? high - 1 : high)

/** EBNF of the decimals of a range: up to 15 places, the last not 0, so that none is a whole number in disguise. */
export const decimal = (range: WholeRange): string => {
  const { low, high } = range
  const parts = [integer(range)]
  const places = '"." [0-9]{0,14} [1-9]'
  const up = naturals(Math.max(low, 0), high - 1)
  const down = naturals(Math.max(-high, 0), -low - 1)
  if (up !== '') parts.push(`(${up}) ${places}`)
  if (down !== '') parts.push(`"-" (${down}) ${places}`)
  return parts.filter(part => part !== '').join(' | ')
}

const whole = (low: number, high: number): string => {
  const negative = naturals(Math.max(-high, 1), -low)
  const parts = [negative === '' ? '' : `"-" (${negative})`, naturals(Math.max(low, 0), high)]
  return parts.filter(part => part !== '').join(' | ')
}

/** EBNF of the whole numbers from low to high, low at least 0; '' where there is none. */
const naturals = (low: number, high: number): string => {
  const parts: string[] = []
  for (let from = low; from <= high; ) {
    const to = Math.min(high, 10 ** String(from).length - 1)
    parts.push(sameLength(String(from), String(to)))
    from = to + 1
  }
  return parts.join(' | ')
}

/** Digit strings between two of one length. */
const sameLength = (low: string, high: string): string => {
  const digits = low.length
  if (digits === 0) return '""'
  if (/^0*$/.test(low) && /^9*$/.test(high)) return `[0-9]{${digits}}`
  const [a, b] = [Number(low[0]), Number(high[0])]
  const [lowRest, highRest] = [low.slice(1), high.slice(1)]
  if (a === b) return digits === 1 ? `"${a}"` : `"${a}" (${sameLength(lowRest, highRest)})`
  if (digits === 1) return `[${a}-${b}]`
  const zeros = '0'.repeat(digits - 1)
  const nines = '9'.repeat(digits - 1)
  const [from, to] = [lowRest === zeros ? a : a + 1, highRest === nines ? b : b - 1]
  const parts = [
    from > a ? `"${a}" (${sameLength(lowRest, nines)})` : '',
    from <= to ? `[${from}-${to}] [0-9]{${digits - 1}}` : '',
    to < b ? `"${b}" (${sameLength(zeros, highRest)})` : '',
  ]
  return parts.filter(part => part !== '').join(' | ')
}
