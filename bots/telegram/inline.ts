import type { Api } from 'grammy'
import { telegramSentences as say } from './sentences.ts'

/** Seconds that Telegram may give the same answer to everybody: it is always the same one. */
const CACHE_SECONDS = 300

/**
 * Answers `@bot …` typed in any chat: with a button to the private chat, because asking costs money, and money is confirmed
 * there. Nothing is shown of anybody's answers. A failure is left alone: the person's client asks again.
 */
export const answerInline = async (api: Api, query: string): Promise<void> => {
  await api
    .answerInlineQuery(query, [], {
      cache_time: CACHE_SECONDS,
      button: { text: say.askPrivately, start_parameter: 'ask' },
    })
    .catch(() => {})
}
