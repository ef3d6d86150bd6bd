import { html } from 'hono/html'
import type { keys } from '../../../tools/keys.ts'
import { amount, nothing, type Piece, time } from '../pieces.ts'
import type { Site } from '../site.ts'
import type { Visitor } from '../visitors.ts'

/** The keys with which programs act for the visitor; they are made and ended in the chat. */
export const keysHtml = async (site: Site, visitor: Visitor): Promise<Piece> => {
  if (site.bot.verb('keys') === undefined) return nothing
  const { keys: listed } = await site.use<typeof keys>(visitor, 'keys', {})
  return html`<section class="card"><h2>API keys</h2>${
    listed.length === 0
      ? html`<p class="empty">No program acts for you. <code>/issue-key</code> in the <a href="/">chat</a> makes a key for one.</p>`
      : html`<div class="scroll"><table><thead><tr><th scope="col">Key</th><th scope="col">State</th><th scope="col">May</th><th scope="col" class="number">Spent</th><th scope="col">Last used</th></tr></thead><tbody>${listed.map(
          key =>
            html`<tr><td>${key.name} <span class="quiet">${key.id}</span></td><td>${key.state === 'active' ? html`until ${time(key.expiresAt)}` : key.state}</td><td>${key.scopes.join(', ')}</td><td class="number">${key.budgetUnits === null ? html`<span class="quiet">no budget</span>` : html`${amount(key.spentUnits)} of ${amount(key.budgetUnits)}`}</td><td>${key.lastUsedAt === null ? html`<span class="quiet">never</span>` : time(key.lastUsedAt)}</td></tr>`,
        )}</tbody></table></div><p class="quiet">In the <a href="/">chat</a>, <code>/rotate-key</code> makes a new secret and <code>/revoke-key</code> ends a key.</p>`
  }</section>`
}
