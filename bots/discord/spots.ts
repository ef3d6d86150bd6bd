/**
 * Where a message of the bot stands, as the text that names it. `hidden`: only one person sees it, and only the token of its
 * interaction reaches it; `original`: the token's own message; `posted`: a message like any other.
 */
export type Spot =
  | { readonly kind: 'hidden'; readonly id: string }
  | { readonly kind: 'original' | 'posted'; readonly channel: string; readonly id: string }

export const spotText = (spot: Spot): string =>
  spot.kind === 'hidden' ? `hidden/${spot.id}` : `${spot.kind}/${spot.channel}/${spot.id}`

/** Reads a spot; null for a text that is none. */
export const spotOf = (text: string | null): Spot | null => {
  const [kind, first, id] = text?.split('/') ?? []
  if (kind === 'hidden' && first !== undefined) return { kind, id: first }
  if ((kind === 'original' || kind === 'posted') && first !== undefined && id !== undefined)
    return { kind, channel: first, id }
  return null
}
