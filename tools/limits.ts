import { asUnits } from '../infra/units.ts'

/** What a verb accepts at all. What an agent then decides within these bounds stands in agents/policy.ts. */
export const limits = {
  /** Smallest bond of a proposal, units: enough to make spam cost something, and it comes back by delivery. */
  leastBond: asUnits(5_000_000n),
  /** Seconds a poll may stay open; ten minutes is the embedded network's pace, thirty days the longest anybody waits. */
  pollSeconds: { least: 60, default: 600, most: 30 * 86_400 },
  /** Prepaid balance that counts as stake in a vote, units: capped, so that money alone cannot decide. */
  stakeCap: asUnits(100_000_000n),
  /** Share of the snapshotted voting power that has to take part, basis points. */
  quorum: 1_000n,
  /** Rows in one submission; larger files are sent in parts, so that one verdict never takes minutes. */
  submissionRows: 500,
  /** Rows of one account that may wait for the curator, so that nobody's file holds up everybody's verdicts. */
  undecidedRows: 2_000,
  /** Characters of a question or an answer that are looked at at all. */
  rowCharacters: 20_000,
  evaluationRows: { least: 10, most: 2_000 },
  /** Characters of a question put to a model; the base's context is 512 tokens. */
  questionCharacters: 1_000,
  /** Tokens of an answer, where nothing else is asked; and the most that a program may ask for. */
  answerTokens: 96,
  mostAnswerTokens: 256,
  /** Messages of a conversation before the question or after it, and characters of one of them. */
  turns: 200,
  conversationCharacters: 50_000,
  /** Texts embedded by one call, and their characters together: free, so a call takes seconds at most. */
  embeddedTexts: 2_048,
  embeddedCharacters: 200_000,
  /** Tokens of the embedded network's token that a new account starts with, units. */
  welcome: asUnits(200_000_000n),
} as const
