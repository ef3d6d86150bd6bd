import type { Check } from './check.ts'
import { pass, refuse } from './check.ts'

const fields = ['question', 'answer'] as const
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is the point
const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff]/u
const brokenText = /\ufffd|Ã[\u0080-\u00bf©¨¢¼¶¤]|â€[™œ\u009d“”]/u
const visible = /[\p{L}\p{N}\p{P}\p{S}]/u

/** Every field is text, none is blank, and no character is a control character or the mark of a broken encoding. */
export const schema: Check = row => {
  for (const field of fields) {
    const value: unknown = row[field]
    if (typeof value !== 'string')
      return refuse('schema', `The field "${field}" is missing or is not text.`, `Give "${field}" as text.`)
    if (!visible.test(value))
      return refuse('schema', `The field "${field}" is blank.`, `Write something into "${field}".`)
    if (control.test(value))
      return refuse(
        'schema',
        `The field "${field}" has control characters.`,
        'Remove the characters that do not print.',
      )
    if (!value.isWellFormed() || brokenText.test(value))
      return refuse(
        'schema',
        `The field "${field}" was damaged by a wrong character encoding.`,
        'Save the file as UTF-8 and send it again.',
      )
  }
  return pass('schema', 'The row has a question and an answer.')
}
