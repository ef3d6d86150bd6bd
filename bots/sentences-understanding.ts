import type { RefusalReason } from '../tools/understanding.ts'

type Meanings = Readonly<Record<string, (words: Readonly<Record<string, string>>) => string>>

const named = (name: string | undefined): string => (name === undefined ? '' : ` ${name}`)
const to = (preposition: string, name: string | undefined): string =>
  name === undefined ? '' : ` ${preposition} ${name}`
const tokensOf = (tokens: string | undefined): string =>
  tokens === undefined ? 'tokens' : `${tokens} ${tokens === '1' ? 'token' : 'tokens'}`

/** What is said of a line of free text that was read as something else than a question. */
export const understanding = {
  readAs: (meant: string) => `I read this as: ${meant}.`,
  shallI: (meant: string) => `I read this as: ${meant}. Shall I do it?`,
  /** What a command with its words means; a command without an entry is named with its words. */
  meanings: {
    account: () => 'show your account',
    another: () => 'compare the answer with another one',
    ask: ({ model, question }) => `ask${named(model)}${question === undefined ? '' : `: ${question}`}`,
    claim: () => 'have your earnings paid to you',
    consent: ({ proposal, revoke }) =>
      `${revoke === undefined ? 'state once for all rows that they are yours to give' : 'take your consent back'}${to('for', proposal)}`,
    consents: () => 'show your standing consents',
    contribute: ({ proposal }) => `give rows${to('to', proposal)}`,
    deposit: ({ tokens }) => `move ${tokensOf(tokens)} to your prepaid balance`,
    erase: () => 'erase your account',
    explain: () => 'show whose rows shaped the answer',
    feedback: ({ thumb }) =>
      thumb === undefined ? 'judge the answer' : `call the answer ${/down|-1/.test(thumb) ? 'bad' : 'good'}`,
    freeze: ({ proposal }) => `end the gathering${to('of', proposal)}`,
    link: () => 'link this with another identity or wallet of yours',
    models: () => 'show the released models',
    pledge: ({ proposal, tokens }) => `pledge ${tokensOf(tokens)}${to('to', proposal)}`,
    prefer: ({ choice }) => `say which answer is better${choice === undefined ? '' : `: ${choice}`}`,
    propose: ({ name }) => `propose a model${named(name)}`,
    run: ({ model, proposal, run }) => `show the training${to('of', model ?? proposal ?? run)}`,
    status: ({ proposal }) => (proposal === undefined ? 'show where things stand' : `show ${proposal}`),
    submission: () => 'show what became of your rows',
    takeout: () => 'give you a copy of everything that is kept of you',
    unlink: ({ what }) => `take ${what ?? 'a platform or wallet'} away from your account`,
    vote: ({ proposal, choice }) => `vote${choice === undefined ? '' : ` ${choice}`}${to('on', proposal)}`,
    withdraw: ({ contribution }) => `take back ${contribution ?? 'rows of yours'}`,
  } satisfies Meanings as Meanings,
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
