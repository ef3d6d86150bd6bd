import { abandon } from './abandon.ts'
import { account } from './account.ts'
import { acknowledge } from './acknowledge.ts'
import { activate } from './activate.ts'
import { advance } from './advance.ts'
import { alias } from './alias.ts'
import { aliases } from './aliases.ts'
import { anchor } from './anchor.ts'
import { another } from './another.ts'
import { ask } from './ask.ts'
import { attribute } from './attribute.ts'
import { bom } from './bom.ts'
import { calibrate, forgoCalibration } from './calibrate.ts'
import { check } from './check.ts'
import { claim } from './claim.ts'
import { close } from './close.ts'
import { consent } from './consent.ts'
import { consents } from './consents.ts'
import { contribute } from './contribute.ts'
import { deposit } from './deposit.ts'
import { embed } from './embed.ts'
import { erase } from './erase.ts'
import { evaluate } from './evaluate.ts'
import { event } from './event.ts'
import { events } from './events.ts'
import { explain } from './explain.ts'
import { exportBundle } from './export.ts'
import { exportAdapter } from './export-adapter.ts'
import { feedback } from './feedback.ts'
import { fineTune } from './fine-tune.ts'
import { freeze } from './freeze.ts'
import { importAdapter } from './import-adapter.ts'
import { inspect } from './inspect.ts'
import { inspectEpoch } from './inspect-epoch.ts'
import { issueKey } from './issue-key.ts'
import { join } from './join.ts'
import { keys } from './keys.ts'
import { link } from './link.ts'
import { models } from './models.ts'
import { notices } from './notices.ts'
import { pledge } from './pledge.ts'
import { post } from './post.ts'
import { prefer } from './prefer.ts'
import { propose } from './propose.ts'
import type { Verb } from './registry.ts'
import { release } from './release.ts'
import { review } from './review.ts'
import { revokeKey } from './revoke-key.ts'
import { rotateKey } from './rotate-key.ts'
import { run } from './run.ts'
import { settle } from './settle.ts'
import { showReceipt } from './show-receipt.ts'
import { snapshot } from './snapshot.ts'
import { status } from './status.ts'
import { submission } from './submission.ts'
import { subscribe } from './subscribe.ts'
import { subscriptions } from './subscriptions.ts'
import { takeout } from './takeout.ts'
import { tally } from './tally.ts'
import { train } from './train.ts'
import { tune } from './tune.ts'
import { unlink } from './unlink.ts'
import { unsubscribe } from './unsubscribe.ts'
import { unwind } from './unwind.ts'
import { vote } from './vote.ts'
import { withdraw } from './withdraw.ts'

const all = [
  abandon,
  account,
  acknowledge,
  activate,
  advance,
  alias,
  aliases,
  anchor,
  another,
  ask,
  attribute,
  bom,
  calibrate,
  check,
  claim,
  close,
  consent,
  consents,
  contribute,
  deposit,
  embed,
  erase,
  evaluate,
  event,
  events,
  explain,
  exportAdapter,
  exportBundle,
  feedback,
  fineTune,
  forgoCalibration,
  freeze,
  importAdapter,
  inspect,
  inspectEpoch,
  issueKey,
  join,
  keys,
  link,
  models,
  notices,
  pledge,
  post,
  prefer,
  propose,
  release,
  review,
  revokeKey,
  rotateKey,
  run,
  settle,
  showReceipt,
  snapshot,
  status,
  submission,
  subscribe,
  subscriptions,
  takeout,
  tally,
  train,
  tune,
  unlink,
  unsubscribe,
  unwind,
  vote,
  withdraw,
] as const

type Listed = (typeof all)[number]

/** Everything the network can do; a surface shows those that its caller may call. */
export const verbs: readonly Verb[] = all

/** Every verb's definition by its name: what a program needs to know of their types. */
export type Verbs = { [V in Listed as V['name']]: V }
