import { type ListTasksRequest, type ListTasksResponse, Task, TaskState, taskStateToJSON } from '@a2a-js/sdk'
import { RequestMalformedError } from '@a2a-js/sdk/errors'
import type { Db } from '../../../infra/db.ts'
import type { Network } from '../../context.ts'

/** Days that an ended task is kept, and how many of one account. */
const KEPT_DAYS = 30
const KEPT_TASKS = 1_000

const over = `state not in ('TASK_STATE_SUBMITTED', 'TASK_STATE_WORKING')`

/** Forgets ended tasks that are old, or more than one account's share; a hundred at a time, whenever a task ends. */
export const pruneTasks = async ({ db, clock }: Network, accountId: string | null): Promise<void> => {
  await db.query(
    `delete from tasks where id in (select id from tasks where ${over} and updated_at < $1 limit 100)
       or id in (select id from tasks where account_id is not distinct from $2 and ${over}
                 order by updated_at desc, id desc offset $3 limit 100)`,
    [new Date(clock.now().getTime() - KEPT_DAYS * 86_400_000), accountId, KEPT_TASKS],
  )
}

/** One page of an account's tasks at one agent, the newest status first. Throws `RequestMalformedError` for a foreign token. */
export const listTasks = async (
  db: Db,
  accountId: string | null,
  agent: string,
  params: ListTasksRequest,
): Promise<ListTasksResponse> => {
  const size = params.pageSize ?? 50
  const after = params.pageToken === '' ? undefined : readToken(params.pageToken)
  const state =
    params.status === TaskState.TASK_STATE_UNSPECIFIED || params.status === undefined
      ? null
      : taskStateToJSON(params.status)
  const filter = `account_id is not distinct from $1 and agent = $2 and ($3 = '' or context_id = $3)
    and ($4::text is null or state = $4) and ($5::timestamptz is null or updated_at >= $5)`
  const values = [
    accountId,
    agent,
    params.contextId,
    state,
    params.statusTimestampAfter === undefined ? null : new Date(params.statusTimestampAfter),
  ]
  const found = await db.query<{ id: string; task: unknown; at: Date }>(
    `select id, task, updated_at as at from tasks where ${filter}
       and ($6::timestamptz is null or (updated_at, id) < ($6, $7::uuid)) order by updated_at desc, id desc limit $8`,
    [...values, after?.at ?? null, after?.id ?? null, size + 1],
  )
  const [counted] = await db.query<{ rows: number }>(
    `select count(*)::int as rows from tasks where ${filter}`,
    values,
  )
  const page = found.slice(0, size)
  const last = found.length > size ? page.at(-1) : undefined
  return {
    tasks: page.map(({ task }) => {
      const read = Task.fromJSON(task)
      return params.includeArtifacts === true ? read : { ...read, artifacts: [] }
    }),
    nextPageToken: last === undefined ? '' : token(last.at, last.id),
    pageSize: size,
    totalSize: counted?.rows ?? 0,
  }
}

const token = (at: Date, id: string): string => Buffer.from(`${at.toISOString()} ${id}`).toString('base64url')

const readToken = (text: string): { at: Date; id: string } => {
  const [, at, id] = /^(\S{24}) ([0-9a-f-]{36})$/.exec(Buffer.from(text, 'base64url').toString()) ?? []
  const time = new Date(at ?? Number.NaN)
  if (
    id === undefined ||
    Number.isNaN(time.getTime()) ||
    !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)
  )
    throw new RequestMalformedError('This page token is not one of ours; leave it out to start over.')
  return { at: time, id }
}
