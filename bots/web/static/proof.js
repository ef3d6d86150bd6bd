// Checks an event of the ledger with the browser's own SHA-256: payload, chain link, and Merkle path (RFC 6962).
const bytesOf = hex => Uint8Array.from(hex.match(/../g) ?? [], pair => Number.parseInt(pair, 16))
const hexOf = bytes => Array.from(new Uint8Array(bytes), byte => byte.toString(16).padStart(2, '0')).join('')
const sha256 = async (...parts) =>
  hexOf(await crypto.subtle.digest('SHA-256', await new Blob(parts).arrayBuffer()))

/** RFC 8785 for what events hold: strings, integers, lists and objects; JSON.stringify writes numbers as it asks. */
const canonical = value => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  const names = Object.keys(value).sort()
  return `{${names.map(name => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`
}

const checkPayload = async event =>
  (await sha256(bytesOf(event.salt), canonical(event.payload))) === event.payloadHash

const checkEvent = async ({ seq, at, kind, actor, subject, payloadHash, prevHash, hash }) =>
  (await sha256(canonical({ seq, at, kind, actor, subject, payloadHash, prevHash }))) === hash

const checkPath = async ({ hash, proof, anchor }) => {
  const LEAF = Uint8Array.of(0)
  const NODE = Uint8Array.of(1)
  let node = await sha256(LEAF, bytesOf(hash))
  let used = 0
  for (
    let at = proof.index, width = proof.size;
    width > 1;
    at = Math.floor(at / 2), width = Math.ceil(width / 2)
  ) {
    // The last node of an odd level has no sibling and moves up as it is.
    if (at % 2 === 0 && at === width - 1) continue
    const sibling = bytesOf(proof.path[used++])
    node =
      at % 2 === 0 ? await sha256(NODE, bytesOf(node), sibling) : await sha256(NODE, sibling, bytesOf(node))
  }
  return used === proof.path.length && node === anchor.root
}

for (const button of document.querySelectorAll('[data-check]'))
  button.addEventListener('click', async () => {
    const event = JSON.parse(button.dataset.check)
    const list = button.closest('section').querySelector('.checks')
    list.replaceChildren()
    const say = (good, text) => {
      const item = document.createElement('li')
      item.className = `say ${good === null ? 'quiet' : good ? 'good' : 'bad'}`
      item.textContent = `${good === null ? '–' : good ? '✓' : '✗'} ${text}`
      list.append(item)
    }
    if (event.salt === null) say(null, 'The payload is erased or sealed, so its hash cannot be recomputed.')
    else {
      const good = await checkPayload(event)
      say(good, good ? 'The payload gives its hash.' : 'The payload does not give its hash.')
    }
    const linked = await checkEvent(event)
    say(
      linked,
      linked ? 'The event gives its hash, with the one before it.' : 'The event does not give its hash.',
    )
    if (event.proof === null) say(null, 'It is not anchored yet, so there is no path to check.')
    else {
      const good = await checkPath(event)
      say(
        good,
        good
          ? `The path leads to the root of events ${event.anchor.fromSeq} to ${event.anchor.toSeq}.`
          : 'The path does not lead to the root.',
      )
    }
  })
