import type { Command } from './commands.ts'
import type { Sentences } from './sentences.ts'
import type { Directory } from './session.ts'

/**
 * What to ask a person before a command runs that moves money or casts a vote; null where nothing has to be asked.
 * `remember` names what one yes covers for the rest of the session: asking a model at a price.
 */
export const confirmationOf = (
  say: Sentences,
  { name, effect, arguments: known }: Command,
  input: Readonly<Record<string, unknown>>,
  directory: Directory,
): { question: string; remember: string | null } | null => {
  if (effect !== 'money' && effect !== 'vote') return null
  const value = (argument: string) =>
    String(input[argument] ?? known.find(item => item.name === argument)?.fallback ?? '')
  const once = (question: string) => ({ question, remember: null })
  switch (name) {
    case 'ask': {
      const model = directory.models.find(item => item.name === value('model').toLowerCase().split('@')[0])
      // The verb itself refuses an unknown model, and a free one moves no money.
      if (model === undefined || model.priceUnits === '0') return null
      return {
        question: say.confirm.ask(model.name, model.priceUnits),
        remember: `ask/${model.name}/${model.priceUnits}`,
      }
    }
    case 'deposit':
      return once(say.confirm.deposit(value('tokens')))
    case 'pledge':
      return once(say.confirm.pledge(value('tokens'), value('proposal')))
    case 'propose':
      return once(say.confirm.propose(value('name'), value('bond')))
    case 'vote':
      return once(say.confirm.vote(value('proposal'), value('choice')))
    case 'claim':
      return once(say.confirm.claim)
    case 'withdraw':
      return once(say.confirm.withdraw)
    default:
      return once(say.confirm.other(name))
  }
}
