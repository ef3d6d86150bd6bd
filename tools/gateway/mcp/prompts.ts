import { completable, type GetPromptResult, type McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { type Named, readNamed } from './public.ts'
import type { Desk } from './server.ts'

/** Ready-made requests that a person picks in their client; what they typed is quoted, never made an instruction of ours. */
export const registerPrompts = (server: McpServer, desk: Desk): void => {
  const named = (description: string, pick: (named: Named) => readonly string[]) =>
    completable(z.string().trim().min(1).max(60).describe(description), async typed =>
      pick(await readNamed(desk)).filter(name => name.startsWith(typed.toLowerCase())),
    )
  const text = (description: string) => z.string().trim().min(1).max(1000).describe(description)
  const model = named('a released model', ({ models }) => [...new Set(models.map(({ name }) => name))])

  server.registerPrompt(
    'ask-a-model',
    {
      title: 'Ask a model',
      description: 'Ask a released model and show who is paid for the answer.',
      argsSchema: z.object({ model, question: text('what to ask') }),
    },
    ({ model, question }) =>
      says(
        `Ask the model ${quoted(model)} with the tool "ask", with exactly this question: ${quoted(question)}. Show me the answer as it stands, its price and its receipt.`,
      ),
  )
  server.registerPrompt(
    'explain-an-answer',
    {
      title: 'Explain an answer',
      description: 'Show whose rows shaped an answer, and how sure that is.',
      argsSchema: z.object({ answer: z.uuid().describe('the id of an answer of yours') }),
    },
    ({ answer }) =>
      says(
        `Call the tool "explain" for the answer ${answer}. Tell me which contributors shaped it, with their shares and intervals, which passages stand in a row word for word, and what could not be attributed.`,
      ),
  )
  server.registerPrompt(
    'propose-a-model',
    {
      title: 'Propose a model',
      description: 'Work out a proposal for a new model, and post it when you agree.',
      argsSchema: z.object({ idea: text('what the model should be good at') }),
    },
    ({ idea }) =>
      says(
        `I would like to propose a model: ${quoted(idea)}. Look at "status" for what exists already. Then work out with me the arguments of the tool "propose": name, purpose, data wanted, licences, rows wanted, the held-out questions with their answers, price and bond. Show me the whole before you call it: nothing in it changes later without a new vote, and the bond is mine.`,
      ),
  )
  server.registerPrompt(
    'contribute-rows',
    {
      title: 'Contribute rows',
      description: 'Give questions and answers of yours to a datanet that gathers them.',
      argsSchema: z.object({
        datanet: named('a datanet that takes rows', ({ gathering }) => gathering),
        topic: text('what your rows are about').optional(),
      }),
    },
    ({ datanet, topic }) =>
      says(
        `I would like to give rows to the datanet ${quoted(datanet)}${topic === undefined ? '' : ` about ${quoted(topic)}`}. Show me from "status" what it wants and under which licences. Take my questions and answers from me, do not make any up, ask me once for the licence, and send them with the tool "contribute". Then show me with "submission" what was accepted and what was refused, with the reason.`,
      ),
  )
}

const quoted = (value: string): string => JSON.stringify(value)

const says = (text: string): GetPromptResult => ({
  messages: [{ role: 'user', content: { type: 'text', text } }],
})
