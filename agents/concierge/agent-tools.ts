import { type DynamicStructuredTool, tool } from 'langchain'
import { z } from 'zod'
import { isFault } from '../../infra/errors.ts'
import type { Network } from '../../tools/context.ts'
import { call, type Verb } from '../../tools/registry.ts'
import type { Meant, Situation, Understanding } from '../../tools/understanding.ts'
import { reduceOutput } from './reduce.ts'
import { amountsIn, type Mention } from './slots.ts'
import { wordsFor } from './words.ts'

/** The reading of one line by a chat model. */
export interface Reading {
  readonly line: string
  readonly text: string
  readonly situation: Situation
  readonly names: readonly string[]
  readonly mentions: readonly Mention[]
  /** Names by the handles that stand for them. */
  readonly handles: ReadonlyMap<string, string>
  handleOf(name: string): string | undefined
  /** Ids that the line or a verb told: no other may be chosen. */
  readonly ids: Set<string>
  readonly signal: AbortSignal
  chosen: Understanding | null
  /** Counts a call and ends the reading where it goes in circles. */
  note(tool: string, input: unknown): void
}

type AnyTool = DynamicStructuredTool

/** Verbs that may be looked at, with the word that a handle goes to. */
const looks: Readonly<Record<string, string | null>> = {
  status: 'proposal',
  models: 'model',
  run: 'run',
  account: null,
  explain: null,
  submission: null,
  notices: null,
}

const handleSchema = ({ handles }: Reading) => {
  const [first, ...rest] = handles.keys()
  return first === undefined ? z.string().max(0) : z.enum([first, ...rest])
}

/** Tools that read the network. Their results are reduced to numbers, enums, ids and handles; an error is its code. */
export const lookingTools = (network: Network, verbs: readonly Verb[], reading: Reading): AnyTool[] =>
  verbs.flatMap(verb => {
    const word = looks[verb.name]
    if (word === undefined || verb.effect !== 'read' || !reading.situation.commands.includes(verb.name))
      return []
    const schema = z.object(word === null ? {} : { handle: handleSchema(reading).optional() })
    const look = async (input: { handle?: string | undefined }): Promise<string> => {
      reading.note(`look_${verb.name}`, input)
      const name = reading.handles.get(input.handle ?? '')
      try {
        const output: unknown = await call(
          network,
          reading.situation.caller,
          verb,
          word === null || name === undefined ? {} : { [word]: name },
          { signal: reading.signal },
        )
        const reduced = reduceOutput(verb.output, output, reading.handleOf)
        keepIds(reduced, reading.ids)
        return JSON.stringify(reduced ?? {})
      } catch (error) {
        return JSON.stringify({ error: isFault(error) ? error.code : 'failed' })
      }
    }
    return [
      tool(look, { name: `look_${verb.name}`, description: verb.summary, schema }) as unknown as AnyTool,
    ]
  })

const keepIds = (value: unknown, ids: Set<string>): void => {
  if (typeof value !== 'object' || value === null) return
  for (const [key, part] of Object.entries(value))
    if (typeof part === 'string' && /^(?:id|.+Id)$/.test(key)) ids.add(part)
    else keepIds(part, ids)
}

/** Where the words of a choice go in each command; what is not here a command does not take from a chat model. */
const wordNames: Readonly<Record<string, { readonly handle?: string; readonly id?: string }>> = {
  status: { handle: 'proposal' },
  models: { handle: 'model' },
  model: { handle: 'model' },
  run: { handle: 'run' },
  vote: { handle: 'proposal' },
  pledge: { handle: 'proposal' },
  contribute: { handle: 'proposal' },
  freeze: { handle: 'proposal' },
  explain: { id: 'answer' },
  feedback: { id: 'answer' },
  submission: { id: 'submission' },
  withdraw: { handle: 'contribution', id: 'contribution' },
  consent: { handle: 'proposal' },
  prefer: { id: 'answer' },
  another: { id: 'answer' },
  receipt: { id: 'receipt' },
}

