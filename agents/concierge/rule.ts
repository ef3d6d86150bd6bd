/** How much a pattern says for its intent, in nats beside the classifier's: a strong sign, or beyond doubt. */
export const strong = 4
export const sure = 7

/** A pattern over a plain line without its values; `<class>` stands for a word class of rules.ts. */
export type Rule = readonly [intent: string, weight: number, pattern: string]
