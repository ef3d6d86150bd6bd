import { contentStems } from '../../models/attribution/words.ts'
import type { Check } from './check.ts'
import { pass, refuse, review } from './check.ts'

const smallTalk =
  /^\W*(?:hi|hey|hello|yo|good (?:morning|evening|night|afternoon)|thanks?(?: you)?|ok(?:ay)?|lol|test(?:ing)?|how are you|what'?s up|how (?:is|was) your (?:day|weekend)|gm|anyone here|nice to meet you)\b[\p{L}\s,.!?'’]{0,40}$/iu

/**
 * The row belongs to the datanet's subject: the share of its words, weighed by rarity, that the datanet's purpose and
 * rows also use. Lenient, since new themes are welcome: far-off rows go to a person, chat goes back.
 */
export const relevance: Check = (row, policy, datanet) => {
  const fix = 'Ask and answer something that this datanet is about.'
  if (smallTalk.test(row.question.trim()) && contentStems(row.answer).length < 15)
    return refuse('relevance', 'The row is small talk.', fix)
  if (datanet.rows < policy.relevance.minRows)
    return pass('relevance', 'The datanet is too young to judge what is far from it.')
  const likeness = datanet.likenessToSubject(`${row.question}\n${row.answer}`)
  const facts = { likeness: Math.round(1000 * likeness) / 1000 }
  return likeness < policy.relevance.review
    ? review('relevance', "The row seems far from this datanet's subject.", fix, facts)
    : pass('relevance', "The row is near this datanet's subject.", facts)
}
