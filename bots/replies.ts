import type { z } from 'zod'
import { isFault } from '../infra/errors.ts'
import type { ask } from '../tools/ask.ts'
import type { claim } from '../tools/claim.ts'
import type { contribute } from '../tools/contribute.ts'
import type { deposit } from '../tools/deposit.ts'
import type { explain } from '../tools/explain.ts'
import type { freeze } from '../tools/freeze.ts'
import type { propose } from '../tools/propose.ts'
import type { status } from '../tools/status.ts'
import type { vote } from '../tools/vote.ts'
import type { Command } from './commands.ts'
import { findCommand, usage } from './commands.ts'
import { shortId, timeText } from './format.ts'
import { accessTellers, type ToldOfAccess } from './replies-access.ts'
import { explainReplies } from './replies-explain.ts'
import { peopleTellers, type ToldOfPeople } from './replies-people.ts'
import { readingTellers, type ToldByReading } from './replies-reading.ts'
import { statusReplies } from './replies-status.ts'
import { type Reply, text } from './reply.ts'
import type { Sentences } from './sentences.ts'

type Output<V extends { output: z.ZodType }> = z.output<V['output']>

/** What each verb's output says; a verb without an entry is shown by its fields. */
interface Told extends ToldByReading, ToldOfAccess, ToldOfPeople {
  ask: Output<typeof ask>
  claim: Output<typeof claim>
  contribute: Output<typeof contribute>
  deposit: Output<typeof deposit>
  explain: Output<typeof explain>
  freeze: Output<typeof freeze>
  propose: Output<typeof propose>
  status: Output<typeof status>
  vote: Output<typeof vote>
  pledge: unknown
  feedback: unknown
}

const tellers: { [K in keyof Told]: (output: Told[K], say: Sentences) => Reply[] } = {
  ask: (output, say) => [
    text(say.answerFoot(output.model, output.priceUnits, output.balanceUnits), 'quiet'),
    {
      kind: 'choices',
      text: say.receipt(output.receiptId),
      choices: [
        { label: say.why, line: `/why ${output.answerId}` },
        { label: say.good, line: `/feedback ${output.answerId} up` },
        { label: say.bad, line: `/feedback ${output.answerId} down` },
        { label: say.people.compare, line: `/another ${output.answerId}` },
      ],
    },
  ],
  explain: explainReplies,
  status: statusReplies,
  feedback: (_, say) => [text(say.thanks, 'good')],
  deposit: (output, say) => [text(say.deposited(output.balanceUnits), 'good')],
  pledge: (_, say) => [text(say.pledged, 'good')],
  propose: (output, say) => [text(say.proposed(output.name, timeText(output.closesAt)), 'good')],
  vote: (output, say) => [
    text(say.voted(output.counted, output.weightUnits), 'good'),
    text(say.receipt(output.receiptId), 'quiet'),
  ],
  contribute: (output, say) => [
    text(
      say.received(output.rows.length, output.rows.filter(({ state }) => state === 'refused').length),
      'good',
    ),
    {
      kind: 'choices',
      text: `Submission ${output.submissionId}`,
      choices: [
        { label: say.label('See each row'), line: `/submission ${output.submissionId}` },
        // Fakes and older nodes tell no licence.
        ...(output.consented === false
          ? [
              {
                label: say.people.dontAskAgain(output.proposal),
                line: `/consent ${output.proposal} licence=${output.licence} rights=yes`,
              },
            ]
          : []),
      ],
    },
  ],
  freeze: (output, say) => [text(say.frozen(output.accepted), 'good')],
  claim: (output, say) => [
    text(say.claimed(output.units), output.units === '0' ? 'plain' : 'good'),
    ...(output.wallet === null ? [] : [text(say.people.claimedTo(output.wallet), 'good')]),
    ...(output.tx === null ? [] : [text(`Transaction ${output.walletTx ?? output.tx}`, 'quiet')]),
  ],
  ...accessTellers,
  ...readingTellers,
  ...peopleTellers,
}

/** Says what a verb returned. */
export const repliesTo = (command: string, output: unknown, say: Sentences): Reply[] => {
  const teller = Object.hasOwn(tellers, command)
    ? (tellers[command as keyof Told] as (output: unknown, say: Sentences) => Reply[])
    : undefined
  return teller === undefined ? [plainCard(command, output)] : teller(output, say)
}

const plainCard = (title: string, output: unknown): Reply => ({
  kind: 'card',
  title,
  fields: Object.entries(typeof output === 'object' && output !== null ? output : { result: output }).map(
    ([label, value]) => ({
      label,
      value: typeof value === 'string' || typeof value === 'number' ? String(value) : JSON.stringify(value),
    }),
  ),
})

/** What people need first; the rest is named after it. */
const mostNeeded = ['ask', 'explain', 'models', 'contribute', 'propose', 'vote', 'account']

/** One command, or the list of them: those that people need with what they do, then the names of the others. */
export const helpReplies = (commands: readonly Command[], say: Sentences): Reply[] => {
  const whole = commands.length > 1
  const first = whole ? mostNeeded.flatMap(name => findCommand(commands, name) ?? []) : commands
  const rest = commands.filter(command => !first.includes(command)).map(nameOf)
  return [
    {
      kind: 'table',
      title: say.helpTitle,
      columns: [{ label: say.command }, { label: say.does }],
      rows: [
        ...first.map(command => [usage(command), command.summary]),
        ...(whole ? [['/help [command]', say.helpItself]] : []),
      ],
      note: rest.length === 0 ? say.helpNote : `${say.helpMore(rest)}\n${say.helpNote}`,
    },
  ]
}

const nameOf = (command: Command): string => usage(command).split(' ')[0] ?? ''

/** Says what went wrong: the message and the fix where a person can act on them, an incident's id otherwise. */
export const faultReplies = (error: unknown, incident: string, say: Sentences): Reply[] => {
  if (!isFault(error) || (error.blame !== 'person' && error.blame !== 'world'))
    return [text(say.incident(shortId(incident)), 'bad')]
  const replies = [
    text(`${say.faults[error.code] ?? error.message} ${error.retry ? say.tryAgain : error.fix}`, 'bad'),
  ]
  if (error.code !== 'insufficient-balance') return replies
  return [...replies, { kind: 'choices', text: '', choices: [{ label: say.topUp('5'), line: '/deposit 5' }] }]
}
