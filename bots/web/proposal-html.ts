import { html } from 'hono/html'
import type { ProposalStatus } from '../../tools/status.ts'
import { countText, improvementText, natsText, timeText, tokensText } from '../format.ts'
import { origins, runProgress } from '../replies-status.ts'
import { english } from '../sentences.ts'
import { amount, fact, formFields, hash, nothing, type Piece, time, transaction } from './pieces.ts'
import { progressHtml } from './reply-html.ts'
import type { Visitor } from './visitors.ts'

type StageState = 'done' | 'now' | 'ahead' | 'failed'

interface Stage {
  readonly name: string
  readonly state: StageState
  readonly facts: Piece
}

const order = ['voting', 'gathering', 'tuning', 'evaluating', 'serving'] as const
const words: Readonly<Record<StageState, string>> = {
  done: 'done',
  now: 'now',
  ahead: 'to come',
  failed: 'failed',
}

/** Where a proposal broke off, told from what it had reached. */
const reached = (proposal: ProposalStatus): number => {
  const at = (order as readonly string[]).indexOf(proposal.state)
  if (at >= 0) return at
  if (proposal.state === 'retired') return order.length
  if (proposal.evaluation !== null) return 3
  if (proposal.run !== null) return 2
  return proposal.poll?.passed === true ? 1 : 0
}

/** Why nothing moves although the proposer has closed the gathering. */
const closedHtml = ({ state, gatheringClosedAt, poll }: ProposalStatus): Piece =>
  state === 'gathering' && gatheringClosedAt !== null && poll !== null
    ? html`; ${english.gatheringClosed(timeText(poll.finalAt))}`
    : nothing

const stagesOf = (proposal: ProposalStatus): Stage[] => {
  const { poll, rows, snapshot, run, evaluation, release } = proposal
  const at = reached(proposal)
  const broken = proposal.state === 'rejected' || proposal.state === 'failed'
  const facts: Piece[] = [
    proposal.origin !== 'voted'
      ? html`none needed`
      : poll === null
        ? html`${countText(proposal.ballots, 'ballot')}, sealed until ${time(proposal.closesAt)}`
        : html`yes <span class="number">${tokensText(poll.yesUnits)}</span>, no <span class="number">${tokensText(poll.noUnits)}</span>`,
    html`<span class="number">${rows.accepted}</span> rows, <span class="number">${proposal.rowsWanted}</span> wanted${rows.received > 0 ? html`, <span class="number">${rows.received}</span> being checked` : nothing}${closedHtml(proposal)}`,
    run === null || run.steps === null
      ? html`${snapshot === null ? '' : countText(snapshot.rows, 'row')}`
      : html`step <span class="number">${run.step ?? 0}</span> of <span class="number">${run.steps}</span>${run.loss === null ? '' : `, loss ${natsText(run.loss)}`}`,
    evaluation === null
      ? nothing
      : html`loss <span class="number">${natsText(evaluation.baseLoss)}</span> to <span class="number">${natsText(evaluation.adapterLoss)}</span>`,
    release === null ? nothing : html`version ${release.version}, ${countText(proposal.answers, 'answer')}`,
  ]
  return ['Vote', 'Gather', 'Tune', 'Judge', 'Serve'].map((name, stage) => ({
    name,
    state: stage < at ? 'done' : stage > at ? 'ahead' : broken ? 'failed' : 'now',
    facts: stage <= at ? (facts[stage] ?? nothing) : nothing,
  }))
}

/** The five stages with what each has come to. */
export const stagesHtml = (proposal: ProposalStatus): Piece =>
  html`<ol class="stages">${stagesOf(proposal).map(
    ({ name, state, facts }) =>
      html`<li class="${state}"${state === 'now' ? html` aria-current="step"` : nothing}><strong>${name}</strong> <span class="sr">${words[state]}</span><span class="stage-facts">${facts}</span></li>`,
  )}</ol>`

const title = (proposal: ProposalStatus): string =>
  proposal.release === null ? proposal.name : `${proposal.name}@${proposal.release.version}`

const stateHtml = (proposal: ProposalStatus): Piece =>
  html`<span class="state ${proposal.state}">${english.states[proposal.state] ?? proposal.state}</span>`

/** A proposal in the list. */
export const proposalCard = (proposal: ProposalStatus): Piece =>
  html`<article class="card" id="card-${proposal.id}"><header><h2><a href="/proposals/${proposal.name}">${title(proposal)}</a></h2>${stateHtml(proposal)}</header>
<p>${proposal.purpose}</p>
${stagesHtml(proposal)}${ending(proposal)}${training(proposal)}</article>`

/** Everything about a proposal: where it stands, what one may do, its terms and its record. */
export const proposalDetail = (proposal: ProposalStatus, visitor: Visitor): Piece =>
  html`${standing(proposal)}
${actions(proposal, visitor)}
<section class="card"><h2>Terms</h2><p class="quiet">${proposal.origin === 'voted' ? 'What was voted on; nothing in it changes without a new vote.' : 'What its owner set; nobody voted on it.'}</p><dl class="facts">
${fact('Data wanted', proposal.dataWanted)}
${fact('Licences accepted', proposal.licences.join(', '))}
${fact('Rows wanted', proposal.rowsWanted.toLocaleString('en-US'))}
${fact('Must beat the base by', html`<span class="number">${proposal.minimumImprovement} %</span> of its loss on held-out questions`)}
${fact('Price', html`${amount(proposal.priceUnits)} a question`)}
${fact('Proposer and bond', html`${proposal.proposer}, ${amount(proposal.bondUnits)}, transaction ${transaction(proposal.bondTx)}`)}
${fact('Pledged', html`${amount(proposal.pledgedUnits)} in ${countText(proposal.pledges, 'pledge')}`)}
${fact(
  'Split of income',
  Object.entries(proposal.split)
    .map(([who, part]) => `${who} ${part} %`)
    .join(', '),
)}
${fact('Hash of the terms', hash(proposal.termsHash))}
</dl></section>
${record(proposal)}`

