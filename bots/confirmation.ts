import type { Command } from './commands.ts'
import type { Reply } from './reply.ts'
import type { Sentences } from './sentences.ts'
import type { Directory } from './session.ts'

/**
 * What to ask a person before a command runs that moves money or casts a vote; null where nothing has to be asked.
 * `remember` names what one yes covers for an hour: asking a model at a price. `card` shows what the yes would stand for, where one sentence cannot.
 */
export const confirmationOf = (
  say: Sentences,
  { name, effect, arguments: known }: Command,
  input: Readonly<Record<string, unknown>>,
  directory: Directory,
): { question: string; remember: string | null; card?: Reply } | null => {
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
      return {
        ...once(say.confirm.propose(value('name'), value('bond'))),
        card: proposalCard(say, value, input.evaluation),
      }
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

/** A proposal as it will stand: nothing in it changes without a new vote. */
const proposalCard = (
  { label, proposalParts }: Sentences,
  value: (argument: string) => string,
  evaluation: unknown,
): Reply => ({
  kind: 'card',
  title: value('name'),
  body: value('purpose'),
  fields: [
    { label: label('Data wanted'), value: value('dataWanted') },
    { label: label('Rows wanted'), value: value('rowsWanted') },
    {
      label: label('Licences'),
      value: value('licences')
        .split(/\s*,\s*/)
        .join(', '),
    },
    { label: label('Target'), value: proposalParts.target(value('minimumImprovement')) },
    { label: label('Held-out rows'), value: String(Array.isArray(evaluation) ? evaluation.length : 0) },
    { label: label('Price'), value: proposalParts.price(value('price')) },
    { label: label('Bond'), value: proposalParts.bond(value('bond')) },
  ],
})
