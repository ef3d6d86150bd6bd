import { ApplicationCommandType, ComponentType } from 'discord-api-types/v10'
import { type Component, isSelect, walk } from './component-tree.ts'
import { checkCustomId, checkSelect } from './limits.ts'
import { type Findings, openFindings, type Path } from './rejection.ts'

export interface ChoiceBody {
  readonly name: string
  readonly value: string | number
}

export interface OptionBody {
  readonly type: number
  readonly name: string
  readonly description?: string
  readonly required?: boolean
  readonly autocomplete?: boolean
  readonly choices?: readonly ChoiceBody[]
  readonly options?: readonly OptionBody[]
  readonly min_length?: number
  readonly max_length?: number
  readonly min_value?: number
  readonly max_value?: number
}

export interface CommandBody {
  readonly name: string
  readonly type?: number
  readonly description?: string
  readonly options?: readonly OptionBody[]
  readonly default_member_permissions?: string | null
}

export interface ModalBody {
  readonly custom_id: string
  readonly title: string
  readonly components: readonly Component[]
}

const nameOfCommand = /^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$/u

/** Refuses (50035) what the real API refuses in a list of commands that replaces the old ones. */
export const checkCommands = (commands: readonly CommandBody[], root: Path = []): void => {
  const findings = openFindings()
  const used = new Set<string>()
  commands.forEach((command, index) => {
    const path = root.length === 0 && commands.length >= 1 ? [index] : root
    const type = command.type ?? ApplicationCommandType.ChatInput
    if (type === ApplicationCommandType.ChatInput) {
      checkNamed(findings, command, path)
      checkOptions(findings, command.options ?? [], path)
    } else findings.length([...path, 'name'], command.name, 32, 1)
    const key = `${type}:${command.name}`
    if (used.has(key))
      findings.add(
        [...path, 'name'],
        'APPLICATION_COMMANDS_DUPLICATE_NAME',
        'Application command names must be unique',
      )
    used.add(key)
  })
  for (const [type, most] of [
    [1, 100],
    [2, 15],
    [3, 15],
  ] as const)
    if (commands.filter(command => (command.type ?? 1) === type).length > most)
      findings.add([], 'APPLICATION_COMMAND_TOO_MANY', `The maximum of commands of type ${type} is ${most}.`)
  findings.check()
}

const checkNamed = (findings: Findings, named: CommandBody | OptionBody, path: Path): void => {
  const { name } = named
  if (typeof name !== 'string' || !nameOfCommand.test(name) || name !== name.toLowerCase())
    findings.add([...path, 'name'], 'APPLICATION_COMMAND_INVALID_NAME', 'Command name is invalid')
  if (named.description === undefined)
    findings.add([...path, 'description'], 'BASE_TYPE_REQUIRED', 'This field is required')
  findings.length([...path, 'description'], named.description, 100, 1)
}

const checkOptions = (findings: Findings, options: readonly OptionBody[], path: Path): void => {
  findings.count([...path, 'options'], options, 25)
  let optional = false
  options.forEach((option, index) => {
    const at = [...path, 'options', index]
    checkNamed(findings, option, at)
    if (option.required === true && optional)
      findings.add(
        at,
        'APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID',
        'Required options must be placed before non-required options',
      )
    optional ||= option.type > 2 && option.required !== true
    if (option.autocomplete === true && (option.choices?.length ?? 0) > 0)
      findings.add(
        at,
        'APPLICATION_COMMAND_OPTION_AUTOCOMPLETE_CHOICES',
        'Autocomplete options cannot have choices',
      )
    noteChoices(findings, option.choices ?? [], [...at, 'choices'])
    checkOptions(findings, option.options ?? [], at)
  })
}

const noteChoices = (findings: Findings, choices: readonly ChoiceBody[], path: Path): void => {
  findings.count(path, choices, 25)
  choices.forEach((choice, index) => {
    findings.length([...path, index, 'name'], choice.name, 100, 1)
    if (typeof choice.value === 'string') findings.length([...path, index, 'value'], choice.value, 100)
  })
}

/** Refuses (50035) an autocomplete answer of more than 25 choices or with a name over 100 code points. */
export const checkChoices = (choices: readonly ChoiceBody[]): void => {
  const findings = openFindings()
  noteChoices(findings, choices, ['data', 'choices'])
  findings.check()
}

/** Refuses (50035) a modal that the real API would not show. */
export const checkModal = (modal: ModalBody): void => {
  const findings = openFindings()
  findings.length(['data', 'title'], modal.title ?? '', 45, 1)
  findings.length(['data', 'custom_id'], modal.custom_id ?? '', 100, 1)
  const rows = modal.components ?? []
  if (rows.length === 0 || rows.length > 5)
    findings.add(['data', 'components'], 'BASE_TYPE_BAD_LENGTH', 'Must be between 1 and 5 in length.')
  const used = new Set<string>()
  for (const { component, path } of walk(rows, ['data', 'components'])) {
    checkCustomId(findings, component, path, used)
    if (isSelect(component)) checkSelect(findings, component, path)
    const labelled = component.type === ComponentType.Label || component.type === ComponentType.TextInput
    if (labelled) findings.length([...path, 'label'], component.label, 45, 1)
    if (component.type !== ComponentType.TextInput) continue
    findings.length([...path, 'placeholder'], component.placeholder, 100)
    findings.length([...path, 'value'], component.value, component.max_length ?? 4_000)
    for (const field of ['min_length', 'max_length'] as const)
      if ((component[field] ?? 1) > 4_000 || (component[field] ?? 1) < 0)
        findings.add([...path, field], 'NUMBER_TYPE_MAX', 'int value should be less than or equal to 4000.')
  }
  findings.check()
}
