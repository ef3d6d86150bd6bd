/** The engine's own thread: onnxruntime-node runs synchronously, and the main thread must stay free for people. */
import { getPriority, setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import type { Engine, EngineOptions } from './engine.ts'
import { openOnnxEngine } from './onnx-engine.ts'
import { type Calls, type FromThread, type ToThread, toPlain } from './thread-messages.ts'

const port = parentPort!
const send = (message: FromThread, transfer: readonly ArrayBuffer[] = []): void =>
  port.postMessage(message, transfer)

interface Running {
  cancel: AbortController
  /** Lets the next block of a stream go. */
  more?: () => void
}
const running = new Map<number, Running>()

async function answer(
  engine: Engine,
  id: number,
  call: Extract<ToThread, { kind: 'call' }>,
): Promise<unknown> {
  const own: Running = { cancel: new AbortController() }
  running.set(id, own)
  const { signal } = own.cancel
  const event = (value: unknown): void => send({ kind: 'event', id, value })
  switch (call.name) {
    case 'train': {
      const [examples, recipe, options] = call.args as Calls['train']
      return engine.train(examples, recipe, { ...options, signal, onProgress: event })
    }
    case 'trainPreferences': {
      const [pairs, recipe, options] = call.args as Calls['trainPreferences']
      return engine.trainPreferences(pairs, recipe, { ...options, signal, onProgress: event })
    }
    case 'trainTogether': {
      const [members, recipe, options] = call.args as Calls['trainTogether']
      return engine.trainTogether(members, recipe, { ...options, signal, onProgress: event })
    }
    case 'rangeCheck': {
      const [examples, recipe, options] = call.args as Calls['rangeCheck']
      return engine.rangeCheck(examples, recipe, { ...options, signal })
    }
    case 'losses': {
      const [examples, adapter] = call.args as Calls['losses']
      return engine.losses(examples, adapter, { signal })
    }
    case 'gradients': {
      const [examples, adapter, options] = call.args as Calls['gradients']
      for await (const block of engine.gradients(examples, adapter, { ...options, signal })) {
        const next = new Promise<void>(resolve => {
          own.more = resolve
        })
        const rows = block.rows.slice()
        send({ kind: 'event', id, value: { ...block, rows } }, [rows.buffer])
        await next
        if (signal.aborted) return null
      }
      return null
    }
    case 'generate': {
      const [request] = call.args as Calls['generate']
      return engine.generate({ ...request, signal }, event)
    }
    case 'answerLogProbs':
      return engine.answerLogProbs(...(call.args as Calls['answerLogProbs']))
    case 'matmulTransposed':
      return engine.matmulTransposed(...(call.args as Calls['matmulTransposed']))
    case 'embed':
      return engine.embed(...(call.args as Calls['embed']))
    case 'close':
      return engine.close()
  }
}

function receive(engine: Engine, message: ToThread): void {
  const { id } = message
  if (message.kind === 'cancel') {
    running.get(id)?.cancel.abort()
    running.get(id)?.more?.()
  } else if (message.kind === 'more') {
    running.get(id)?.more?.()
  } else {
    answer(engine, id, message)
      .then(
        value => send({ kind: 'done', id, value, status: engine.status() }),
        error => send({ kind: 'failed', id, error: toPlain(error) }),
      )
      .finally(() => running.delete(id))
  }
}

/** What a background engine's threads give up of their share; 0 is normal, 19 the least. */
const politeness = 10

/** On Linux a priority belongs to a thread, and threads made later inherit it; elsewhere it would slow the whole process. */
function giveWay(): void {
  if (process.platform !== 'linux') return
  try {
    setPriority(0, Math.max(getPriority(0), politeness))
  } catch {
    // A system that refuses this still computes.
  }
}

try {
  const options = workerData as EngineOptions
  if (options.background) giveWay()
  const engine = await openOnnxEngine(options)
  port.on('message', (message: ToThread) => receive(engine, message))
  send({ kind: 'ready', base: { name: engine.base.name, hash: engine.base.hash }, status: engine.status() })
} catch (error) {
  send({ kind: 'refused', error: toPlain(error) })
}
