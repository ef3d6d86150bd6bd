import { countText, durationText, tokensText } from './format.ts'

/** Sentences of chat platforms, where a message has buttons, cannot be empty, and may be read by others. */
export const chatting = {
  prompts: {
    'contribute.rows':
      'Now the rows: one "question | answer" a line, or JSON Lines or CSV, in one message or several, or as a file. Press Done after the last.',
    'propose.evaluation':
      'Now at least ten held-out questions with answers that nobody may train on: one "question | answer" a line, or JSON Lines or CSV, in one message or several, or as a file. Press Done after the last.',
  } as Readonly<Record<string, string>>,
  rowsSoFar: (count: number) => `${countText(count, 'row')} so far. Send more, or press Done.`,
  done: 'Done',
  keep: (value: string) => `Keep ${value}`,
  skip: 'Skip',
  /** The foot of an answer that others see: what the asker has left is theirs to know. */
  answerFoot: (model: string, price: string) => `${model} · ${tokensText(price)} tokens`,
  tooLate: 'That question is not open any more. Nothing was done.',
  foreignButton: 'That button is for somebody else. Send the command yourself to get your own.',
  expiredButton: 'That button has expired. Send the command again.',
  pageGone: 'These pages have expired. Send the command again.',
  tooMany: (seconds: number) =>
    `That is more than I can answer at once. Please wait ${durationText(seconds)}; I stay silent until then.`,
  page: (page: number, pages: number) => `${page}/${pages}`,
  before: '‹',
  after: '›',
  wholeInFile: 'The whole of it is in the attached file.',
  moreChoices: (lines: readonly string[]) => `More: ${lines.join(', ')}`,
  nothingToSay: 'Done.',
  notHere: 'Send this in a server or group, not in a private chat.',
  adminsOnly: 'Only an admin of this server or group may do that.',
  roleNeeded:
    'In this server or group only some roles may do that. Ask an admin, or do it in a private chat.',
  setUp: (channel: string, roles: string, language: string) =>
    `Set up. Proposals and digests go to ${channel}; proposing and voting: ${roles}; language: ${language}.`,
  thisChannel: 'this place',
  everybody: 'everybody',
  languageUnknown: (known: readonly string[]) => `I speak ${known.join(', ')}.`,
  muted: 'They are muted here: I do not answer them until /unmute.',
  unmuted: 'I answer them again.',
  quietOn: 'I tell you no news any more. /quiet off turns them on.',
  quietOff: 'I tell you news again.',
  digestTitle: (day: string) => `News of ${day}`,
  digestLine: (model: string, state: string) => `${model}: ${state}`,
}
