import type { Context } from 'hono'
import { html } from 'hono/html'
import type { AssetName } from './assets.ts'
import { nothing, type Piece } from './pieces.ts'
import type { Site } from './site.ts'
import type { Env, Visitor } from './visitors.ts'

const places = [
  { path: '/', name: 'Chat' },
  { path: '/models', name: 'Models' },
  { path: '/proposals', name: 'Proposals' },
  { path: '/ledger', name: 'Ledger' },
  { path: '/account', name: 'Account' },
] as const

export interface PageParts {
  readonly title: string
  /** The place in the navigation that the page belongs to. */
  readonly place?: (typeof places)[number]['path']
  readonly body: Piece
  readonly scripts?: readonly AssetName[]
  readonly styles?: readonly AssetName[]
}

/** A whole page. */
export const page = (site: Site, visitor: Visitor, parts: PageParts): Piece => {
  const script = (name: AssetName) => html`<script src="${site.assets.address(name)}" defer></script>`
  const sheet = (name: AssetName) => html`<link rel="stylesheet" href="${site.assets.address(name)}">`
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="htmx-config" content='{"includeIndicatorCSS":false,"history":false}'>
<title>${parts.title} · Tributary</title>
<link rel="icon" href="${site.assets.address('icon.svg')}">
${(parts.styles ?? []).map(sheet)}
${(['style.css', 'boxes.css', 'forms.css', 'phone.css'] as const).map(sheet)}
${(['htmx.js', 'page.js', ...(parts.scripts ?? [])] as AssetName[]).map(script)}
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="top">
<a class="brand" href="/">Tributary</a>
<nav aria-label="Main"><ul>${places.map(
    ({ path, name }) =>
      html`<li><a href="${path}"${path === parts.place ? html` aria-current="page"` : nothing}>${name}</a></li>`,
  )}</ul></nav>
<span class="who">${visitor.name ?? 'Guest'}</span>
</header>
<main id="main" tabindex="-1">
${parts.body}
</main>
</body>
</html>`
}

export const sendPage = (
  site: Site,
  c: Context<Env>,
  parts: PageParts,
  status: 200 | 400 | 403 | 404 | 413 | 500 = 200,
) => {
  c.header('cache-control', 'no-store')
  return c.html(page(site, c.get('visitor'), parts), status)
}
