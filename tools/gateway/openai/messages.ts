import { z } from 'zod'
import { plainText } from '../../ask-request.ts'
import { limits } from '../../limits.ts'
import { invalid, optional } from './parameters.ts'

const text = plainText.max(limits.conversationCharacters)
const parts = z.array(
  z.union(
    [
      z.object({ type: z.enum(['text', 'input_text', 'output_text']), text }).transform(part => part.text),
      z.object({ type: z.literal('refusal'), refusal: text }).transform(part => part.refusal),
    ],
    { error: 'only text is read' },
  ),
)
/** Content as a text; nothing but text is read. */
export const content = z.union([text, parts.transform(list => list.join(''))], {
  error: 'must be text, or parts that are text',
})

export const functionCall = z.object({ name: z.string(), arguments: z.string() })
const toolCall = z.object({ id: z.string(), function: functionCall })

/** A message of a chat as OpenAI's clients write it. */
export const message = z.discriminatedUnion('role', [
  z.object({ role: z.enum(['system', 'developer']), content }),
  z.object({ role: z.literal('user'), content }),
  z.object({
    role: z.literal('assistant'),
    content: optional(content),
    tool_calls: optional(z.array(toolCall)),
  }),
  z.object({ role: z.literal('tool'), tool_call_id: z.string(), content }),
])

/** One turn as the engine knows it; `result` is what a function returned, which the model reads as if a user told it. */
export interface Turn {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
  readonly result?: true
}

/** A function's call as the model wrote it: calls come from constrained JSON of that form. */
export const callText = ({ name, arguments: given }: z.output<typeof functionCall>): string =>
  `{"name": ${JSON.stringify(name)}, "arguments": ${given}}`

export const resultTurn = (name: string | undefined, told: string): Turn => ({
  role: 'user',
  content: `${name === undefined ? 'The function' : name} returned: ${told}`,
  result: true,
})

/** OpenAI's messages as turns. */
export const turnsOf = (messages: readonly z.output<typeof message>[]): Turn[] => {
  const names = new Map<string, string>()
  return messages.map(item => {
    if (item.role === 'tool') return resultTurn(names.get(item.tool_call_id), item.content)
    if (item.role !== 'assistant')
      return { role: item.role === 'user' ? 'user' : 'system', content: item.content }
    for (const { id, function: called } of item.tool_calls ?? []) names.set(id, called.name)
    const calls = (item.tool_calls ?? []).map(call => callText(call.function))
    return { role: 'assistant', content: [item.content ?? '', ...calls].filter(Boolean).join('\n') }
  })
}

/** The conversation around its question, which is the last message of a user. */
export interface Conversation {
  readonly question: string
  readonly earlier: readonly Turn[] | undefined
  readonly later: readonly Turn[] | undefined
}

/** Finds the question in a conversation, and what stands before and after it. Throws `parameter-invalid` without one. */
export const conversationOf = (turns: readonly Turn[], param: string): Conversation => {
  const at = turns.findLastIndex(
    ({ role, result, content: said }) => role === 'user' && result !== true && said.trim() !== '',
  )
  const question = turns[at]?.content
  if (question === undefined) throw invalid(`'${param}' holds no message of a user.`, param)
  if (question.trim().length > limits.questionCharacters)
    throw invalid(`The last message of a user has more than ${limits.questionCharacters} characters.`, param)
  for (const side of [turns.slice(0, at), turns.slice(at + 1)])
    if (side.length > limits.turns) throw invalid(`'${param}' has more than ${limits.turns} messages.`, param)
  const plain = (side: readonly Turn[]) =>
    side.length === 0 ? undefined : side.map(({ role, content: said }) => ({ role, content: said }))
  return { question, earlier: plain(turns.slice(0, at)), later: plain(turns.slice(at + 1)) }
}