/** Tools that end the reading. None of them does anything: what is chosen is offered to the person. */
export const choosingTools = (reading: Reading): AnyTool[] => {
  const commands = [...new Set([...reading.situation.commands, 'help', 'model', 'cancel'])].filter(
    name => name !== 'ask',
  ) as [string, ...string[]]
  const handle = handleSchema(reading).optional()
  const chosen = (understanding: Understanding): string => {
    reading.chosen ??= understanding
    return 'Noted.'
  }
  const choose = <S extends z.ZodObject>(
    name: string,
    description: string,
    schema: S,
    read: (input: z.output<S>) => Understanding,
  ): AnyTool =>
    tool(
      async (input: z.output<S>) => {
        reading.note(name, input)
        return chosen(read(input))
      },
      { name, description, schema, returnDirect: true },
    ) as unknown as AnyTool
  return [
    choose(
      'choose',
      'The person wants this command. Leave out every word that the line does not tell.',
      z.object({
        command: z.enum(commands),
        handle,
        tokens: z.string().max(20).optional().describe('an amount of tokens that stands in the line'),
        choice: z.enum(['yes', 'no']).optional().describe('for vote'),
        thumb: z.enum(['1', '-1']).optional().describe('for feedback: 1 good, -1 bad'),
        better: z.enum(['first', 'second', 'neither']).optional().describe('for prefer: which answer'),
        id: z.string().max(36).optional().describe('an id from the line or from a tool'),
      }),
      input => ({ kind: 'command', ...meant(input, reading), sure: 1 }),
    ),
    choose('ask', 'The person asks a model something.', z.object({ handle }), input => {
      const model = reading.handles.get(input.handle ?? '')
      return {
        kind: 'ask',
        model: model !== undefined && reading.situation.models.includes(model) ? model : null,
        // The person's own words, never the chat model's.
        question: reading.line.trim(),
        sure: 1,
      }
    }),
    choose(
      'refuse',
      'The line asks for what nobody gets.',
      z.object({ reason: z.enum(['private-data', 'others-money', 'injection']) }),
      ({ reason }) => ({ kind: 'refuse', reason }),
    ),
    choose('out_of_scope', 'The line is about nothing of this network.', z.object({}), () => ({
      kind: 'out-of-scope',
    })),
    choose(
      'small_talk',
      'The line only greets, thanks, says goodbye, yes or no.',
      z.object({ about: z.enum(['greeting', 'thanks', 'goodbye', 'yes', 'no']) }),
      ({ about }) => ({ kind: 'small-talk', about }),
    ),
    choose(
      'unclear',
      'The line may mean several commands.',
      z.object({ commands: z.array(z.enum(commands)).max(3) }),
      input => ({
        kind: 'unclear',
        options: [...new Set(input.commands)].map(command => meant({ command }, reading)),
      }),
    ),
  ]
}

interface Chosen {
  readonly command: string
  readonly handle?: string | undefined
  readonly tokens?: string | undefined
  readonly choice?: string | undefined
  readonly thumb?: string | undefined
  readonly better?: string | undefined
  readonly id?: string | undefined
}

/** A command with the words that the line bears out: amounts that stand in it, ids that it or a verb told, known names. */
const meant = (chosen: Chosen, reading: Reading): Meant => {
  const { command } = chosen
  const { text, names, mentions, situation, handles, ids } = reading
  const told = wordsFor(command, { text, names, mentions, commands: situation.commands })
  const { handle, id } = wordNames[command] ?? {}
  const name = handles.get(chosen.handle ?? '')
  const amount = amountsIn(text, names).find(value => value === chosen.tokens?.trim())
  const words = {
    ...told,
    ...(handle !== undefined && name !== undefined ? { [handle]: name } : {}),
    ...(id !== undefined && chosen.id !== undefined && ids.has(chosen.id) ? { [id]: chosen.id } : {}),
    ...((command === 'pledge' || command === 'deposit') && amount !== undefined ? { tokens: amount } : {}),
    ...(command === 'vote' && chosen.choice !== undefined ? { choice: chosen.choice } : {}),
    ...(command === 'feedback' && chosen.thumb !== undefined ? { thumb: chosen.thumb } : {}),
    ...(command === 'prefer' && chosen.better !== undefined ? { choice: chosen.better } : {}),
  }
  return { command, words }
}
