import type { Rule } from './rule.ts'
import { ownRules } from './rules-own.ts'
import { talkRules } from './rules-talk.ts'
import { verbRules } from './rules-verbs.ts'

/** Word classes that patterns name as `<class>`. */
const classes: Readonly<Record<string, string>> = {
  tokens: '(?:tokens?|coins?|credits?|money|funds?|cash|dough|geld|dinero|bucks?|jetons?)',
  earned:
    '(?:earn(?:ed|ings?|s)?|rewards?|income|payouts?|royalt(?:y|ies)|verdien(?:st|t|e)|gan[aoé]\\w*|revenue|owed?)',
  answer: '(?:answers?|repl(?:y|ies)|responses?|outputs?|antwort|respuesta|réponse)',
  rows: '(?:rows?|data|contributions?|entries|submissions?|files?|uploads?|stuff|things?|answers?|examples?|zeilen?|daten|datos|données|faqs?|csv|pdf|questions? and answers?)',
  show: '(?:show|list|see|view|display|open|get|give me|tell me|what|which|whats|browse|zeig\\w*|muestra\\w*|montre\\w*|read|look)',
  take: '(?:withdraw|retract|remove|delete|undo|revoke|rescind|take (?:back|out|down)|pull(?: out)?|get rid of|erase|scrap|drop|löschen?|zurück(?:ziehen|nehmen)|retirer|retirar)',
  wipe: '(?:erase|delete|wipe|purge|destroy|remove|forget|obliterate|clear|get rid of|supprime[rz]?|supprimez|effacer?|borra\\w*|lösche?n?|elimina\\w*)',
  all: '(?:all|everything|every|entire|whole|completely|complete|alles?|todos?|todas?|tout(?:es)?|any trace)',
  move: '(?:send|move|transfer|take|claim|pay|give|withdraw|steal|empty|drain|pledge|deposit|get|put|spend|grab|redirect|cash|use|charge|wire|vote|sign)',
  secret:
    '(?:balances?|earn\\w*|wallets?|address(?:es)?|e-?mails?|phone|votes?|voted|ballots?|ask(?:ed|s|ing)?|questions?|real names?|messages?|accounts?|history|profiles?|passwords?|private keys?|seed|data|rows|made|owns?|paid|tokens|contribut\\w+)',
  others:
    "(?:_other|other (?:people|members?|users?|persons?|contributors?)(?:'s?)?|others'?|every ?(?:body|one|user|member|person)(?:'s)?(?: else)?|some(?:one|body)(?: else)?(?:'s)?|any(?:one|body)(?: else)?(?:'s)?|(?:all|the) (?:the )?(?:users|members|people|contributors|askers|voters|reviewers)(?:')?|(?:my|the|this|that|our) (?:neighbou?r|boss|friend|brother|sister|wife|husband|mother|father|mum|mom|dad|colleague|ex|partner|contributor|proposer|person|member|user|guy|author|asker)(?:'s)?)",
  kin: '(?:discord|telegram|website|web|both|other) ?(?:platforms?|account|page|site|chat)?',
}

const rules: readonly Rule[] = [...talkRules, ...ownRules, ...verbRules]

const compiled = rules.map(([intent, weight, pattern]) => ({
  intent,
  weight,
  pattern: new RegExp(
    pattern.replace(/<(\w+)>/g, (whole, name: string) =>
      Object.hasOwn(classes, name) ? classes[name]! : whole,
    ),
    'u',
  ),
}))

/** Characters of a line that patterns look at: some take time with the third power of it. */
const longest = 300

/** What the patterns say for each intent that one of them fits, in nats; `shown` is a line without its values. */
export const ruleScores = (shown: string): Map<string, number> => {
  const scores = new Map<string, number>()
  const text = shown.slice(0, longest)
  for (const { intent, weight, pattern } of compiled)
    if (weight > (scores.get(intent) ?? 0) && pattern.test(text)) scores.set(intent, weight)
  return scores
}
