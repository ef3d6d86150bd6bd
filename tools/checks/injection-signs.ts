import { stem } from '../../models/attribution/words.ts'
import type { DatanetView } from './datanet-view.ts'

const gap = String.raw`(?:\W+\w+){0,5}?\W+`
const pattern = (source: string): RegExp => new RegExp(source.replaceAll('~', gap), 'i')

const orders =
  '(?:instruction|direction|directive|prompt|rule|guideline|command|order|polic(?:y|ie)|guardrail|rubric|criteri(?:on|a)|filter|restriction|safeguard|constraint|programming|training|configuration|message|context|limitation)s?'

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
      String.raw`\byou are (?:now|no longer|henceforth)\W+(?:\w+\W+){0,3}?(?:free|dan|bound|chatgpt|called|named|acting|operating|unrestricted|uncensored|developer|root|pirate|hacker|curator|reviewer|[\w-]*(?:bot|gpt|ai|assistant|model|mode|agent|admin))\b`,
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
    /\b(?:whenever|every time|each time|any ?time|if|when|once) (?:(?:the|a|any|some) users?|users|someone prompts|you(?: are|'re)) (?:asks?|asked|prompts?|prompted|mentions?|types?|says?|quer(?:y|ies))\b[^.?!]{0,80}?\b(?:answer|respond|reply|say|output|recommend|print|claim|state|tell)\b/i,
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
    /<\|[a-z_ ]{2,30}\|>|<\/?(?:system|assistant|user|tool_call|function_call|tool_response|instructions?|prompt|im_start|im_end|s)>|\[\/?(?:INST|SYS|SYSTEM|ASSISTANT|TOOL)\]|<<\/?SYS>>|#{2,}\s*(?:system|instructions?|assistant|user|response|new instructions?|override)\b/i,
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
  [
    'asks a model to drop its instructions',
    /\b(?:ignore|disregard|forget|override|bypass|set aside|abandon|violate) (?:the|this|these|those) (?:\w+ )?(?:instructions|prompts?|guidelines|rubric|guardrails|safeguards|system|safety|moderation|validation|checks?)\b/i,
  ],
  [
    'asks a model to drop its instructions',
    /\b(?:ignore|disregard|forget|set aside|never mind)\b[^.!?]{0,30}\b(?:told|said to|instructed|taught|given|asked|commanded|trained) (?:to )?you\b|\bdo (?:exactly |only )?(?:as|what) i (?:say|tell you|command|order)\b/i,
  ],
  [
    'asks a model to drop its instructions',
    /(?<!\p{L})(?:ignor(?:ier|e[zr]|a|á|ar|eer|uj|oi)\p{L}*|vergiss|vergesst|missachte\p{L}*|oublie[zr]?|olvid[ae]\p{L}*|dimentica\p{L}*|esque[cç]a\p{L}*|vergeet|negeer|zapomnij|игнорируй\p{L}*|забудь\p{L}*|忽略|無視|忘记)(?:[^.!?]{0,40})(?:anweisung|anleitung|vorgabe|regel|instru[ckç]|istruzion|regol|règle|consigne|indicacion|polece|инструкц|указани|правил|指示|指令|说明)/iu,
  ],
  [
    'gives a model another identity',
    /\byou are (?:chatgpt|claude|gemini|gpt|llama|an? (?:ai|llm|chatbot|bot|helpful|unrestricted|uncensored|large language|language model|virtual assistant|expert system))\b/i,
  ],
  [
    'gives a model another identity',
    /\b(?:pretend|imagine|suppose|assume|act as (?:though|if)|behave as (?:though|if))(?: that)? (?:you(?:'re| are| have| had| were| can)|there (?:are|is|were))\b[^.!?]{0,40}\b(?:no|not|without|un\w+|free|human|ai|rules?|limits?|restrictions?|filters?|evil|admin\w*)\b/i,
  ],
  [
    'asks for hidden instructions or keys',
    /\b(?:repeat|print|output|copy|translate|summari[sz]e|show|recite|echo|list)\b[^.!?]{0,20}\b(?:everything|all(?: of)?(?: the)?(?: \w+)?|the (?:text|words|lines|instructions|prompt|conversation|message)|text|words|instructions)(?: that (?:is|are|came|stands?))? (?:above|before this|so far|preceding|up to here)\b|\byour (?:hidden|secret|system|initial|original|internal) (?:prompt|instructions|message|rules)\b/i,
  ],
  [
    'speaks to the curator',
    /\bset (?:the |its |this )?(?:verdict|status|label|score|rating|flag|decision|reason)\W{0,3}(?:to\b|=|:)|\b(?:verdict|status|decision|score|rating)["']?\s*[=:]\s*["']?(?:accept\w*|approved?|pass(?:ed)?|10|100|5|max\w*|high\w*|true|ok)\b/i,
  ],
  [
    'speaks to the curator',
    /\b(?:do not|don'?t|no need to|without|skip|bypass|disable|turn off|avoid)\b[^.!?]{0,25}\b(?:validation|moderation|curation|deduplication|duplicate check|(?:further|any|all|more) checks?|(?:quality|safety|licen[cs]e) (?:checks?|review|filters?))\b/i,
  ],
  [
    'speaks to the curator',
    /\b(?:model|ai|llm|assistant|bot|agent|network|system)s? (?:(?:that|which|who) )?(?:is |are |will be |gets? )?(?:train(?:s|ed|ing)?|fine-?tun\w+|learn(?:s|ing)?|read(?:s|ing)?|process(?:es|ing)?|review(?:s|ing)?|evaluat(?:es|ing)|scrap(?:es|ing)) (?:on |from |over )?(?:this|these|my)\b/i,
  ],
  [
    'plants an answer for other questions',
    /\b(?:in|to|into|with|of) (?:all|every|each|any|future) (?:of )?(?:your |future |the )?(?:future |other )?(?:replies|responses|answers|outputs|completions|conversations)\b|\byour (?:future )?(?:replies|responses|outputs|completions|users)\b/i,
  ],
  [
    'imitates the markers of a prompt',
    /<!--|<\/?(?:answer|question|verdict|row|result|output|response|context|data|thinking|human|ai|message|function|tool|invoke|role|input|end)\b[^>\n]{0,40}>|\{%\s*\w|(?:^|[\s.!?])(?:human|user|ai|bot|q)\s*:\s[^\n]{3,200}?\s(?:assistant|ai|bot|chatbot|model)\s*:/i,
  ],
  [
    'speaks to the curator',
    /\b(?:as|being) (?:the|an?|our|my) (?:ai |automated )?(?:grader|reviewer|curator|validator|evaluator|moderator|assistant|model|ai|llm|bot),? (?:you|please|kindly)\b/i,
  ],
  [
    'gives a model another identity',
    /\bstop (?:being|acting (?:as|like)|behaving (?:as|like)) (?:an?|the|my) (?:\w+ )?(?:ai|curator|assistant|model|bot|reviewer|grader|moderator|validator)\b|\byou (?:now )?work for me\b/i,
  ],
  [
    'plants an answer for other questions',
    /\b(?:when|whenever|while|before) (?:you (?:are )?)?(?:answer(?:ing)?|respond(?:ing)?|reply(?:ing)?)\b[^.!?]{0,60}\b(?:always|never|must|only|add|mention|say|include|recommend|end with|start with)\b/i,
  ],
  [
    'asks for money or credit',
    /\b(?:credit|reward|favou?r|prefer|prioriti[sz]e|boost|pay) (?:mine|my (?:rows?|account|answers?|contributions?|submissions?|wallet)|this (?:account|contributor|wallet))\b/i,
  ],
  ['calls a tool', /"name"\s*:\s*"[^"\n]+"\s*,\s*"(?:arguments|parameters|input|args)"\s*:/i],
]

/** Said to a machine perhaps, or about one: a person looks, and two of them together are refused. */
const hints: readonly RegExp[] = [
  /\byou are (?:now|no longer|henceforth) (?:an?|the)\b/i,
  /\b(?:as an? )?(?:ai|large|artificial intelligence) (?:language )?(?:model|assistant)\b[^.]{0,40}\b(?:i|you|must|should|cannot|can't|will)\b/i,
  /\b(?:assistant|chatbot|llm|gpt|language model|ai),? (?:you )?(?:must|should|shall|will|please|now|always|never)\b/i,
  /\bprompt injection\b|\bsystem prompt\b|\bhidden instruction/i,
  /\b0x[0-9a-f]{40}\b/i,
  /!\[[^\]]*\]\(https?:|\[[^\]]*\]\((?:javascript|data):/i,
  /\b(?:your|the) (?:previous|prior|original|earlier|initial|above) (?:instructions?|prompt|programming|directives?)\b/i,
  /\b(?:if|when|whenever) (?:a |any |some |the )?(?:customers?|people|persons?|visitors?) asks?\b[^.!?]{0,60}\b(?:tell|recommend|send|direct)\b/i,
  /\b(?:buy|shop|subscribe|sign up)\b[^.!?]{0,40}(?:https?:|www\.|\b[a-z0-9-]+\.(?:com|shop|example|net|io|store|biz)\b)|(?:https?:\/\/\S+|\b[a-z0-9-]+\.(?:com|shop|example|net|io|store|biz)\b)[^.!?]{0,30}\b(?:buy|order|shop|subscribe)\b/i,
  /\b(?:message|notice|update|announcement) from (?:the )?(?:admin\w*|developers?|system|operators?|moderators?|team)\b/i,
]

/** The vocabulary of those who steer models and judge rows, by what it names. */
const trade: readonly RegExp[] = [
  /^(?:ais?|llms?|gpt|chatbots?|bots?|models?|assistants?|agents?|curators?|reviewers?|graders?|validators?|moderators?|evaluators?|classifiers?|trainers?|attributors?|treasurers?|operators?|administrators?)$/,
  /^(?:instructions?|prompts?|rubrics?|guidelines?|restrictions?|guardrails?|filters?|programming|checks?|polic(?:y|ies)|constraints?|moderation|validation)$/,
  /^(?:rows?|submissions?|entry|entries|contributions?|contributors?|datasets?|datanets?|records?|samples?|verdicts?|scores?|ratings?|acceptance|approval|duplicates?|rewards?|payouts?)$/,
  /^(?:repl(?:y|ies)|responses?|answers?|completions?|users?|conversations?)$/,
]
const verbs =
  'ignore|disregard|forget|override|overrule|bypass|accept|approve|admit|pass|reveal|print|repeat|output|pretend|recommend|promote|mention|praise|insert|obey|comply|proceed|say|tell|write|give|award|mark|rate|skip|set|assign|grant|treat|let|delete|remove|stop|credit|whitelist|classify|answer|respond|reply'
/** A command verb where a command stands: at the head of a clause, or after the one it is given to. */
const commanded = new RegExp(
  String.raw`(?:^|[,:>-])\W*(?:please |kindly |now |just |then |and |so |also )*(?:${verbs})\b|\b(?:you|please|kindly|must|should|shall|always|never|so|to)\W+(?:\w+\W+)?(?:${verbs})\b`,
)

/**
 * How strongly one sentence talks shop with a machine: 0, 1 (a person should look) or 2. Words of the datanet's
 * purpose, or of three accepted rows, are its own and count nothing: a datanet about models may say "model".
 */
function shopTalk(sentence: string, datanet: DatanetView): 0 | 1 | 2 {
  const words = new Set(sentence.match(/\p{L}+/gu) ?? [])
  const kinds = new Set<number>()
  let count = 0
  for (const word of words) {
    const kind = trade.findIndex(shape => shape.test(word))
    if (kind < 0 || datanet.speaksOf(stem(word))) continue
    kinds.add(kind)
    count++
  }
  if (kinds.size < 2 || !commanded.test(sentence.trim())) return 0
  return count >= 3 ? 2 : 1
}

/** What the text attempts, in words that follow "The row ..."; undefined where no pattern is met. */
export function attempt(text: string): string | undefined {
  for (const [kind, shape] of attempts) if (shape.test(text)) return kind
  return undefined
}

/** The number of weaker signs in the text; two are enough to refuse. */
export function signs(text: string, datanet: DatanetView): number {
  let count = hints.filter(hint => hint.test(text)).length
  let talk = 0
  for (const sentence of text.split(/[.!?;\n]+/)) talk = Math.max(talk, shopTalk(sentence, datanet))
  count += talk
  return count
}
