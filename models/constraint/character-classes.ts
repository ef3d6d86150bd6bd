/** One element of a pattern or of a class: an escape by number, another escape, or a character. */
const element = /\\u\{([\dA-Fa-f]+)\}|\\u([\dA-Fa-f]{4})|\\U([\dA-Fa-f]{8})|\\x([\dA-Fa-f]+)|\\(.)|(.)/gsu
const spaces = String.raw` \t\n\r\f\v`

interface Element {
  text: string
  /** The character after a backslash that names no number. */
  escaped: string | undefined
  beyondAscii: boolean
}

const elements = (text: string): Element[] =>
  Array.from(text.matchAll(element), ([whole, brace, four, eight, hex, escaped, plain]) => {
    const number = brace ?? four ?? eight ?? hex
    const code = number === undefined ? (plain ?? escaped)!.codePointAt(0)! : Number.parseInt(number, 16)
    return { text: whole, escaped, beyondAscii: code > 127 }
  })

/**
 * A regular expression in the form that xgrammar 0.1.27 follows, or the reason why there is none. Its classes are right for ASCII
 * alone: `[a-zé]` takes no é and `[а-я]` takes 5; negated ones, literals and alternatives are right for every character.
 * So the dot, \s and \S are spelled out, the dot as JavaScript means it, and classes with anything past ASCII refused.
 */
export const asciiClasses = (pattern: string): { pattern: string } | { refused: string } => {
  let out = ''
  let inside = false
  for (const { text, escaped, beyondAscii } of elements(pattern)) {
    if (inside && (beyondAscii || (escaped !== undefined && 'DWS'.includes(escaped))))
      return { refused: refusal(text) }
    if (escaped === 's') out += inside ? spaces : `[${spaces}]`
    else if (escaped === 'S') out += `[^${spaces}]`
    else if (text === '.' && !inside) out += String.raw`[^\n\r]`
    else out += text
    inside = inside ? text !== ']' : text === '['
  }
  return { pattern: out }
}

/** The first class of an EBNF grammar with anything past ASCII, as a reason to refuse it; null where there is none. */
export const classesBeyondAscii = (ebnf: string): string | null => {
  let inside: '' | '[' | '"' | '#' = ''
  for (const { text, beyondAscii } of elements(ebnf)) {
    if (inside === '[' && beyondAscii) return refusal(text)
    if (inside === '') inside = text === '[' || text === '"' || text === '#' ? text : ''
    else if (text === { '[': ']', '"': '"', '#': '\n' }[inside]) inside = ''
  }
  return null
}

const refusal = (text: string): string =>
  `a class of characters holds ${text}, which is past ASCII: write alternatives, (é|ü), or a negated class`
