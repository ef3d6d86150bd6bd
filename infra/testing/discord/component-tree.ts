import { ComponentType } from 'discord-api-types/v10'

/** Any component as it travels: the fields that matter here, whatever its type. */
export interface Component {
  readonly type: number
  id?: number
  readonly custom_id?: string
  readonly style?: number
  readonly label?: string
  readonly emoji?: { readonly name?: string }
  readonly url?: string
  readonly disabled?: boolean
  readonly content?: string
  readonly placeholder?: string
  readonly options?: readonly Option[]
  readonly min_values?: number
  readonly max_values?: number
  readonly components?: readonly Component[]
  readonly component?: Component
  readonly accessory?: Component
  readonly file?: { readonly url: string }
  readonly items?: readonly { readonly media: { readonly url: string } }[]
  readonly value?: string
  readonly required?: boolean
  readonly min_length?: number
  readonly max_length?: number
}

export interface Option {
  readonly label: string
  readonly value: string
  readonly description?: string
}

/** A component and everything inside it, outermost first, each with its path in the body. */
export interface Placed {
  readonly component: Component
  readonly path: readonly (string | number)[]
}

export const walk = (
  components: readonly Component[] | null | undefined,
  path: readonly (string | number)[] = ['components'],
): Placed[] =>
  (components ?? []).flatMap((component, index) => [
    { component, path: [...path, index] },
    ...walk(component.components, [...path, index, 'components']),
    ...single(component.accessory, [...path, index, 'accessory']),
    ...single(component.component, [...path, index, 'component']),
  ])

const single = (component: Component | undefined, path: readonly (string | number)[]): Placed[] =>
  component === undefined ? [] : [{ component, path }]

/** Copies components and numbers those without an id, as the server does. */
export const numbered = (components: readonly Component[] | null | undefined): Component[] => {
  const copy = structuredClone([...(components ?? [])])
  let id = 0
  for (const { component } of walk(copy)) component.id ??= ++id
  return copy
}

export const isSelect = ({ type }: Component): boolean =>
  type === ComponentType.StringSelect ||
  (type >= ComponentType.UserSelect && type <= ComponentType.ChannelSelect)
