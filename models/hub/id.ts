import { fault } from '../../infra/errors.ts'

/** A model on the hub, at a branch, a tag or a commit. */
export interface BaseId {
  /** `owner/name`. */
  repo: string
  revision: string
}

// The hub's own rules: word characters, dots and dashes; neither `--` nor `..`, so a folder named owner--name is unambiguous.
const form = /^(\w[\w.-]{0,95}\/\w[\w.-]{0,95})(?:@(\w[\w./-]{0,199}))?$/

/** Reads `owner/name` or `owner/name@revision`; null where the text is neither. The revision is `main` where absent. */
export const readBaseId = (text: string): BaseId | null => {
  const [, repo, revision = 'main'] = form.exec(text) ?? []
  if (repo === undefined || /--|\.\./.test(repo) || /\.\.|\/\/|\/$/.test(revision)) return null
  return { repo, revision }
}

/** As `readBaseId`. Throws `base-not-found` where the text is no id. */
export const parseBaseId = (text: string): BaseId => {
  const id = readBaseId(text)
  if (id !== null) return id
  throw fault('base-not-found', `"${text}" is no Hugging Face model id.`, {
    fix: 'Write it as owner/name or owner/name@revision.',
    blame: 'operator',
  })
}
