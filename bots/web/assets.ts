import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { Hono } from 'hono'
import type { Env } from './visitors.ts'

const require = createRequire(import.meta.url)
const own = (name: string) => fileURLToPath(new URL(`static/${name}`, import.meta.url))

/** The files that pages load: our own, and libraries as npm installed them; a list is sent as one file. */
const files = {
  'style.css': own('style.css'),
  'boxes.css': own('boxes.css'),
  'forms.css': own('forms.css'),
  'phone.css': own('phone.css'),
  'why.css': own('why.css'),
  'icon.svg': own('icon.svg'),
  'page.js': own('page.js'),
  'chart.js': own('chart.js'),
  'proof.js': own('proof.js'),
  // One script, as htmx starts in a timeout of its own: between two scripts it could start before the extension is there,
  // and the page would never open its stream.
  'htmx.js': [
    require.resolve('htmx.org/dist/htmx.min.js'),
    require.resolve('htmx.org/dist/ext/hx-sse.min.js'),
  ],
  'uplot.js': require.resolve('uplot/dist/uPlot.iife.min.js'),
  'uplot.css': require.resolve('uplot/dist/uPlot.min.css'),
} as const satisfies Record<string, string | readonly string[]>

const types: Readonly<Record<string, string>> = {
  css: 'text/css',
  js: 'text/javascript',
  svg: 'image/svg+xml',
}

export type AssetName = keyof typeof files

export interface Assets {
  /** The address of a file; it changes with the content, so that browsers may keep it for ever. */
  address(name: AssetName): string
  readonly routes: Hono<Env>
}

/** Reads all files at once, so that a missing one fails the start and not a page. */
export const openAssets = (): Assets => {
  const read = Object.entries(files).map(([name, paths]) => {
    const bytes = Buffer.concat([paths].flat().flatMap(path => [readFileSync(path), Buffer.from('\n')]))
    return { name, bytes, hash: createHash('sha256').update(bytes).digest('hex').slice(0, 12) }
  })
  const routes = new Hono<Env>()
  for (const { name, bytes, hash } of read)
    routes.get(`/static/${hash}/${name}`, c =>
      c.body(new Uint8Array(bytes), 200, {
        'content-type': `${types[name.slice(name.lastIndexOf('.') + 1)]}; charset=utf-8`,
        'cache-control': 'public, max-age=31536000, immutable',
      }),
    )
  return { address: name => `/static/${read.find(file => file.name === name)?.hash}/${name}`, routes }
}
