import type { BaseChatModel } from '@langchain/core/language_models/chat_models'
import { fault } from '../../infra/errors.ts'
import { checkedAdapter } from '../../tools/adapter.ts'
import type { Network } from '../../tools/context.ts'
import { findRelease } from '../../tools/find.ts'
import { EngineChatModel } from './engine-chat-model.ts'

/** The package that each provider of LangChain's initChatModel needs. */
const packages: Readonly<Record<string, string>> = {
  openai: '@langchain/openai',
  anthropic: '@langchain/anthropic',
  ollama: '@langchain/ollama',
}

/**
 * Opens the chat model that CHAT_MODEL names: `openai:…`, `anthropic:…` or `ollama:…` through LangChain, `self:base` or
 * `self:<released model>` on this node's own engine. Keys come from the provider's own environment variables.
 * Throws `chat-model-invalid` (no such provider, or it refuses its settings) and `chat-model-package-missing`: the operator's.
 */
export const openChatModel = async (
  setting: string,
  network: Pick<Network, 'db' | 'engine' | 'folder'>,
): Promise<BaseChatModel> => {
  const at = setting.indexOf(':')
  const [provider, model] = [setting.slice(0, at), setting.slice(at + 1)]
  if (at < 1 || model === '') throw invalid(setting)
  if (provider === 'self') return openOwn(model, network)
  const needed = packages[provider]
  if (needed === undefined) throw invalid(setting)
  const { initChatModel } = await import('langchain')
  try {
    // The concierge waits twenty seconds in all: one more try is what fits.
    return (await initChatModel(model, {
      modelProvider: provider,
      maxRetries: 1,
    })) as unknown as BaseChatModel
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : ''
    if (message.includes('Unable to import') || message.includes('Cannot find package'))
      throw fault('chat-model-package-missing', `CHAT_MODEL ${provider} needs the package ${needed}.`, {
        fix: `Run npm install ${needed}, or unset CHAT_MODEL.`,
        blame: 'operator',
        cause,
      })
    throw fault('chat-model-invalid', `The chat model of provider ${provider} does not start.`, {
      fix: 'Set the key that the provider wants in its own environment variable, or unset CHAT_MODEL.',
      blame: 'operator',
      cause,
    })
  }
}

const openOwn = async (
  model: string,
  network: Pick<Network, 'db' | 'engine' | 'folder'>,
): Promise<BaseChatModel> => {
  if (model === 'base') return new EngineChatModel({ engine: network.engine, adapter: null })
  const { adapterHash } = await findRelease(network.db, model)
  return new EngineChatModel({ engine: network.engine, adapter: await checkedAdapter(network, adapterHash) })
}

const invalid = (setting: string): Error =>
  fault('chat-model-invalid', `CHAT_MODEL cannot be "${setting.slice(0, 60)}".`, {
    fix: 'Write openai:MODEL, anthropic:MODEL, ollama:MODEL or self:MODEL.',
    blame: 'operator',
  })
