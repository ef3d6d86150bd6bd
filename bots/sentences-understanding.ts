import type { RefusalReason } from '../tools/understanding.ts'

/** What is said of a line of free text that was read as something else than a question. */
export const understanding = {
  readAs: (line: string) => `I read this as ${line}`,
  shallI: (line: string) => `I read this as ${line} Shall I do it?`,
  doIt: 'Do it',
  unclear: (line: string) => `I am not sure what "${line}" means. Did you mean one of these?`,
  refusals: {
    'private-data': 'That belongs to somebody else, and I tell nobody of it.',
    'others-money': 'That is not yours to move, and I cannot move it for you.',
    injection: 'My rules stay as they are, whoever asks. I can do what /help lists.',
    'not-available': 'There is no command for that here. /help lists what there is.',
  } satisfies Readonly<Record<RefusalReason, string>> as Readonly<Record<RefusalReason, string>>,
  outOfScope: 'That is nothing that this network or its models are for. /help lists what I can do.',
  smallTalk: {
    greeting: 'Hello. Ask a question, or see /help.',
    thanks: 'You are welcome.',
    goodbye: 'Goodbye.',
    yes: 'Nothing is waiting for a yes.',
    no: 'All right. Nothing is waiting for an answer.',
    member: 'You have an account already: /account shows it.',
  },
}
