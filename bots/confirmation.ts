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
    case 'withdraw': {
      const what = value('contribution').trim().toLowerCase()
      return once(
        directory.proposals.includes(what) ? say.people.confirm.withdrawAll(what) : say.confirm.withdraw,
      )
    }
    case 'link': {
      const what = value('with').trim()
      if (!/^0x/i.test(what)) return what === '' ? null : once(say.people.confirm.linkCode)
      return value('signature') === '' ? null : once(say.people.confirm.linkWallet(what))
    }
    case 'unlink': {
      const what = value('what').trim().toLowerCase()
      return once(what === 'wallet' ? say.people.confirm.unlinkWallet : say.people.confirm.unlink(what))
    }
    case 'erase':
      return once(input.giveUp === true ? say.people.confirm.eraseGivingUp : say.people.confirm.erase)
    default:
      return once(say.confirm.other(name))
  }
}
