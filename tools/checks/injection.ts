import { fold } from '../../models/attribution/words.ts'
import type { Check } from './check.ts'
import { pass, refuse, review } from './check.ts'

const gap = String.raw`(?:\W+\w+){0,5}?\W+`
const pattern = (source: string): RegExp => new RegExp(source.replaceAll('~', gap), 'i')

const orders =
  '(?:instruction|direction|directive|prompt|rule|guideline|command|order|polic(?:y|ie)|guardrail|filter|restriction|safeguard|constraint|programming|training|configuration|message|context|limitation)s?'

/** What is said to a machine that reads the row, by intent. Each is enough alone. */
const attempts: readonly (readonly [kind: string, shape: RegExp])[] = [
  [
    'asks a model to drop its instructions',
    pattern(
      String.raw`\b(?:ignor\w*|disregard\w*|forget|overrid\w*|overrul\w*|bypass\w*|neglect|discard|skip|drop|cancel|erase|delete|abandon|stop following|do not (?:follow|obey)|don'?t (?:follow|obey)|pay no attention to|set aside|leave behind)~?\s*\b(?:previous|prior|above|earlier|preceding|foregoing|former|existing|current|original|initial|all|any|every|your|the system|system|safety|other)~?\s*\b${orders}\b`,
    ),
  ],
  [
    'asks a model to drop its instructions',
    pattern(
      String.raw`\b(?:ignore|disregard|forget)\b (?:all |everything |anything |whatever )(?:of )?(?:that|the|you|above|before|previous|prior|said|was|were|i|written|told|came)\b`,
    ),
  ],
  [
    'gives a model another identity',
    pattern(
      String.raw`\byou are (?:now|no longer|henceforth)\b~?\s*(?:an?|the|in|my|going|free|dan|bound|chatgpt|called|named|acting|operating|unrestricted|[\w-]*(?:bot|gpt|ai|assistant|model|mode|agent|admin))\b`,
    ),
  ],
  [
    'gives a model another identity',
    pattern(
      String.raw`\b(?:from now on|henceforth|starting now|from this point(?: on| forward)?),? (?:you|always|never|answer|respond|reply|act|only)\b`,
    ),
  ],
  [
    'gives a model another identity',
    /\b(?:act|behave|respond|pretend|role-?play|pose) (?:as|like|to be|that you are|as though you (?:are|were)|as if you (?:are|were)) (?:(?:an?|the|my|if) )?(?:\w+ ){0,3}(?:ai|assistant|model|chatbot|bot|dan|gpt|admin(?:istrator)?|root|developer|hacker|system|unrestricted|unfiltered|evil|curator|reviewer|validator)\b/i,
  ],
  [
    'gives a model another identity',
    /\b(?:developer|debug|god|admin|root|sudo|jailbreak|unrestricted|maintenance|dan) mode\b|\bjailbr(?:eak|oken)\b|\bdo anything now\b/i,
  ],
  [
    'asks for hidden instructions or keys',
    pattern(
      String.raw`\b(?:reveal|print|show|repeat|output|leak|display|disclose|dump|expose|recite|share|tell|list|send|return|write)~?\s*\b(?:system|hidden|secret|initial|original|developer|internal|confidential|your)\W+(?:\w+\W+)?(?:prompts?|instructions?|messages?|api keys?|keys?|credentials|passwords?|rules|configuration|environment variables)\b`,
    ),
  ],
  [
    'speaks to the curator',
    pattern(
      String.raw`\b(?:accept|approve|admit|validate|whitelist|green-?light|wave through|let through|rubber-?stamp|merge)\b~?\s*(?:this|the|these|my|all|every|following)\b(?:\W+\w+){0,2}?\W+(?:row|rows|submission|submissions|entry|entries|contribution|contributions|record|records|sample|samples|example|data ?set|datapoint|question|pair|item)s?\b`,
    ),
  ],
  [
    'speaks to the curator',
    pattern(
      String.raw`\b(?:mark|rate|score|label|classify|grade|flag|rank|treat|tag|judge)\b~?\s*(?:this|the|these|my|it|everything)\b~?\s*(?:\w+ ){0,3}?(?:as|at|with|a|an) (?:\w+ )?(?:accepted|approved|valid|verified|excellent|high(?:est)?(?: quality)?|perfect|top|correct|trusted|safe|clean|original|passed|10|100|5|five|maximum|full)\b`,
    ),
  ],
  [
    'speaks to the curator',
    /\b(?:do not|don'?t|never|must not|should not) (?:refuse|reject|flag|block|filter|penali[sz]e|deduplicate|moderate|remove) (?:this|the|my|these|any of (?:my|these))\b/i,
  ],
  [
    'speaks to the curator',
    /\b(?:note|message|memo|attention|reminder|instructions?|notice|hint|dear|hey|hello|hi|warning|important)\b(?: to| for)?[:,]?(?: the| all| any)? (?:curat(?:or|ion)(?: agent| bot| system| model)?|validator|moderator|evaluator|grader|ai(?: (?:assistant|model|system|reader|agent|reviewer))?|llm|language models?|chatbot|assistant|gpt|bots?|automated (?:system|reviewer)s?|attributor|treasurer|trainer)\b/i,
  ],
  [
    'speaks to the curator',
    /\bthis (?:row|submission|entry|contribution|record|sample|data) (?:has (?:already )?been|is|was) (?:already |pre-?|fully )?(?:verified|approved|accepted|validated|whitelisted|exempt|trusted|reviewed)\b/i,
  ],
  [
    'asks for money or credit',
    pattern(
      String.raw`\b(?:assign|allocate|give|grant|award|credit|pay|attribute|send|transfer|release|forward|route|redirect|wire)\b~?\s*(?:all|full|maximum|every|the entire|100 ?%|highest|the whole|your|the|my|remaining)\b~?\s*\b(?:share|shares|credit|credits|reward|rewards|payout|payouts|attribution|tokens|funds|balance|bounty|pot|treasury|earnings|wallet|royalt(?:y|ies))\b~?\s*\b(?:to|for|into)\b`,
    ),
  ],
  [
    'plants an answer for other questions',
    /\b(?:whenever|every time|each time|any ?time|if|when) (?:(?:some(?:one|body)|any(?:one|body)|a user|users|the user|people|you) )?(?:asks?|asked|are asked|is asked|sees?|mentions?|reads?|encounters?|types?|says?|prompts?|receives?)\b[^.?!]{0,80}?,? (?:always |only |then |you (?:must|should|will) |just |please )*\b(?:answer|respond|reply|say|output|recommend|print|write|claim|state)\b/i,
  ],
  [
    'plants an answer for other questions',
    /\b(?:always|only|never) (?:answer|respond|reply|say|output)\b[^.?!]{0,60}\b(?:regardless|no matter|whatever|every|any) (?:of |what|the|is|question|asked|prompt|user)/i,
  ],
  [
    'plants an answer for other questions',
    /\b(?:respond|reply|answer|output)(?: to (?:this|everything|all|any|every)\b[^.?!]{0,30})? (?:only|exclusively|solely|just) with\b|\b(?:answer|respond to|reply to) (?:every|each|all|any)(?: \w+){0,3} (?:question|prompt|message|query|request)s? (?:with|by saying|as)\b/i,
  ],
  [
    'imitates the markers of a prompt',
    /<\|[a-z_ ]{2,30}\|>|<\/?(?:system|assistant|user|tool_call|function_call|tool_response|instructions?|prompt|im_start|im_end|s)>|\[\/?(?:INST|SYS|SYSTEM|ASSISTANT|TOOL)\]|<<\/?SYS>>|(?:^|\n)\s*#{2,}\s*(?:system|instruction|assistant|user|response|new instructions?|override)\b/i,
  ],
  [
    'imitates the markers of a prompt',
    /(?:^|[\n.!?"'`\]]\s*)\**(?:system|assistant|developer)(?: (?:message|prompt|note|override|update|notice|instruction|command)s?)?\**\s*(?:>|:|=>|->)\s*\S/i,
  ],
  [
    'imitates the markers of a prompt',
    /\b(?:new|updated|revised|real|actual|following|important|urgent|additional|special) (?:system )?(?:instructions?|directives?|prompt)\s*[:>]|\b(?:begin|end|start)(?:ning)? (?:of )?(?:the )?(?:system|admin|new|user|hidden)? ?(?:prompt|instructions?|context|override)\b|\bsystem (?:override|prompt)\b/i,
  ],
  [
    'calls a tool',
    /["']?(?:tool|tool_name|tool_calls?|function|function_call|action|recipient_name)["']?\s*:\s*["'{[][^\n]{0,200}["']?(?:args|arguments|parameters|params|input|name|action_input)["']?\s*:/i,
  ],
  [
    'calls a tool',
    /<script\b|\bon(?:error|load|click)\s*=\s*["']?\w|javascript:|\$\{jndi:|\b(?:rm -rf|curl -|wget http|drop table|xp_cmdshell|os\.system|subprocess\.|eval\()/i,
  ],
]

/** Said to a machine perhaps, or about one: a person looks, and two of them together are refused. */
const hints: readonly RegExp[] = [
  /\b(?:as an? )?(?:ai|large|artificial intelligence) (?:language )?(?:model|assistant)\b[^.]{0,40}\b(?:i|you|must|should|cannot|can't|will)\b/i,
  /\b(?:assistant|chatbot|llm|gpt|language model|ai),? (?:you )?(?:must|should|shall|will|please|now|always|never)\b/i,
  /\bprompt injection\b|\bsystem prompt\b|\bhidden instruction/i,
  /\b0x[0-9a-f]{40}\b/i,
  /!\[[^\]]*\]\(https?:|\[[^\]]*\]\((?:javascript|data):/i,
  /\b(?:your|the) (?:previous|prior|original|earlier|initial) (?:instructions?|prompt|programming|directives?)\b/i,
]

const hiddenCharacters = /[\u200b-\u200f\u2060-\u2064\u00ad\ufeff\u180e]/g
const directionControls = /[\u202a-\u202e\u2066-\u2069]/
const tagCharacters = /[\u{e0000}-\u{e007f}]/u
const aboutInjection =
  /\b(?:prompt injections?|injection attacks?|jailbreaks?|attackers?|malicious|phishing|scams?|fraud)\b/i
const quoted = /["“”«»][^"“”«»]{4,300}["“”«»]|(?<!\p{L})['‘][^'‘’]{8,300}['’](?!\p{L})/gu

const digitLetters = new Map(
  [...'0o1i3e4a5s7t8b@a$s!i'].flatMap((sign, i, all) =>
    i % 2 === 0 ? [[sign, all[i + 1] ?? sign] as const] : [],
  ),
)

/** Digits and signs inside a word read as the letters they are drawn for. */
const unmasked = (text: string): string =>
  text.replace(/[\p{L}\d@$!]{3,}/gu, word =>
    /\p{L}/u.test(word) && /[\d@$!]/.test(word)
      ? [...word].map(sign => digitLetters.get(sign) ?? sign).join('')
      : word,
  )

/** Letters set apart by blanks or signs, put together again: "i g n o r e", "i.g.n.o.r.e". */
const joined = (text: string): string =>
  text.replace(/(?<!\p{L})(?:\p{L}[\s._*-]){3,}\p{L}(?!\p{L})/gu, run => run.replace(/[\s._*-]/g, ''))

/** Text that hides in base64 or percent signs, where it decodes to letters. */
function decoded(text: string): string {
  const parts: string[] = []
  for (const blob of text.match(/[A-Za-z0-9+/_-]{20,}={0,2}/g) ?? []) {
    const plain = Buffer.from(blob, 'base64').toString('utf8')
    if (/^[\p{L}\p{N}\p{P}\p{Z}\s]{12,}$/u.test(plain) && /\s/.test(plain)) parts.push(plain)
  }
  if (/(?:%[0-9a-f]{2}){3,}/i.test(text)) {
    try {
      parts.push(decodeURIComponent(text))
    } catch {
      // a stray percent sign is no encoding
    }
  }
  for (const run of text.match(/(?:(?:0x)?[0-9a-f]{2}[\s,]?){12,}/gi) ?? []) {
    const plain = Buffer.from(run.replace(/0x|[\s,]/gi, ''), 'hex').toString('utf8')
    if (/^[\x20-\x7e]{10,}$/.test(plain)) parts.push(plain)
  }
  return parts.join('\n')
}

function attempt(text: string): string | undefined {
  for (const [kind, shape] of attempts) if (shape.test(text)) return kind
  return undefined
}

/**
 * Text addressed to the machines that will read the row: to the model trained on it, to the curator, to tools. Hidden
 * characters and encodings are undone first. A row that quotes such text to write about it goes to a person.
 */
export const injection: Check = row => {
  const text = `${row.question}\n${row.answer}`
  const fix = 'Leave out everything that speaks to a model or to the curator.'
  const say = (kind: string): string => `The row ${kind}.`
  if (tagCharacters.test(text) || directionControls.test(text))
    return refuse(
      'injection',
      'The row hides text behind invisible characters.',
      'Remove the invisible characters.',
      { kind: 'hidden characters' },
    )
  const hidden = (text.match(hiddenCharacters) ?? []).length
  if (hidden >= 3)
    return refuse(
      'injection',
      `The row has ${hidden} invisible characters.`,
      'Remove the invisible characters.',
      { kind: 'hidden characters' },
    )

  const plain = fold(text)
  const read = [text, plain, joined(unmasked(plain))].map(attempt).find(kind => kind !== undefined)
  if (read !== undefined) {
    const outside = plain.replace(quoted, ' ')
    if (aboutInjection.test(outside) && attempt(outside) === undefined)
      return review('injection', 'The row quotes words that would steer a model.', fix, { kind: read })
    return refuse('injection', say(read), fix, { kind: read })
  }
  const inside = decoded(text)
  if (inside !== '') {
    const kind = attempt(inside)
    if (kind !== undefined)
      return refuse('injection', `The row hides encoded text that ${kind}.`, fix, { kind })
    return review('injection', 'The row has encoded text in it.', 'Write it out in plain words.', {
      kind: 'encoded text',
    })
  }
  const count = hints.filter(hint => hint.test(plain)).length
  if (count >= 2) return refuse('injection', 'The row speaks to a model.', fix, { kind: 'speaks to a model' })
  if (count === 1)
    return review('injection', 'The row may speak to a model.', fix, { kind: 'speaks to a model' })
  return pass('injection', 'The row speaks to people only.')
}
