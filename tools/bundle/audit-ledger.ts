import { GENESIS, hashEvent, hashPayload } from '../../infra/ledger.ts'
import { sha256Root } from '../../infra/merkle.ts'
import { type Check, examine } from './check.ts'
import { type Evidence, hexOf, wordOf } from './evidence.ts'

/** Checks the chain of events, the payloads that are public, and that the chain holds the Merkle root of every batch. */
export const auditLedger = async ({ manifest, records, witness }: Evidence): Promise<Check[]> => {
  const { events, anchors } = records
  const open = new Set(records.proposals.filter(item => item.state === 'voting').map(item => item.id))
  const chain = await examine('the events form a chain of hashes without a gap', wrong => {
    let [seq, prevHash] = [1n, GENESIS]
    for (const event of events) {
      if (event.seq !== seq) wrong(`event ${seq} is missing before event ${event.seq}`)
      else if (event.prevHash !== prevHash) wrong(`event ${seq} does not follow the event before it`)
      if (hashEvent({ ...event, at: new Date(event.at) }) !== event.hash)
        wrong(`event ${event.seq} was changed`)
      seq = event.seq + 1n
      prevHash = event.hash
    }
    return { count: events.length, detail: `${events.length} events, the newest has hash ${prevHash}` }
  })
  const payloads = await examine('every public payload matches its hash', wrong => {
    let [shown, sealed] = [0, 0]
    for (const event of events) {
      if (event.salt === null) {
        if (event.payload !== null) wrong(`event ${event.seq} has a payload without its salt`)
        if (event.kind === 'ballot.cast' && open.has(event.subject)) sealed++
        continue
      }
      shown++
      if (hashPayload(Buffer.from(event.salt, 'hex'), event.payload) !== event.payloadHash)
        wrong(`the payload of event ${event.seq} is not the one that was recorded`)
    }
    if (sealed !== manifest.sealed.ballots)
      wrong(`${sealed} ballots are sealed, the manifest says ${manifest.sealed.ballots}`)
    const erased = events.length - shown - sealed
    return {
      count: shown,
      detail: `${shown} shown, ${sealed} sealed until their poll closes, ${erased} erased`,
    }
  })
  const roots = await examine('the chain holds the Merkle root of every batch of events', wrong => {
    let [covered, next] = [0n, 0]
    for (const [at, anchor] of anchors.entries()) {
      const { fromSeq, toSeq } = anchor
      const what = `the anchor of events ${fromSeq} to ${toSeq}`
      if (fromSeq !== covered + 1n) wrong(`${what} does not begin after event ${covered}`)
      covered = toSeq
      const leaves: Buffer[] = []
      for (let event = events[next]; event !== undefined && event.seq <= toSeq; event = events[++next])
        if (event.seq >= fromSeq) leaves.push(Buffer.from(event.hash, 'hex'))
      if (leaves.length === 0 || BigInt(leaves.length) !== toSeq - fromSeq + 1n)
        wrong(`${what} covers events that are missing`)
      else if (hexOf(sha256Root(leaves)) !== anchor.root) wrong(`${what} has another root than its events`)
      if (anchor.tx === null && at === anchors.length - 1) continue // Closed, and on its way to the chain.
      const args = witness.prove(wrong, what, anchor.tx, 'Registry.anchorLedger')
      if (args === null) continue
      if (args[0] !== wordOf(anchor.root)) wrong(`${what} has another root on chain: ${args[0]}`)
      if (args[1] !== fromSeq || args[2] !== toSeq)
        wrong(`${what} is for events ${args[1]} to ${args[2]} on chain`)
    }
    const listed = new Set(anchors.map(({ fromSeq, toSeq, root }) => `${wordOf(root)}/${fromSeq}/${toSeq}`))
    for (const { record, args } of witness.all('Registry.anchorLedger'))
      if (!listed.has(args.join('/'))) wrong(`the chain holds an anchor that is left out: ${record.hash}`)
    const newest = events.at(-1)?.seq ?? 0n
    return {
      count: anchors.length,
      detail: `events 1 to ${covered}; ${newest - covered} newer ones wait for their batch`,
    }
  })
  return [chain, payloads, roots]
}
