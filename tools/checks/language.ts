import { eld } from 'eld/small'
import { isFunctionWord, words } from '../../models/attribution/words.ts'
import type { Check } from './check.ts'
import { pass, refuse } from './check.ts'

const names = new Intl.DisplayNames('en', { type: 'language' })
const latinLanguage = /^(?:en|de|fr|es|it|pt|nl|pl|sv|da|no|fi|cs|ro|hu|tr|id|ms|vi)$/

/**
 * The row is in the datanet's language. Two witnesses must agree before a row is refused: the n-gram detector names
 * another language, and, for English, function words are rare. Short technical English often fails one, seldom both.
 */
export const language: Check = (row, policy) => {
  const wanted = names.of(policy.language) ?? policy.language
  const fix = `Write question and answer in ${wanted}.`
  for (const [name, text] of [
    ['question', row.question],
    ['answer', row.answer],
  ] as const) {
    const letters = text.match(/\p{L}/gu)?.length ?? 0
    const latin = text.match(/\p{Script=Latin}/gu)?.length ?? 0
    if (latinLanguage.test(policy.language) && letters > 0 && 1 - latin / letters > policy.foreignScriptShare)
      return refuse('language', `The ${name} is mostly in another script.`, fix, { field: name })
    const list = words(text).filter(word => /^\p{L}/u.test(word))
    if (list.length < 3) continue
    const english = list.filter(isFunctionWord).length / list.length
    const result = eld.detect(text)
    if (result.language === policy.language || result.language === '') continue
    if (policy.language === 'en' && english >= 0.2) continue
    const scores = result.getScores()
    const lead = (scores[result.language] ?? 0) - (scores[policy.language] ?? 0)
    if (lead < 0.08) continue
    return refuse(
      'language',
      `The ${name} seems to be in ${names.of(result.language) ?? result.language}.`,
      fix,
      {
        field: name,
        detected: result.language,
      },
    )
  }
  return pass('language', `The row is in ${wanted}.`)
}
