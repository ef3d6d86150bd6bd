import { randomUUID } from 'node:crypto'
import { html } from 'hono/html'
import { percentText, shortId, timeText, tokensText } from '../format.ts'
import type { Visitor } from './visitors.ts'

/** A piece of HTML; every text in it was escaped by the template. */
export type Piece = ReturnType<typeof html>

export const nothing: Piece = html``

/** An amount with its unit, the number in a column of its own width. */
export const amount = (units: string): Piece =>
  html`<span class="number">${tokensText(units)}</span> <span class="unit">tokens</span>`

/** A hash or id cut short, whole on hover and for the clipboard. */
export const hash = (id: string): Piece => html`<code class="hash" title="${id}">${shortId(id)}</code>`

/** A transaction of the chain, leading to the ledger events that carry it. */
export const transaction = (tx: string | null): Piece =>
  tx === null
    ? html`<span class="quiet">not yet</span>`
    : tx === ''
      ? html`<span class="quiet">none: no vote made this model</span>`
      : html`<a href="/ledger?tx=${tx}" title="${tx}"><code>${shortId(tx)}</code></a>`

export const time = (iso: string): Piece => html`<time datetime="${iso}">${timeText(iso)}</time>`

/** A part of one as a bar with its percent beside it. */
export const partBar = (part: number, label: string): Piece =>
  html`<span class="part"><meter min="0" max="1" value="${part.toFixed(4)}" aria-label="${label}">${percentText(part)}</meter><span class="number">${percentText(part)}</span></span>`

/** The hidden fields of every form. */
export const formFields = (visitor: Visitor): Piece =>
  html`<input type="hidden" name="_csrf" value="${visitor.csrf}"><input type="hidden" name="_key" value="${randomUUID()}">`

/** A labelled fact in a description list. */
export const fact = (label: string, value: Piece | string | number): Piece =>
  html`<div><dt>${label}</dt><dd>${value}</dd></div>`

/** A message above a form: what was wrong and what to do. */
export const alert = (message: string | null): Piece =>
  message === null ? nothing : html`<p class="alert" role="alert">${message}</p>`

export const join = (pieces: readonly Piece[]): Piece => html`${pieces}`