/** The head of the page: name, state and stages. */
export const standing = (proposal: ProposalStatus): Piece =>
  html`<div id="standing" class="stack"><div class="headline"><h1>${title(proposal)}</h1>${stateHtml(proposal)}</div>
<p class="lead">${proposal.purpose}</p>
${stagesHtml(proposal)}${ending(proposal)}${training(proposal)}</div>`

const ending = (proposal: ProposalStatus): Piece =>
  proposal.reason === null ? nothing : html`<p class="say bad">Why it ended: ${proposal.reason}.</p>`

const training = (proposal: ProposalStatus): Piece =>
  proposal.run?.state === 'training' && proposal.run.steps !== null
    ? progressHtml(runProgress(proposal, english))
    : nothing

/** What a proposal has left behind so far, each with its proof. */
export const record = (proposal: ProposalStatus): Piece => {
  const { poll, snapshot, run, evaluation, release, rows } = proposal
  return html`<section class="card" id="record"><h2>On record</h2><dl class="facts">
${fact('Vote', proposal.origin !== 'voted' ? html`${origins[proposal.origin]}` : poll === null ? html`${countText(proposal.ballots, 'ballot')}; the tally is sealed until ${time(proposal.closesAt)}` : html`${poll.passed ? 'passed' : 'rejected'}: yes ${amount(poll.yesUnits)}, no ${amount(poll.noUnits)}; root ${hash(poll.root)}, transaction ${transaction(poll.tx)}`)}
${fact('Rows', html`<span class="number">${rows.accepted}</span> accepted, <span class="number">${rows.refused}</span> refused, <span class="number">${rows.received + rows.review}</span> undecided, from ${proposal.contributors === 1 ? '1 person' : `${proposal.contributors} people`}`)}
${snapshot === null ? nothing : fact('Snapshot', html`<span class="number">${snapshot.rows}</span> rows, root ${hash(snapshot.root)}, transaction ${transaction(snapshot.tx)}`)}
${run === null ? nothing : fact('Run', html`<a href="/runs/${run.id}">${run.state}${run.state === 'training' ? ', live' : ', loss curve'}</a>`)}
${evaluation === null ? nothing : fact('Held-out loss', html`<span class="number">${natsText(evaluation.adapterLoss)}</span> nats a token, base <span class="number">${natsText(evaluation.baseLoss)}</span>: <span class="number">${improvementText(evaluation.baseLoss, evaluation.adapterLoss)}</span> gone on ${countText(evaluation.rows, 'question')}`)}
${release === null ? nothing : fact('Release', html`<a href="/models/${proposal.name}">model card</a>, transaction ${transaction(release.tx)}`)}
${fact('Ledger', html`<a href="/ledger?subject=${proposal.id}">its events</a>`)}
</dl></section>`
}

const mayFreeze = ({ state, mine, rows, rowsWanted, gatheringClosedAt }: ProposalStatus): boolean =>
  state === 'gathering' && gatheringClosedAt === null && mine.proposer && rows.accepted >= rowsWanted

/** Changes whenever `actions` offers something else. */
export const actionsKey = (proposal: ProposalStatus): string =>
  [
    proposal.state,
    ...(proposal.gatheringClosedAt === null ? [] : ['closed']),
    proposal.mine.choice ?? 'none',
    ...(mayFreeze(proposal) ? ['freeze'] : []),
  ].join('-')

/** What one may do about a proposal now. */
export const actions = (proposal: ProposalStatus, visitor: Visitor): Piece => {
  const path = `/proposals/${proposal.name}`
  if (proposal.state === 'voting') {
    const { choice } = proposal.mine
    const style = (value: string) => (choice === value ? 'primary' : '')
    return html`<section class="card action" id="actions"><h2>Your vote</h2><p>${choice === null ? 'You have not voted yet.' : `You voted ${choice}; you can change it until the close.`}</p>
<form method="post" action="${path}/vote" class="buttons">${formFields(visitor)}<button name="choice" value="yes" class="${style('yes')}">Vote yes</button><button name="choice" value="no" class="${style('no')}">Vote no</button></form>
${pledgeForm(path, visitor)}</section>`
  }
  if (proposal.state === 'gathering' && proposal.gatheringClosedAt === null)
    return html`<section class="card action" id="actions"><h2>Give rows</h2><p>It needs questions with answers: ${proposal.dataWanted}</p>
<p class="buttons"><a class="button primary" href="${path}/contribute">Contribute</a></p>${mayFreeze(proposal) ? freezeForm(path, visitor) : nothing}${pledgeForm(path, visitor)}</section>`
  return html`<div id="actions">${proposal.release === null ? nothing : html`<p class="buttons"><a class="button primary" href="/?model=${proposal.name}">Ask it</a></p>`}</div>`
}

const freezeForm = (path: string, visitor: Visitor): Piece =>
  html`<form method="post" action="${path}/freeze" class="inline">${formFields(visitor)}<p>The quota is reached: as its proposer you may close the gathering, and it is tuned on the rows it has.</p><button>Close the gathering</button></form>`

const pledgeForm = (path: string, visitor: Visitor): Piece =>
  html`<form method="post" action="${path}/pledge" class="inline">${formFields(visitor)}<label>Prepay questions <input name="tokens" inputmode="decimal" pattern="\\d+(\\.\\d{1,6})?" value="5" required size="6"> tokens</label><button>Pledge</button></form>`
