import {
  amountsIn,
  choiceIn,
  idIn,
  licenceIn,
  type Mention,
  newNameIn,
  numberIn,
  sideIn,
  thumbIn,
  walletIn,
} from './slots.ts'

/** A line with what was found in it. */
export interface ReadLine {
  readonly text: string
  readonly names: readonly string[]
  readonly mentions: readonly Mention[]
  /** Names of the commands, for help on one of them. */
  readonly commands: readonly string[]
}

type Reader = (line: ReadLine) => Record<string, string | undefined>

const nameIn = ({ mentions }: ReadLine): string | undefined => {
  const said = new Set(mentions.map(({ name }) => name))
  // Two names: which one is meant is for the person to say.
  return said.size === 1 ? mentions[0]?.name : undefined
}

const amountIn = ({ text, names }: ReadLine): string | undefined => {
  const amounts = amountsIn(text, names)
  return amounts.length === 1 ? amounts[0] : undefined
}

const commandIn = ({ text, commands }: ReadLine): string | undefined =>
  (/\b(?:help|how (?:does|do i|can i)|what does)\b(.*)/.exec(text)?.[1] ?? '')
    .split(/[^\p{L}]+/u)
    .map(word => word.replace(/ing$/, ''))
    .flatMap(
      word => commands.find(name => name !== 'help' && (name === word || name === `${word}e`)) ?? [],
    )[0]

const proposal: Reader = line => ({ proposal: nameIn(line) })

/** What each command reads from a line; a command without an entry takes no words from free text. */
const readers: Readonly<Record<string, Reader>> = {
  status: proposal,
  models: line => ({ model: nameIn(line) }),
  model: line => ({ model: nameIn(line) }),
  run: line => ({ run: idIn(line.text) ?? nameIn(line) }),
  explain: line => ({ answer: idIn(line.text) }),
  feedback: line => ({ answer: idIn(line.text), thumb: thumbIn(line.text) }),
  prefer: line => ({ choice: sideIn(line.text) }),
  vote: line => ({ proposal: nameIn(line), choice: choiceIn(line.text) }),
  pledge: line => ({ proposal: nameIn(line), tokens: amountIn(line) }),
  deposit: line => ({ tokens: amountIn(line) }),
  contribute: line => ({ proposal: nameIn(line), licence: licenceIn(line.text) }),
  submission: line => ({ submission: idIn(line.text) }),
  propose: line => ({ name: newNameIn(line.text) }),
  withdraw: line => ({ contribution: idIn(line.text) ?? nameIn(line) }),
  consent: line => ({ proposal: nameIn(line), licence: licenceIn(line.text) }),
  link: line => ({ with: walletIn(line.text) }),
  unlink: line => ({ what: /\b(?:wallet|discord|telegram|web)\b/.exec(line.text)?.[0] }),
  receipt: line => ({ receipt: idIn(line.text) }),
  event: line => ({ seq: numberIn(line.text) }),
  freeze: proposal,
  help: line => ({ command: commandIn(line) }),
}

/** The words of a command that a line tells; what it does not tell plainly is left out, and the person is asked. */
export const wordsFor = (command: string, line: ReadLine): Record<string, string> =>
  Object.fromEntries(
    Object.entries(readers[command]?.(line) ?? {}).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  )
