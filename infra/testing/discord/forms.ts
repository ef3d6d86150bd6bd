import { ComponentType } from 'discord-api-types/v10'
import { type FakeFile, misuse, uploads } from './command-options.ts'
import { type Component, isSelect } from './component-tree.ts'
import type { Interaction } from './interactions.ts'
import { store } from './messages.ts'
import type { World } from './world.ts'

/** One field of a form that a person sees. */
export interface Field {
  readonly customId: string
  readonly label: string
  readonly kind: 'text' | 'select' | 'file' | 'other'
  readonly required: boolean
  /** What stands in it already. */
  readonly value: string
}

/** A form the bot showed. */
export interface Modal {
  readonly customId: string
  readonly title: string
  readonly fields: readonly Field[]
  /** The interaction that it answered. */
  readonly from: Interaction
}

export type FieldValue = string | readonly string[] | readonly FakeFile[]

interface Slot {
  readonly label: string
  readonly component: Component
}

/** Fields by position, whichever way they are wrapped: in a label or in an action row. */
const slots = (components: readonly Component[]): Slot[] =>
  components.flatMap(outer => {
    if (outer.type === ComponentType.Label && outer.component !== undefined)
      return [{ label: outer.label ?? '', component: outer.component }]
    return (outer.components ?? []).map(component => ({ label: component.label ?? '', component }))
  })

export const modalOf = (from: Interaction): Modal => {
  const { modal } = from
  if (modal === null) throw misuse('The bot showed no form.', 'Look at what it answered.')
  return {
    customId: modal.custom_id,
    title: modal.title,
    from,
    fields: slots(modal.components).map(({ label, component }) => ({
      customId: component.custom_id ?? '',
      label,
      kind: kindOf(component),
      required: component.required ?? true,
      value: component.value ?? '',
    })),
  }
}

const kindOf = (component: Component): Field['kind'] => {
  if (component.type === ComponentType.TextInput) return 'text'
  if (component.type === ComponentType.FileUpload) return 'file'
  return isSelect(component) ? 'select' : 'other'
}

/**
 * Fills a form, by label or custom_id, as the client would: refuses what it would not send (a required field left empty,
 * more than 4,000 code points or the field's own limit). Returns the interaction's data and lines for the transcript.
 */
export const fillModal = (
  world: World,
  { from }: Modal,
  values: Readonly<Record<string, FieldValue>>,
): { data: unknown; lines: string[] } => {
  const modal = from.modal!
  const resolved: Record<string, Record<string, unknown>> = {}
  const lines: string[] = []
  const used = new Set<string>()
  const fill = (component: Component, label: string): unknown => {
    const key = [label, component.custom_id ?? ''].find(name => name in values)
    if (key !== undefined) used.add(key)
    const given = key === undefined ? (component.value ?? '') : values[key]!
    if (given.length === 0 && (component.required ?? true))
      throw misuse(`The field ${label} is required.`, 'Fill it in.')
    const base = { type: component.type, id: component.id, custom_id: component.custom_id }
    if (typeof given === 'string' && component.type === ComponentType.TextInput) {
      checkText(component, label, given)
      if (given !== '') lines.push(`${label}: ${given}`)
      return { ...base, value: given }
    }
    const list = typeof given === 'string' ? (given === '' ? [] : [given]) : given
    const told = list.map(entry => {
      if (typeof entry === 'string') return entry
      const attachment = { ...store(world, from.channel.id, uploads([entry])[0]!), ephemeral: true }
      resolved.attachments = { ...resolved.attachments, [attachment.id]: attachment }
      return attachment.id
    })
    lines.push(
      `${label}: ${list.map(entry => (typeof entry === 'string' ? entry : `<${entry.name}>`)).join(', ')}`,
    )
    return { ...base, values: told }
  }
  const components = modal.components.map((outer, index) => {
    const base = { type: outer.type, id: outer.id ?? index + 1 }
    if (outer.type === ComponentType.Label && outer.component !== undefined)
      return { ...base, component: fill(outer.component, outer.label ?? '') }
    if (outer.components === undefined) return base
    return { ...base, components: outer.components.map(inner => fill(inner, inner.label ?? '')) }
  })
  for (const key of Object.keys(values))
    if (!used.has(key)) throw misuse(`The form has no field ${key}.`, 'Use one that it has.')
  const data = { custom_id: modal.custom_id, components }
  return { data: Object.keys(resolved).length === 0 ? data : { ...data, resolved }, lines }
}

const checkText = (component: Component, label: string, text: string): void => {
  const length = [...text].length
  const most = component.max_length ?? 4_000
  const least = text === '' ? 0 : (component.min_length ?? 0)
  if (length > most || length < least)
    throw misuse(`The field ${label} takes ${least} to ${most} characters.`, 'Give a text of that length.')
}
