import { setTimeout as pause } from 'node:timers/promises'
import { TaskState } from '@a2a-js/sdk'
import { fault } from '../../../infra/errors.ts'
import { call } from '../../registry.ts'
import type { RunStatus } from '../../run.ts'
import type { Gate } from '../gate.ts'
import { dataPart, textPart } from './parts.ts'
import type { Outcome, Performance, Tell } from './perform.ts'

/**
 * Watches a tuning run until it ends: its progress as metadata at every step, in words at every tenth of the way, and the
 * whole run with its loss curve as the result. Throws `run-failed` with the trainer's reason.
 */
export const follow = async (gate: Gate, pollMs: number, p: Performance, tell: Tell): Promise<Outcome> => {
  let shown = ''
  let tenth = -1
  for (;;) {
    const run = (await call(gate.network, p.work.caller, p.act.verb, p.act.input)) as RunStatus
    if (run.state === 'trained') return { parts: [dataPart(run)], append: false }
    if (run.state === 'failed')
      throw fault('run-failed', `The run of "${run.model}" failed: ${run.reason ?? 'no reason was given'}.`, {
        fix: 'Look at its proposal with the verb status.',
      })
    const { step = 0, steps = 0 } = run.progress ?? {}
    const now = JSON.stringify([run.state, run.progress])
    const part = steps === 0 ? 0 : Math.floor((10 * step) / steps)
    if (now !== shown) {
      const words = part === tenth ? undefined : [textPart(`${run.state}: step ${step} of ${steps}`)]
      tell(TaskState.TASK_STATE_WORKING, words, { run: run.id, state: run.state, progress: run.progress })
    }
    shown = now
    tenth = part
    await pause(pollMs, undefined, { signal: p.signal })
  }
}
