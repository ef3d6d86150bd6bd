import type { Check } from './check.ts'
import { pass, refuse } from './check.ts'

/** Shapes that issuers gave their keys so that they can be found; kinds are what the contributor is told. */
const shapes: readonly (readonly [kind: string, shape: RegExp])[] = [
  ['a private key', /-----BEGIN [A-Z ]*PRIVATE KEY-----/],
  ['an AWS access key', /\b(?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{12,20}\b/],
  ['a GitHub token', /\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,})/],
  ['a GitLab token', /\bglpat-[\w-]{16,}/],
  ['a Slack token', /\bxox[abeoprs]-[\w-]{10,}/],
  ['an API key', /\b(?:sk|pk|rk)[-_](?:live|test|proj|ant|or|svcacct)?[-_]?[\w-]{16,}/],
  ['a Google API key', /\b(?:AIza[\w-]{30,}|ya29\.[\w-]{20,})/],
  [
    'an access token',
    /\b(?:hf|npm|dop_v1|pypi|shpat|SG|EAAC|rpa|gsk|r8)[_.-]?(?=[\w.-]{20,})(?=[\w.-]*\d)(?=[\w.-]*[A-Z])[\w.-]{20,}/,
  ],
  ['a signed token', /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/],
  ['a Telegram bot token', /\b\d{8,10}:[\w-]{33,36}\b/],
  ['a wallet key', /\b(?:0x)?[0-9a-f]{64}\b/i],
  ['a password inside an address', /\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]+:[^\s/@]{3,}@/i],
]

const stated =
  /\b(?:pass ?(?:word|wd|phrase|code)|pwd|api[ _-]?key|access[ _-]?key|secret(?:[ _-]?key)?|auth[ _-]?token|bearer|pin(?: code)?|credentials?)\b\s*(?:\w+\s+){0,2}?(?:is|are|was|[:=])\s*["'`“]?(\S{4,})/gi
const named =
  /(?:secret|access|api|private|auth|client|bearer)[ _-]?(?:access[ _-]?)?(?:key|token|secret)\w*["']?\s*[=:]\s*["']?(?=\S*\d)\S{12,}/i
const recoveryWords =
  /\b(?:seed|recovery|mnemonic|backup)\s+(?:phrase|words?)\b[^.]{0,20}[:=]?\s*(?:[a-z]{3,8}\s+){11,}[a-z]{3,8}/i

function entropyBits(token: string): number {
  const counts = new Map<string, number>()
  for (const letter of token) counts.set(letter, (counts.get(letter) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values()) bits -= (count / token.length) * Math.log2(count / token.length)
  return bits
}

/** Long, random, letters and digits mixed all through: web addresses, gene and chemical names are not. */
function looksRandom(token: string, minLength: number, minBits: number): boolean {
  if (token.length < minLength || /^[acgtun]+$/i.test(token)) return false
  const changes = (token.match(/[A-Za-z](?=[0-9])|[0-9](?=[A-Za-z])|[a-z](?=[A-Z])/g) ?? []).length
  return changes >= 5 && /\d/.test(token) && entropyBits(token) >= minBits
}

/** Keys, tokens and passwords: by issuer's shape, by "password is ...", by randomness. The secret is never repeated. */
export const secrets: Check = (row, policy) => {
  const text = `${row.question}\n${row.answer}`
  const fix = 'Take it out, and replace that secret where it is in use: it has left your hands.'
  for (const [kind, shape] of shapes)
    if (shape.test(text)) return refuse('secrets', `The row contains ${kind}.`, fix, { kind })
  for (const match of text.matchAll(stated))
    if (/\d|[^\w\s.,;:)"'”-]/.test((match[1] ?? '').replace(/[.,;:)"'”]+$/, '')))
      return refuse('secrets', 'The row states a password or key.', fix, { kind: 'password' })
  if (named.test(text)) return refuse('secrets', 'The row states a key.', fix, { kind: 'key' })
  if (recoveryWords.test(text))
    return refuse('secrets', "The row contains a wallet's recovery words.", fix, { kind: 'recovery words' })
  const bare = text.replace(/\b\w+:\/\/\S+/g, ' ')
  for (const token of bare.match(/[A-Za-z0-9+/_=-]{20,}/g) ?? [])
    if (looksRandom(token, policy.secretLength, policy.secretEntropyBits))
      return refuse('secrets', 'The row contains a long random string that looks like a key.', fix, {
        kind: 'random string',
      })
  return pass('secrets', 'The row has no key or password.')
}
