import type { Chats } from '../../tools/chats.ts'
import type { Sentences } from '../sentences.ts'
import type { Incoming } from './platform.ts'
import type { ButtonAct, KeptView } from './view.ts'

/** What pressing a button comes to. */
export type Press =
  | (ButtonAct & { readonly kind: 'line' })
  | {
      readonly kind: 'page'
      readonly page: number
      readonly nonce: string
      readonly message: string
      readonly view: KeptView
    }
  | { readonly kind: 'refused'; readonly words: string }

/** Reads what a person pressed; null where they did something else. A button is for whom it was made, and while it is kept. */
export const readPress = async (
  chats: Pick<Chats, 'button' | 'view'>,
  { act, person, place }: Incoming,
  { chatting }: Sentences,
): Promise<Press | null> => {
  if (act.kind !== 'button') return null
  const button = await chats.button(place.platform, act.id)
  if (button === null) return { kind: 'refused', words: chatting.expiredButton }
  if (button.subject !== null && button.subject !== person.subject)
    return { kind: 'refused', words: chatting.foreignButton }
  const does = button.act as ButtonAct
  if (does.kind === 'line') return does
  const shown = await chats.view(button.nonce)
  if (shown?.message == null || shown.view === null) return { kind: 'refused', words: chatting.pageGone }
  return { ...does, nonce: button.nonce, message: shown.message, view: shown.view as KeptView }
}
