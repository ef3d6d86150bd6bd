import {
  ApplicationCommandType,
  ComponentType,
  GatewayDispatchEvents as Events,
  InteractionType,
} from 'discord-api-types/v10'
import { type Asked, openAsked, until } from './asked.ts'
import {
  commandFor,
  type FakeFile,
  fillOptions,
  misuse,
  type OptionValue,
  uploads,
} from './command-options.ts'
import { type Component, isSelect, walk } from './component-tree.ts'
import { type FieldValue, fillModal, type Modal } from './forms.ts'
import { interact } from './interactions.ts'
import type { ChoiceBody, OptionBody } from './limits-commands.ts'
import { edit, post, remove } from './messages.ts'
import { setReaction } from './routes-messages.ts'
import { type Seen, seen, visible } from './seen.ts'
import { type ChannelState, channelOf, dmChannel, type StoredMessage, type World } from './world.ts'

/** A channel or message, by id or by anything that has one; a channel also by its name. */
export type Ref = string | { readonly id: string }

export interface Saying {
  /** Starts the message with a mention of the bot. */
  readonly mention?: boolean
  readonly attachments?: readonly FakeFile[]
  /** The message that this one answers. */
  readonly replyTo?: Ref
}

/** Somebody who uses Discord: does only what the client lets people do, and throws `not-possible-in-discord` otherwise. */
export interface Person {
  readonly id: string
  readonly name: string
  /** The private chat with the bot. */
  readonly dms: { readonly id: string }
  say(channel: Ref, text: string, options?: Saying): Seen
  dm(text: string, options?: Saying): Seen
  /** Uses a command; subcommands are words: `setup channels`. */
  slash(channel: Ref, command: string, options?: Readonly<Record<string, OptionValue>>): Asked
  /** Types into an option with suggestions and returns them; `options` are those already filled. */
  autocomplete(
    channel: Ref,
    command: string,
    option: string,
    typed: string,
    options?: Readonly<Record<string, OptionValue>>,
  ): Promise<readonly ChoiceBody[]>
  press(message: Ref, labelOrCustomId: string): Asked
  /** Chooses in a select, by the options' labels or values; names the select by custom_id where there are several. */
  select(message: Ref, values: string | readonly string[], customId?: string): Asked
  /** Fills and sends a form, by the fields' labels or custom_ids. */
  submit(modal: Modal, values: Readonly<Record<string, FieldValue>>): Asked
  /** Picks a command from a message's context menu. */
  menu(message: Ref, command: string): Asked
  edit(message: Ref, text: string): void
  delete(message: Ref): void
  react(message: Ref, emoji: string): void
  /** From now on the bot cannot write to this person. */
  block(): void
  unblock(): void
}

const idOf = (ref: Ref): string => (typeof ref === 'string' ? ref : ref.id)
const quoted = (text: string): string => (text.length > 60 ? `${text.slice(0, 59)}…` : text)

