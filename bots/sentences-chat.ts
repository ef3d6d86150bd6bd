import { countText, durationText, oneLine, tokensText } from './format.ts'

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
  welcome:
    'Here people propose language models, teach them with questions and answers of their own, and share what the models earn. Ask a model something, or give it something to learn: begin with a button.',
  seeModels: 'Models',
  giveRows: 'Contribute',
  getHelp: 'Help',
  /** Instead of the hint in a server, where the bot does not hear what is merely typed. */
  cancelHintInServer: 'Answer with /say; in a private message to me you can simply type. /cancel stops.',
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
  chosenChannel: 'the channel you chose',
  channelForeign:
    'That is no channel of this server or group, so I would write to strangers. Pick one of its channels, or send /setup in the one you mean.',
  roleUnknown: (role: string, known: readonly string[]) =>
    `There is no role "${oneLine(role, 40)}" here. ${known.length === 0 ? 'Pick roles from the list.' : `There are: ${oneLine(known.join(', '), 300)}.`}`,
  everybody: 'everybody',
  languageUnknown: (known: readonly string[]) => `I speak ${known.join(', ')}.`,
  muted: 'They are muted here: I do not answer them until /unmute.',
  unmuted: 'I answer them again.',
  personUnknown:
    'I cannot tell whom you mean. Mention them by picking their name from the list, or send the command in reply to a message of theirs.',
  quietOn: 'I tell you no news any more. /quiet off turns them on.',
  quietOff: 'I tell you news again.',
  digestTitle: (day: string) => `News of ${day}`,
  digestLine: (model: string, state: string) => `${model}: ${state}`,
  digestState: (state: string, release: number | null) =>
    release === null ? state : `${state}, release ${release}`,
}
