import { type APIApplicationCommand, ApplicationFlags } from 'discord-api-types/v10'
import { apiGuild, permissionsOf } from './encode.ts'
import { type CommandBody, checkCommands } from './limits-commands.ts'
import { unknownCommand, unknownUser } from './rejection.ts'
import { type Call, type Route, route, seenGuild } from './router.ts'
import type { World } from './world.ts'

const scopeOf = (call: Call): string => call.params.guild ?? 'global'

const known = (call: Call): APIApplicationCommand[] => {
  const guild = call.params.guild
  if (guild !== undefined) seenGuild({ ...call, params: { id: guild } })
  return call.world.commands.get(scopeOf(call)) ?? []
}

const describe = (call: Call, body: CommandBody, id?: string): APIApplicationCommand => {
  const guild = call.params.guild
  return {
    ...body,
    id: id ?? call.world.id(),
    application_id: call.world.applicationId,
    version: call.world.id(),
    type: body.type ?? 1,
    description: body.description ?? '',
    default_member_permissions: body.default_member_permissions ?? null,
    ...(guild === undefined ? {} : { guild_id: guild }),
  } as APIApplicationCommand
}

const sameName =
  (body: CommandBody) =>
  ({ name, type }: APIApplicationCommand): boolean =>
    name === body.name && type === (body.type ?? 1)

/** Replaces every command of the scope; one of the same name and type keeps its id. */
const overwrite = (call: Call): unknown => {
  const bodies = (call.body ?? []) as readonly CommandBody[]
  const before = known(call)
  checkCommands(bodies)
  const after = bodies.map(body => describe(call, body, before.find(sameName(body))?.id))
  call.world.commands.set(scopeOf(call), after)
  return after
}

const create = (call: Call): unknown => {
  const body = call.body as CommandBody
  checkCommands([body])
  const before = known(call)
  const command = describe(call, body, before.find(sameName(body))?.id)
  call.world.commands.set(scopeOf(call), [...before.filter(old => !sameName(body)(old)), command])
  return command
}

const find = (call: Call): APIApplicationCommand => {
  const command = known(call).find(({ id }) => id === call.params.command)
  if (command === undefined) throw unknownCommand()
  return command
}

const change = (call: Call): unknown => {
  const old = find(call)
  const body = { ...old, ...(call.body as object) } as unknown as CommandBody
  checkCommands([body])
  const command = describe(call, body, old.id)
  call.world.commands.set(
    scopeOf(call),
    known(call).map(entry => (entry === old ? command : entry)),
  )
  return command
}

const forget = (call: Call): undefined => {
  const old = find(call)
  call.world.commands.set(
    scopeOf(call),
    known(call).filter(entry => entry !== old),
  )
}

const application = ({ world }: Call): unknown => ({
  id: world.applicationId,
  name: world.bot.global_name,
  icon: null,
  description: '',
  bot_public: true,
  bot_require_code_grant: false,
  bot: world.bot,
  verify_key: '00',
  flags: world.mayReadAll ? ApplicationFlags.GatewayMessageContentLimited : 0,
  approximate_guild_count: world.guilds.size,
  install_params: { scopes: ['bot', 'applications.commands'], permissions: '0' },
})

const gatewayBot = ({ world }: Call): unknown => ({
  url: gatewayUrl(world),
  shards: 1,
  session_start_limit: { total: 1_000, remaining: 1_000, reset_after: 0, max_concurrency: 16 },
})

export const gatewayUrl = (world: World): string => `${world.origin().replace('http', 'ws')}/gateway`

const scopes = ['/applications/:id/commands', '/applications/:id/guilds/:guild/commands']

export const applicationRoutes: readonly Route[] = [
  route('GET /gateway', ({ world }) => ({ url: gatewayUrl(world) }), false),
  route('GET /gateway/bot', gatewayBot),
  route('GET /applications/@me', application),
  route('GET /oauth2/applications/@me', application),
  route('GET /users/@me', ({ world }) => ({ ...world.bot, verified: true, mfa_enabled: true })),
  route('GET /users/@me/guilds', ({ world }) =>
    [...world.guilds.values()]
      .filter(({ left }) => !left)
      .map(guild => ({
        ...apiGuild(guild),
        owner: false,
        permissions: permissionsOf(guild, world.bot.id).toString(),
      })),
  ),
  route('GET /users/:user', ({ world, params }) => {
    const found = world.users.get(params.user ?? '')
    if (found === undefined) throw unknownUser()
    return found.user
  }),
  ...scopes.flatMap(path => [
    route(`GET ${path}`, known),
    route(`PUT ${path}`, overwrite),
    route(`POST ${path}`, create),
    route(`GET ${path}/:command`, find),
    route(`PATCH ${path}/:command`, change),
    route(`DELETE ${path}/:command`, forget),
  ]),
]
