import type { BaseChatModel } from '@langchain/core/language_models/chat_models'
import { END, MessagesAnnotation, START, StateGraph } from '@langchain/langgraph'
import { ToolNode, toolsCondition } from '@langchain/langgraph/prebuilt'
import { type TributaryClient, tools } from 'tributary'

/**
 * An agent on LangGraph that asks the network's models. It gets the verbs that it needs and no other: what it reads was
 * written by others, so it holds no tool that votes or moves money beyond the price of a question.
 */
export const beeAgent = async (chatModel: BaseChatModel, client: TributaryClient) => {
  const verbs = await tools(client, { only: ['models', 'ask', 'explain'] })
  if (chatModel.bindTools === undefined) throw new Error('This chat model calls no tools.')
  const model = chatModel.bindTools(verbs)
  return new StateGraph(MessagesAnnotation)
    .addNode('think', async ({ messages }) => ({ messages: [await model.invoke(messages)] }))
    .addNode('tools', new ToolNode(verbs))
    .addEdge(START, 'think')
    .addConditionalEdges('think', toolsCondition, ['tools', END])
    .addEdge('tools', 'think')
    .compile()
}
