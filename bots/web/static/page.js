// What pages do beyond HTML: the chat's keys and scrolling, and forms that are sent once. Without it everything still works.
const fresh = () =>
  // Only secure contexts have randomUUID; the loopback is one.
  crypto.randomUUID()

const log = document.getElementById('log')
const ask = document.getElementById('ask')

/** Keeps the newest words in view, unless the reader has scrolled up to something else. */
const follow = () => {
  const bottom = document.documentElement.scrollHeight - window.innerHeight
  if (bottom - window.scrollY < 240)
    window.scrollTo({ top: document.documentElement.scrollHeight, behavior: 'instant' })
}

if (ask !== null) {
  const line = ask.querySelector('textarea')
  line.addEventListener('keydown', event => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
    event.preventDefault()
    // An empty line ends the rows of a dialogue; an empty first message says nothing.
    if (line.value.trim() !== '' || log.querySelector('.turn') !== null) ask.requestSubmit()
  })
  new MutationObserver(follow).observe(log, { childList: true, subtree: true, characterData: true })
}

document.addEventListener('htmx:before:request', event => {
  const form = event.target
  if (!(form instanceof HTMLFormElement)) return
  if (form === ask) {
    // The form's fields were read by now.
    ask.querySelector('textarea').value = ''
    window.scrollTo({ top: document.documentElement.scrollHeight, behavior: 'instant' })
  }
  for (const button of form.querySelectorAll('button')) button.disabled = true
  // A yes or no belongs to what was asked last; an older one would answer something else.
  for (const old of document.querySelectorAll(
    '.choices form:has(input[name=line]:is([value=yes], [value=no])) button',
  ))
    old.disabled = true
})

document.addEventListener('htmx:finally:request', event => {
  const form = event.target
  if (!(form instanceof HTMLFormElement)) return
  for (const busy of document.querySelectorAll('.theirs[aria-busy]')) busy.removeAttribute('aria-busy')
  for (const key of form.querySelectorAll('input[name=_key]')) key.value = fresh()
  if (form === ask) {
    for (const button of form.querySelectorAll('button')) button.disabled = false
    form.querySelector('textarea').focus()
  } else if (log !== null) {
    // A choice was made: the others are history.
    ask?.querySelector('textarea').focus()
  }
})

document.addEventListener('htmx:response:error', event => {
  const where = event.target.closest?.('.chat')?.querySelector('#log')
  if (where === null || where === undefined) return
  const note = document.createElement('p')
  note.className = 'say bad'
  note.setAttribute('role', 'alert')
  note.textContent = 'That did not work. Reload the page and try again.'
  where.append(note)
})

// A form sent by the browser itself: a second click sends nothing.
document.addEventListener('submit', event => {
  const form = event.target
  if (form.hasAttribute('hx-post')) return
  if (form.dataset.sent === 'yes') return event.preventDefault()
  form.dataset.sent = 'yes'
})
window.addEventListener('pageshow', () => {
  for (const form of document.forms) delete form.dataset.sent
})