export const openPerson = (world: World, id: string, name: string, guildId?: string): Person => {
  const note = (channel: ChannelState, act: string): void => {
    channel.entries.push({ act })
  }
  const at = (ref: Ref): ChannelState => {
    const channel = channelOf(world, ref, guildId)
    if (channel.recipient !== null && channel.recipient !== id)
      throw misuse('This is the private chat of somebody else.', 'Use the person’s own dms.')
    if (channel.deleted) throw misuse('The channel was deleted.', 'Use another one.')
    return channel
  }
  const read = (ref: Ref): StoredMessage => {
    const stored = world.messages.get(idOf(ref))
    if (stored === undefined || !visible(stored, id))
      throw misuse(`${name} sees no such message.`, 'Give one that stands in the channel.')
    return stored
  }
  const own = (ref: Ref): StoredMessage => {
    const stored = read(ref)
    if (stored.message.author.id !== id)
      throw misuse(`The message is not ${name}’s.`, 'Give one of the person’s own.')
    return stored
  }
  const components = ({ message }: StoredMessage): Component[] =>
    walk(message.components as readonly Component[]).map(({ component }) => component)

  const person: Person = {
    id,
    name,
    dms: { id: dmChannel(world, id).id },
    say(ref, text, { mention = false, attachments = [], replyTo } = {}) {
      const body = {
        content: mention ? `<@${world.bot.id}> ${text}` : text,
        ...(replyTo === undefined ? {} : { message_reference: { message_id: idOf(replyTo) } }),
      }
      if (replyTo !== undefined) read(replyTo)
      return seen(post(world, at(ref), { author: id, body, files: uploads(attachments) }), world)
    },
    dm: (text, options) => person.say(person.dms, text, options),
    slash(ref, command, options = {}) {
      const channel = at(ref)
      const given = Object.entries(options).map(
        ([key, value]) => ` ${key}: ${typeof value === 'object' ? `<${value.name}>` : value}`,
      )
      const data = commandData(channel, command, options)
      note(channel, `${name}: /${command}${given.join('')}`)
      return openAsked(world, interact(world, id, channel, InteractionType.ApplicationCommand, data))
    },
    async autocomplete(ref, command, option, typed, options = {}) {
      const channel = at(ref)
      const data = commandData(channel, command, { ...options, [option]: typed }, option)
      const asked = interact(world, id, channel, InteractionType.ApplicationCommandAutocomplete, data)
      await until(world, () => asked.choices !== null)
      return asked.choices!
    },
    press(ref, wanted) {
      const stored = read(ref)
      const buttons = components(stored).filter(({ type }) => type === ComponentType.Button)
      const button =
        buttons.find(({ custom_id }) => custom_id === wanted) ??
        buttons.find(({ label, emoji }) => (label ?? emoji?.name) === wanted)
      const names = buttons.map(({ label, emoji }) => label ?? emoji?.name ?? '').join(', ')
      if (button?.custom_id === undefined)
        throw misuse(`The message has no button ${wanted}.`, `Press one of: ${names || 'none'}.`)
      if (button.disabled === true) throw misuse(`The button ${wanted} is off.`, `Press one of: ${names}.`)
      const label = button.label ?? button.emoji?.name ?? wanted
      return component(stored, button, `${name} presses [${label}]`, {})
    },
    select(ref, wanted, customId) {
      const stored = read(ref)
      const selects = components(stored).filter(isSelect)
      const select = selects.find(({ custom_id }) => customId === undefined || custom_id === customId)
      if (select === undefined || select.disabled === true)
        throw misuse('The message has no such select.', 'Give a message with one.')
      const list = typeof wanted === 'string' ? [wanted] : wanted
      const chosen = list.map(value => {
        const options = select.options ?? []
        const option =
          options.find(entry => entry.value === value) ?? options.find(entry => entry.label === value)
        if (option === undefined && select.type === ComponentType.StringSelect)
          throw misuse(`The select has no option ${value}.`, 'Choose one that it has.')
        return option ?? { label: value, value }
      })
      if (chosen.length > (select.max_values ?? 1) || chosen.length < (select.min_values ?? 1))
        throw misuse('The select does not take so many.', 'Choose as many as it takes.')
      const labels = chosen.map(({ label }) => label).join(', ')
      const values = chosen.map(({ value }) => value)
      return component(stored, select, `${name} chooses ${labels}`, { values })
    },
    submit(modal, values) {
      const { channel, source } = modal.from
      const { data, lines } = fillModal(world, modal, values)
      note(channel, [`${name} fills in “${modal.title}”`, ...lines].join('\n  '))
      return openAsked(world, interact(world, id, channel, InteractionType.ModalSubmit, data, source))
    },
    menu(ref, command) {
      const { message } = read(ref)
      const channel = at(message.channel_id)
      const found = commandFor(world, channel, id, command, ApplicationCommandType.Message)
      note(channel, `${name} picks “${command}” on: ${quoted(message.content || '(a file)')}`)
      const data = {
        ...head(found),
        target_id: message.id,
        resolved: { messages: { [message.id]: structuredClone(message) } },
      }
      return openAsked(world, interact(world, id, channel, InteractionType.ApplicationCommand, data))
    },
    edit(ref, text) {
      edit(world, own(ref), { content: text })
    },
    delete(ref) {
      remove(world, own(ref))
    },
    react(ref, emoji) {
      setReaction(world, read(ref).message.id, emoji, id, Events.MessageReactionAdd)
    },
    block() {
      world.users.get(id)!.blocks.add(world.bot.id)
    },
    unblock() {
      world.users.get(id)!.blocks.delete(world.bot.id)
    },
  }

  const head = ({ id: command, name: called, type, guild_id }: ReturnType<typeof commandFor>) => ({
    id: command,
    name: called,
    type,
    ...(guild_id === undefined ? {} : { guild_id }),
  })

  const commandData = (
    channel: ChannelState,
    line: string,
    values: Readonly<Record<string, OptionValue>>,
    focused?: string,
  ): unknown => {
    const [called, ...path] = line.split(' ') as [string, ...string[]]
    const found = commandFor(world, channel, id, called, ApplicationCommandType.ChatInput)
    const wanted = (found.options ?? []) as unknown as readonly OptionBody[]
    const { options, resolved } = fillOptions(world, channel, wanted, path, values, focused)
    return { ...head(found), options, ...(Object.keys(resolved).length === 0 ? {} : { resolved }) }
  }

  const component = (stored: StoredMessage, pressed: Component, act: string, more: object): Asked => {
    const channel = at(stored.message.channel_id)
    note(channel, act)
    const data = { component_type: pressed.type, custom_id: pressed.custom_id, id: pressed.id, ...more }
    return openAsked(world, interact(world, id, channel, InteractionType.MessageComponent, data, stored))
  }

  return person
}
