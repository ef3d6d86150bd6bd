import { type APIEmbed, ButtonStyle, ComponentType, MessageFlags } from 'discord-api-types/v10'
import { type Component, isSelect, walk } from './component-tree.ts'
import { emptyMessage, type Findings, openFindings, type Path } from './rejection.ts'
import type { MessageBody } from './world.ts'

/** Code points of a message's content; the real limit for bots. */
export const CONTENT_LENGTH = 2_000
/** All text displays of one components-v2 message together. */
const DISPLAY_LENGTH = 4_000
/** All texts of all embeds of one message together. */
const EMBEDS_LENGTH = 6_000

/**
 * Refuses a message body as the real API does: 50035 with every finding at its path, 50006 where nothing would be shown.
 * `files` counts the attachments the message would have in the end.
 */
export const checkMessage = (body: MessageBody, files: number, flags: number): void => {
  const findings = openFindings()
  const v2 = (flags & MessageFlags.IsComponentsV2) !== 0
  findings.length(['content'], body.content, CONTENT_LENGTH)
  findings.length(['nonce'], typeof body.nonce === 'number' ? undefined : body.nonce, 25)
  findings.count(['embeds'], body.embeds, 10)
  findings.count(['attachments'], body.attachments, 10)
  checkEmbeds(findings, body.embeds ?? [])
  checkComponents(findings, (body.components ?? []) as readonly Component[], v2)
  if (v2)
    for (const field of ['content', 'embeds'] as const)
      if ((body[field]?.length ?? 0) > 0)
        findings.add(
          [field],
          'MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2',
          `The '${field}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2`,
        )
  const mentions = body.allowed_mentions
  if (mentions?.parse?.some(kind => kind === 'users') && (mentions.users?.length ?? 0) > 0)
    findings.add(
      ['allowed_mentions'],
      'MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE',
      'parse:["users"] and users: [ids...] are mutually exclusive.',
    )
  findings.check()
  const shown = [body.content?.trim() ?? '', body.embeds ?? [], body.components ?? []]
  if (files === 0 && shown.every(part => part.length === 0)) throw emptyMessage()
}

const checkEmbeds = (findings: Findings, embeds: readonly APIEmbed[]): void => {
  let total = 0
  embeds.forEach((embed, index) => {
    const at = (...path: Path): Path => ['embeds', index, ...path]
    findings.length(at('title'), embed.title, 256)
    findings.length(at('description'), embed.description, 4_096)
    findings.length(at('footer', 'text'), embed.footer?.text, 2_048)
    findings.length(at('author', 'name'), embed.author?.name, 256)
    findings.count(at('fields'), embed.fields, 25)
    const fields = embed.fields ?? []
    fields.forEach((field, position) => {
      findings.length(at('fields', position, 'name'), field.name, 256, 1)
      findings.length(at('fields', position, 'value'), field.value, 1_024, 1)
    })
    const texts = [embed.title, embed.description, embed.footer?.text, embed.author?.name]
    for (const text of [...texts, ...fields.flatMap(({ name, value }) => [name, value])])
      total += [...(text ?? '')].length
  })
  if (total > EMBEDS_LENGTH)
    findings.add(['embeds'], 'MAX_EMBED_SIZE_EXCEEDED', `Embed size exceeds maximum size of ${EMBEDS_LENGTH}`)
}

const checkComponents = (findings: Findings, components: readonly Component[], v2: boolean): void => {
  const placed = walk(components)
  if (v2 && placed.length > 40)
    findings.add(['components'], 'COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED', 'The maximum is 40 components.')
  if (!v2) {
    findings.count(['components'], components, 5)
    components.forEach(({ type }, index) => {
      if (type !== ComponentType.ActionRow)
        findings.add(
          ['components', index],
          'UNION_TYPE_CHOICES',
          `Value of field "type" must be one of (${ComponentType.ActionRow},).`,
        )
    })
  }
  const used = new Set<string>()
  let shown = 0
  for (const { component, path } of placed) {
    checkCustomId(findings, component, path, used)
    if (component.type === ComponentType.ActionRow) checkRow(findings, component, path)
    if (component.type === ComponentType.Button) checkButton(findings, component, path)
    if (isSelect(component)) checkSelect(findings, component, path)
    if (component.type === ComponentType.TextDisplay) {
      findings.length([...path, 'content'], component.content, DISPLAY_LENGTH, 1)
      shown += [...(component.content ?? '')].length
    }
    if (component.type === ComponentType.Section && component.accessory === undefined)
      findings.add([...path, 'accessory'], 'BASE_TYPE_REQUIRED', 'This field is required')
  }
  if (shown > DISPLAY_LENGTH)
    findings.add(
      ['components'],
      'COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED',
      `The total displayable text size is over ${DISPLAY_LENGTH}.`,
    )
}

/** Notes a custom_id over 100 code points or used twice in one message or modal. */
export const checkCustomId = (
  findings: Findings,
  component: Component,
  path: Path,
  used: Set<string>,
): void => {
  const id = component.custom_id
  findings.length([...path, 'custom_id'], id, 100, 1)
  if (id === undefined) return
  if (used.has(id))
    findings.add(
      [...path, 'custom_id'],
      'COMPONENT_CUSTOM_ID_DUPLICATED',
      'Component custom id cannot be duplicated',
    )
  used.add(id)
}

const checkRow = (findings: Findings, row: Component, path: Path): void => {
  const inside = row.components ?? []
  const width = inside.some(isSelect) ? 1 : 5
  if (inside.length === 0 || inside.length > width)
    findings.add([...path, 'components'], 'BASE_TYPE_BAD_LENGTH', `Must be between 1 and ${width} in length.`)
}

const checkButton = (findings: Findings, button: Component, path: Path): void => {
  findings.length([...path, 'label'], button.label, 80)
  const link = button.style === ButtonStyle.Link
  const required = link ? 'url' : 'custom_id'
  if (button[required] === undefined)
    findings.add([...path, required], 'BASE_TYPE_REQUIRED', 'This field is required')
  if (link && button.custom_id !== undefined)
    findings.add(path, 'BUTTON_COMPONENT_CUSTOM_ID_URL', 'A custom id and url cannot both be specified')
  if ((button.label ?? '') === '' && button.emoji === undefined)
    findings.add([...path, 'label'], 'BUTTON_COMPONENT_INVALID_LABEL', 'A label or emoji is required')
}

/** Notes a select without a custom_id, or whose texts or options are too long or too many. */
export const checkSelect = (findings: Findings, select: Component, path: Path): void => {
  findings.length([...path, 'placeholder'], select.placeholder, 150)
  if (select.custom_id === undefined)
    findings.add([...path, 'custom_id'], 'BASE_TYPE_REQUIRED', 'This field is required')
  if (select.type !== ComponentType.StringSelect) return
  const options = select.options ?? []
  if (options.length === 0 || options.length > 25)
    findings.add([...path, 'options'], 'BASE_TYPE_BAD_LENGTH', 'Must be between 1 and 25 in length.')
  const values = new Set<string>()
  options.forEach((option, index) => {
    for (const [field, least] of [
      ['label', 1],
      ['value', 1],
      ['description', 0],
    ] as const)
      findings.length([...path, 'options', index, field], option[field], 100, least)
    if (values.has(option.value))
      findings.add(
        [...path, 'options', index, 'value'],
        'SELECT_COMPONENT_OPTION_VALUE_DUPLICATED',
        'The specified option value is already used',
      )
    values.add(option.value)
  })
}
