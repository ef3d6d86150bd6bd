import type { z } from 'zod'
import { countText, durationText, tokensText } from './format.ts'
import { access } from './sentences-access.ts'
import { chatting } from './sentences-chat.ts'
import { explaining } from './sentences-explain.ts'
import { people } from './sentences-people.ts'
import { understanding } from './sentences-understanding.ts'

/** Every sentence a bot says, in one language. Another language is another value of the same type. */
export const english = {
  /** Short names of fields, columns and tables; another language looks them up by the English one. */
  label: (english: string): string => english,
  greeting: (name: string) => `Hello, ${name}. Ask a question, or type /help.`,
  farewell: 'Goodbye.',
  noModel: 'No model has been released yet, so nothing can answer. /status shows what is under way.',
  onlyModel: (model: string, price: string) => `Questions go to ${model}, ${tokensText(price)} tokens each.`,
  whichModel: 'Several models are released. Say which one you mean.',
  nowAsking: (model: string) => `Questions now go to ${model}.`,
  notAQuestion: (line: string) =>
    `I read "${line}" as a remark: it does not end in a question mark and names no command.`,
  askAnyway: (model: string) => `Ask ${model}`,
  seeHelp: 'See all commands',
  seeStatus: 'See where things stand',
  helpTitle: 'Commands',
  helpItself: 'Show this list, or more of one command.',
  helpMore: (commands: readonly string[]) => `More: ${commands.join(', ')}.`,
  helpNote:
    'Words go by position or as name=value; put quotes around words with spaces. Anything that ends in a question mark is asked.',
  command: 'Command',
  does: 'What it does',
  confirm: {
    ask: (model: string, price: string) =>
      `${model} costs ${tokensText(price)} tokens a question. Ask it? A yes also covers your other questions to it within the hour.`,
    deposit: (tokens: string) => `Move ${tokens} tokens from your wallet to your prepaid balance?`,
    pledge: (tokens: string, proposal: string) =>
      `Pledge ${tokens} tokens to ${proposal}? They come back if it is never released.`,
    propose: (name: string, bond: string) =>
      `Propose ${name} and post a bond of ${bond} tokens? It comes back as you deliver.`,
    vote: (proposal: string, choice: string) =>
      `Vote ${choice} on ${proposal}? You can change it until the poll closes.`,
    claim: 'Have everything you earned paid to your wallet?',
    withdraw: 'Take this row back and erase its text? This cannot be undone.',
    other: (command: string) => `Run /${command}?`,
  },
  yes: 'Yes',
  no: 'No',
  dropped: 'Nothing was done.',
  sayYesOrNo: 'Please say yes or no.',
  /** In a chat: other messages may stand between a question and a word. */
  pressYes: 'Please press the button, so that it is clear what the yes is for:',
  /** Ends what is being asked, said alone. */
  cancelWords: /^(cancel|stop|never ?mind|forget it)[.!]?$/i,
  cancel: 'Cancel',
  goesOn: (command: string) => `Your /${command} goes on: `,
  noFileNow: 'I am not asking for a file now.',
  writeItWhole: (usage: string) => `Write it as ${usage}, or end what I am asking first.`,
  whichValue: 'Which value do you want to change?',
  restIsKept: 'Everything else that you said is kept.',
  nameTaken: 'there is a model of that name already; choose another',
  licenceUnknown: (licence: string, taken?: readonly string[]) =>
    `"${licence}" is not a licence that SPDX knows${taken === undefined ? ', such as CC0-1.0 or CC-BY-4.0' : `; choose one of ${taken.join(', ')}`}`,
  licenceRefused: (taken: readonly string[]) => `this model takes rows under ${taken.join(', ')} only`,
  linesTooMany: (most: number) =>
    `I take at most ${most} lines by message. Nothing of this message was kept.`,
  linesTooManyFix: 'Send what you have, or send everything as one file instead.',
  /** Where a command could be about no model now. */
  nothingFor: {
    vote: 'Nothing is being voted on now. /status shows where things stand.',
    pledge: 'Nothing is being voted on and nothing gathers data now, so there is nothing to pledge to.',
    contribute: 'No model gathers data now. /status shows where things stand.',
  } as Readonly<Record<string, string>>,
  proposalParts: {
    target: (percent: string) => `${percent} % better than the base model on the held-out questions`,
    price: (tokens: string) => `${tokens} tokens a question`,
    bond: (tokens: string) => `${tokens} tokens`,
  },
  cancelled: 'Stopped. Nothing was sent.',
  cancelHint: 'Type cancel to stop.',
  prompts: {
    'ask.question': 'What is your question?',
    'contribute.proposal': 'Which model are the rows for?',
    'contribute.licence':
      'Under which licence do you give them? CC0-1.0 gives up all rights; CC-BY-4.0 asks for credit.',
    'contribute.rights': 'Are the rows yours to give under this licence? (yes or no)',
    'contribute.rows':
      'Now the rows: one "question | answer" a line, or pasted JSON Lines or CSV. End with an empty line.',
    'propose.name': 'What is the model called? Lower-case letters, digits and hyphens, such as med-qa.',
    'propose.purpose': 'What is it for? Whom does it help, with what? (20 characters or more)',
    'propose.dataWanted': 'Which questions and answers does it need?',
    'propose.rowsWanted': 'How many accepted rows does it need before it is tuned?',
    'propose.licences': 'Which licences may rows have? (comma-separated, such as CC0-1.0, CC-BY-4.0)',
    'propose.minimumImprovement':
      'By how many percent must it beat the base model on the held-out questions?',
    'propose.price': 'What does a question cost, in tokens?',
    'propose.bond': 'How large is your bond, in tokens? It comes back as you deliver.',
    'propose.evaluation':
      'Now at least ten held-out questions with answers that nobody may train on: one "question | answer" a line, or pasted JSON Lines or CSV. End with an empty line.',
    proposal: 'Which model?',
    model: 'Which model?',
    tokens: 'How many tokens?',
    run: 'Which model’s run?',
    'vote.choice': 'Yes or no?',
    'feedback.answer': 'Which answer? Press Good or Bad under it.',
    'feedback.thumb': 'Was the answer good? (up or down)',
    ...people.prompts,
    ...access.prompts,
  } as Readonly<Record<string, string>>,
  prompt: (argument: string, help: string) => (help === '' ? `${argument}?` : `${argument}: ${help}`),
  invalidValue: (argument: string, why: string) => `That cannot be the ${argument}: ${why}.`,
  invalidInput: (what: string) => `This cannot be used: ${what}.`,
  row: (number: number) => `row ${number}`,
  /** What a schema found wrong with a value, in words; other findings bring their own. */
  issue: (issue: z.core.$ZodIssue): string => {
    if (issue.code !== 'too_small' && issue.code !== 'too_big') return issue.message
    const bound = issue.code === 'too_small' ? issue.minimum : issue.maximum
    const most = issue.code === 'too_small' ? 'at least' : 'at most'
    const verb = issue.code === 'too_small' ? 'needs' : 'may have'
    if (issue.origin === 'string') return `it ${verb} ${most} ${countText(Number(bound), 'character')}`
    if (issue.origin === 'array') return `it ${verb} ${most} ${bound}`
    return `it has to be ${most} ${bound}`
  },
  rowsSoFar: (count: number) => `${countText(count, 'row')} so far. More, or an empty line to end.`,
  keepDefault: (value: string) => `(empty for ${value})`,
  /** Faults that people meet often, said in their words. */
  faults: {
    'insufficient-balance': 'Your prepaid balance does not cover the price.',
  } as Readonly<Record<string, string>>,
  incident: (id: string) =>
    `Something went wrong on our side. The operator finds it in the log as incident ${id}.`,
  tryAgain: 'It may work in a moment.',
  interrupted: 'Stopped.',
  topUp: (tokens: string) => `Move ${tokens} tokens to your balance`,
  askAgain: (question: string) => `Ask again: ${question}`,
  goOn: 'Your question is still waiting.',
  why: 'Why?',
  good: 'Good answer',
  bad: 'Bad answer',
  answerFoot: (model: string, price: string, balance: string) =>
    `${model} · paid ${tokensText(price)} · ${tokensText(balance)} tokens left`,
  receipt: (id: string) => `Receipt ${id}`,
  thanks: 'Thank you, noted.',
  deposited: (balance: string) => `Done. Your balance is ${tokensText(balance)} tokens.`,
  pledged: 'Pledged. It becomes prepaid balance at the release, and comes back if there is none.',
  proposed: (name: string, closesAt: string) =>
    `${name} is up for a vote until ${closesAt}. The bond is on chain.`,
  voted: (counted: boolean, weight: string) =>
    counted
      ? `Your vote weighs ${tokensText(weight)}. The tally is sealed until the poll closes.`
      : 'Your vote is recorded and shown, but weighs nothing: you had no stake or earnings when the proposal was made.',
  received: (rows: number, refused: number) =>
    `${countText(rows, 'row')} received${refused === 0 ? '' : `, ${refused} of them refused at once and not stored`}. The curator checks them now.`,
  frozen: (accepted: number) => `The gathering is closed with ${countText(accepted, 'accepted row')}.`,
  claimed: (units: string) =>
    units === '0'
      ? 'There is nothing to claim yet.'
      : `${tokensText(units)} tokens were paid to your wallet.`,
  withdrawn: (models: readonly string[]) =>
    models.length === 0
      ? 'The row is erased.'
      : `The row is erased. These models were tuned with it: ${models.join(', ')}.`,
  explaining,
  chatting,
  understanding,
  people,

  access,
  states: {
    voting: 'voting',
    gathering: 'gathering data',
    tuning: 'tuning',
    evaluating: 'being judged',
    serving: 'serving',
    rejected: 'rejected',
    failed: 'failed',
    retired: 'retired',
  } as Readonly<Record<string, string>>,
  gatheringClosed: (finalAt: string) =>
    `closed; frozen on chain once the vote cannot be disputed any more, ${finalAt}`,
  training: (model: string) => `Training ${model}`,
  left: (seconds: number) => `${durationText(seconds)} left`,
  fileSaved: (path: string) => `It is saved as ${path}.`,
  fileNotSaved: (path: string) => `It could not be saved as ${path}: is there such a file already?`,
  fileUnreadable: (path: string) => `The file "${path}" cannot be read here.`,
  noProposals: 'There are no proposals yet. Make one with /propose.',
  /** Words that open a question even without a question mark. */
  interrogatives:
    /^(what|when|where|which|who|whom|whose|why|how|is|are|was|were|do|does|did|can|could|should|would|will|may|explain|describe|tell me)\b/i,
  notices: {
    'contribution.reviewed': (facts: Readonly<Record<string, unknown>>) =>
      `Your rows were checked: ${facts.accepted} accepted, ${facts.refused} refused. /submission shows each with its reason.`,
    'contribution.taken-back': (facts: Readonly<Record<string, unknown>>) =>
      `A message that you gave to ${facts.model} was deleted, so what you gave of it is withdrawn and erased: ${countText(Number(facts.rows), 'row')}.`,
    'proposal.passed': (facts: Readonly<Record<string, unknown>>) =>
      `${facts.name} passed its vote and gathers data now.`,
    'proposal.rejected': (facts: Readonly<Record<string, unknown>>) =>
      `${facts.name} was rejected: ${facts.reason}.`,
    'model.released': (facts: Readonly<Record<string, unknown>>) =>
      `${facts.model} is released. Ask it something.`,
    'epoch.activated': (facts: Readonly<Record<string, unknown>>) =>
      `You earned ${tokensText(String(facts.units))} tokens. /claim has them paid to your wallet.`,
  } as Readonly<Record<string, (facts: Readonly<Record<string, unknown>>) => string>>,
  notice: (kind: string) => `News: ${kind.replaceAll(/[.-]/g, ' ')}.`,
}

export type Sentences = typeof english

/** The languages a bot speaks, by their tag. */
export const languages: Readonly<Record<string, Sentences>> = { en: english }
