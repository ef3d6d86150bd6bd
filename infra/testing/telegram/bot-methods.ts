import type { BotCommand, BotCommandScope } from '@grammyjs/types'
import { badRequest } from './api-error.ts'
import type { Method } from './send-methods.ts'

const TOO_OLD = 'query is too old and response timeout expired or query ID is invalid'
// 20 MB: what a bot may download.
const LARGEST_DOWNLOAD = 20 * 1024 * 1024
// How long a press or an inline query can be answered.
const ANSWER_MILLISECONDS = 15_000

const keep =
  (field: string, longest: number): Method =>
  (world, call) => {
    const value = call.text(field)
    if (value.length > longest) throw badRequest(`${field} is too long`)
    world.profile.set(`${field}|${call.text('language_code')}`, value)
    return true
  }

const kept =
  (field: string, fallback = ''): Method =>
  (world, call) => {
    const own = world.profile.get(`${field}|${call.text('language_code')}`)
    return { [field]: own ?? world.profile.get(`${field}|`) ?? fallback }
  }

/** Methods about the bot itself, its commands, its files, and the queries that people wait on. */
export const botMethods: Readonly<Record<string, Method>> = {
  getMe: world => world.me,
  setMyCommands: (world, call) => {
    const commands = call.object<BotCommand[]>('commands')
    if (commands === undefined) throw badRequest('commands are not specified')
    world.commands.set(commands, call.object<BotCommandScope>('scope'), call.text('language_code'))
    return true
  },
  deleteMyCommands: (world, call) => {
    world.commands.set([], call.object<BotCommandScope>('scope'), call.text('language_code'))
    return true
  },
  getMyCommands: (world, call) =>
    world.commands.get(call.object<BotCommandScope>('scope'), call.text('language_code')),
  setMyName: keep('name', 64),
  getMyName: (world, call) => kept('name', world.me.first_name)(world, call),
  setMyDescription: keep('description', 512),
  getMyDescription: kept('description'),
  setMyShortDescription: keep('short_description', 120),
  getMyShortDescription: kept('short_description'),
  setChatMenuButton: () => true,
  getFile: (world, call) => {
    const file = world.files.get(call.text('file_id'))
    if (file === undefined) throw badRequest('wrong file_id or the file is temporarily unavailable')
    if (file.size > LARGEST_DOWNLOAD) throw badRequest('file is too big')
    return {
      file_id: file.id,
      file_unique_id: file.uniqueId,
      file_size: file.size,
      file_path: file.path,
    }
  },
  answerCallbackQuery: (world, call) => {
    const id = call.text('callback_query_id')
    const press = world.presses.get(id)
    if (press === undefined || world.now() - press.pressedAt > ANSWER_MILLISECONDS) throw badRequest(TOO_OLD)
    const text = call.text('text')
    if (text.length > 200) throw badRequest('MESSAGE_TOO_LONG')
    world.presses.delete(id)
    press.answer(text, call.flag('show_alert'), call.text('url'))
    return true
  },
  answerInlineQuery: (world, call) => {
    const id = call.text('inline_query_id')
    const query = world.inline.get(id)
    if (query === undefined || world.now() - query.askedAt > ANSWER_MILLISECONDS) throw badRequest(TOO_OLD)
    const results = call.object<{ id: string }[]>('results') ?? []
    if (results.length > 50) throw badRequest('RESULTS_TOO_MUCH')
    const ids = results.map(result => result.id)
    if (ids.some(one => Buffer.byteLength(one) < 1 || Buffer.byteLength(one) > 64))
      throw badRequest('RESULT_ID_INVALID')
    if (new Set(ids).size < ids.length) throw badRequest('RESULT_ID_DUPLICATE')
    world.inline.delete(id)
    query.answer(results)
    return true
  },
}
