import type { Log } from '../../infra/log.ts'
import type { Chats } from '../../tools/chats.ts'
import { Recent } from '../chat/recent.ts'
import { type Form, newFormId } from './forms.ts'

/** Forms open at the same time that memory holds; the others are read back. */
const HELD = 2_000

/** Forms that were opened and wait to be sent. */
export interface KeptForms {
  /** Keeps a form and returns its id. The form can be shown at once: that must not wait for a database. */
  keep(form: Form, subject: string): string
  /** The form of an id, for the person it was opened for; null where it is too old or somebody else's. */
  find(id: string, subject: string): Promise<Form | null>
}

/** `store` keeps them over a restart, as buttons: what a form's id leads to is what a button's id leads to. */
export const openKeptForms = (store: Pick<Chats, 'keepButtons' | 'button'>, log: Log): KeptForms => {
  const held = new Recent<string, { form: Form; subject: string }>(HELD)
  return {
    keep(form, subject) {
      const id = newFormId()
      held.set(id, { form, subject })
      store
        .keepButtons('discord', `form/${id}`, [{ id, subject, act: { kind: 'form', form } }])
        .catch(() => log.warn('discord.form-not-kept'))
      return id
    },
    async find(id, subject) {
      const here = held.get(id)
      if (here !== undefined) return here.subject === subject ? here.form : null
      const kept = await store.button('discord', id)
      const act = kept?.act as { kind?: string; form?: Form } | undefined
      return kept?.subject === subject && act?.kind === 'form' ? (act.form ?? null) : null
    },
  }
}
