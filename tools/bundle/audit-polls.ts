import { canonicalJson, sha256Hex } from '../../infra/canonical.ts'
import { idWord } from '../../infra/ids.ts'
import { limits } from '../limits.ts'
import { ballotsRoot } from '../tally.ts'
import { type Check, examine, groupBy, sumOf } from './check.ts'
import { type Evidence, wordOf } from './evidence.ts'

/** Checks every proposal's bond and terms, and counts every poll again from its ballots. */
export const auditPolls = async ({ records, witness }: Evidence): Promise<Check[]> => {
  const polls = new Map(records.polls.map(poll => [poll.proposal, poll]))
  const proposals = await examine("every proposal's terms and bond are on chain", wrong => {
    const voted = records.proposals.filter(({ origin }) => origin === 'voted')
    for (const proposal of voted) {
      const what = `the proposal "${proposal.name}"`
      const args = witness.prove(wrong, what, proposal.tx, 'Registry.propose')
      if (proposal.state !== 'voting' && !polls.has(proposal.id))
        wrong(`${what} is ${proposal.state} without a poll`)
      if (args === null) continue
      if (args[0] !== idWord(proposal.id)) wrong(`${what} has another id on chain`)
      if (args[1] !== wordOf(proposal.termsHash)) wrong(`${what} has other terms on chain`)
      if (args[3] !== proposal.bondUnits) wrong(`${what} has a bond of ${args[3]} units on chain`)
    }
    const opened = new Map(witness.all('Registry.openDatanet').map(({ args }) => [args[0], args[1]]))
    for (const proposal of records.proposals) {
      const constitution = opened.get(idWord(proposal.id))
      if (constitution !== undefined && constitution !== wordOf(proposal.termsHash))
        wrong(`the datanet of "${proposal.name}" was opened under other terms than were voted on`)
    }
    return { count: voted.length, detail: `${opened.size} became datanets` }
  })

  const ballotsOf = groupBy(records.ballots, ballot => ballot.proposal)
  const powerOf = groupBy(records.power, power => power.proposal)
  const tallies = await examine('every poll counts to its result, and the chain holds it', wrong => {
    for (const poll of records.polls) {
      const what = `the poll ${poll.proposal}`
      const ballots = ballotsOf.get(poll.proposal) ?? []
      const power = new Map((powerOf.get(poll.proposal) ?? []).map(item => [item.account, item.weightUnits]))
      const filed = ballots.map(({ proposal, account, choice, weightUnits, salt }) => ({
        proposal,
        account,
        choice,
        weightUnits: weightUnits.toString(),
        salt,
      }))
      for (const [at, ballot] of ballots.entries()) {
        if (ballot.weightUnits !== (power.get(ballot.account) ?? 0n))
          wrong(`${what} gives ${ballot.account} a weight of ${ballot.weightUnits} units`)
        // Strictly ascending: nobody's ballot stands twice.
        if (at > 0 && ballot.account <= (ballots[at - 1]?.account ?? ''))
          wrong(`${what} holds ${ballot.account} out of order`)
      }
      const root = ballotsRoot(filed)
      const sum = (choice: string) =>
        sumOf(ballots.filter(ballot => ballot.choice === choice).map(ballot => ballot.weightUnits))
      const [yes, no] = [sum('yes'), sum('no')]
      const passed = yes > no && (yes + no) * 10_000n >= sumOf(power.values()) * limits.quorum
      const file = sha256Hex(filed.map(ballot => canonicalJson(ballot)).join('\n'))
      if (root !== poll.root || ballots.length !== poll.ballots)
        wrong(`${what} has another root than its ballots`)
      if (yes !== poll.yesUnits || no !== poll.noUnits) wrong(`${what} counts to ${yes} against ${no} units`)
      if (passed !== poll.passed) wrong(`${what} ${passed ? 'passed' : 'did not pass'} by the rule`)
      const args = witness.prove(wrong, what, poll.tx, 'Registry.recordPoll')
      if (args === null) continue
      const [id, told] = args
      if (id !== idWord(poll.proposal)) wrong(`${what} is another proposal's on chain`)
      if (told.ballotsRoot !== wordOf(root) || told.fileHash !== wordOf(file))
        wrong(`${what} has other ballots on chain`)
      if (told.yes !== yes || told.no !== no || told.passed !== passed)
        wrong(`${what} has the result ${told.yes} against ${told.no} units on chain`)
    }
    return { count: records.polls.length, detail: `${records.ballots.length} ballots` }
  })
  return [proposals, tallies]
}
