import type { Markup } from '../chat/pages.ts'

/** Markup of the paper platform: HTML-like, so that a cut entity or tag shows. */
export const paperMarkup: Markup = {
  escape: text => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
  bold: text => `<b>${paperMarkup.escape(text)}</b>`,
  quiet: text => `<i>${paperMarkup.escape(text)}</i>`,
  code: text => `<code>${paperMarkup.escape(text)}</code>`,
  block: text => `<pre>${paperMarkup.escape(text)}</pre>`,
  modelLink: url => `<code>${paperMarkup.escape(url)}</code> (unchecked)`,
  length: rendered => rendered.length,
}

/** What a person reads of a text in paper markup. */
export const paperText = (rendered: string): string =>
  rendered
    .replace(/<\/?(b|i|code|pre)>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
