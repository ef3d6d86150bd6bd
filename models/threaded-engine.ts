import { Worker } from 'node:worker_threads'
import { fault } from '../infra/errors.ts'
import { readConfig } from './architectures/read-config.ts'
import type {
  Engine,
  EngineOptions,
  EngineStatus,
  GradientRows,
  PreferenceProgress,
  Progress,
  TogetherProgress,
} from './engine.ts'
import { loraLayout, readLoraShape, tensorsOf } from './lora.ts'
import {
  type CallName,
  type Calls,
  type FromThread,
  fromPlain,
  type Results,
  type ToThread,
} from './thread-messages.ts'
import { openTokenizer } from './tokenizer.ts'

interface Waiting {
  resolve(value: unknown): void
  reject(error: unknown): void
  event?(value: unknown): void
}

/** The messages of one engine thread: calls out, answers and events back. */
class ThreadPort {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  #next = 0
  #dead: unknown = null

  /** As of the last answer. */
  status: EngineStatus

  constructor(worker: Worker, status: EngineStatus) {
    this.#worker = worker
    this.status = status
    worker.on('message', (message: FromThread) => this.#receive(message))
    worker.on('error', error => this.#fail(error))
    worker.on('exit', () =>
      this.#fail(fault('engine-closed', 'The engine is closed.', { fix: 'Open it again.', blame: 'ours' })),
    )
  }

  #receive(message: FromThread): void {
    if (message.kind === 'ready' || message.kind === 'refused') return
    const waiting = this.#waiting.get(message.id)
    if (message.kind === 'event') {
      waiting?.event?.(message.value)
      return
    }
    this.#waiting.delete(message.id)
    this.#idle()
    if (message.kind === 'failed') {
      waiting?.reject(fromPlain(message.error))
      return
    }
    this.status = message.status
    waiting?.resolve(message.value)
  }

  #fail(error: unknown): void {
    this.#dead = error
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }

  /** An idle engine keeps no process alive. */
  #idle(): void {
    if (this.#waiting.size === 0) this.#worker.unref()
  }

  send(message: ToThread): void {
    this.#worker.postMessage(message)
  }

  call<Name extends CallName>(
    name: Name,
    args: Calls[Name],
    options: {
      signal?: AbortSignal | undefined
      event?: (value: unknown) => void
      started?: (id: number) => void
    } = {},
  ): Promise<Results[Name]> {
    if (this.#dead) return Promise.reject(this.#dead)
    const id = this.#next++
    const { signal, event, started } = options
    const cancel = (): void => this.send({ kind: 'cancel', id })
    return new Promise<Results[Name]>((resolve, reject) => {
      this.#waiting.set(id, {
        resolve: value => resolve(value as Results[Name]),
        reject,
        ...(event ? { event } : {}),
      })
      this.#worker.ref()
      this.send({ kind: 'call', id, name, args })
      started?.(id)
      signal?.addEventListener('abort', cancel)
      if (signal?.aborted) cancel()
    }).finally(() => signal?.removeEventListener('abort', cancel))
  }
}

/** Opens the engine in a thread of its own, so that products never block the caller's event loop. */
export async function openThreadedEngine(options: EngineOptions): Promise<Engine> {
  const worker = new Worker(new URL('./engine-thread.ts', import.meta.url), { workerData: options })
  const { base, status } = await new Promise<Extract<FromThread, { kind: 'ready' }>>((resolve, reject) => {
    worker.once('error', reject)
    worker.once('message', (message: FromThread) => {
      if (message.kind === 'ready') resolve(message)
      else if (message.kind === 'refused') reject(fromPlain(message.error))
    })
  })
  const [config, tokenizer] = await Promise.all([readConfig(options.base), openTokenizer(options.base)])
  const port = new ThreadPort(worker, status)
  worker.unref()
  return {
    base: { ...base, config, dim: config.dim },
    train: (examples, recipe, { signal, onProgress, ...rest }) =>
      port.call('train', [examples, recipe, rest], {
        signal,
        event: value => onProgress?.(value as Progress),
      }),
    trainPreferences: (pairs, recipe, { signal, onProgress, ...rest }) =>
      port.call('trainPreferences', [pairs, recipe, rest], {
        signal,
        event: value => onProgress?.(value as PreferenceProgress),
      }),
    trainTogether: (members, recipe, { signal, onProgress, ...rest }) =>
      port.call('trainTogether', [members, recipe, rest], {
        signal,
        event: value => onProgress?.(value as TogetherProgress),
      }),
    rangeCheck: (examples, recipe, { signal, ...rest }) =>
      port.call('rangeCheck', [examples, recipe, rest], { signal }),
    losses: (examples, adapter, { signal } = {}) => port.call('losses', [examples, adapter], { signal }),
    answerLogProbs: (example, adapter) => port.call('answerLogProbs', [example, adapter]),
    gradients: (examples, adapter, { signal, ...rest } = {}) =>
      streamed(port, [examples, adapter, rest], signal),
    gradientLayout: adapter => tensorsOf(loraLayout(config, readLoraShape(adapter))),
    gradientSize: adapter => loraLayout(config, readLoraShape(adapter)).size,
    encode: text => tokenizer.encode(text),
    decode: tokens => tokenizer.decode(tokens),
    matmulTransposed: (a, b, k) => port.call('matmulTransposed', [a, b, k]),
    generate: ({ signal, ...request }, onToken) =>
      port.call('generate', [request], { signal, event: text => onToken?.(text as string) }),
    embed: texts => port.call('embed', [texts]),
    status: () => port.status,
    another: own => openThreadedEngine({ ...options, ...own }),
    async close() {
      await port.call('close', [])
      await worker.terminate()
    },
  }
}

/** Blocks of a gradient pass; the thread computes the next only when the last was taken, so memory stays bounded. */
async function* streamed(
  port: ThreadPort,
  args: Calls['gradients'],
  signal?: AbortSignal,
): AsyncGenerator<GradientRows> {
  const ready: GradientRows[] = []
  let wake: (() => void) | undefined
  let ended = false
  let id = -1
  const work = port
    .call('gradients', args, {
      signal,
      event: value => {
        ready.push(value as GradientRows)
        wake?.()
      },
      started: own => {
        id = own
      },
    })
    .finally(() => {
      ended = true
      wake?.()
    })
  work.catch(() => undefined)
  try {
    while (true) {
      const block = ready.shift()
      if (block) {
        yield block
        port.send({ kind: 'more', id })
      } else if (ended) {
        await work
        return
      } else {
        await new Promise<void>(resolve => {
          wake = resolve
        })
      }
    }
  } finally {
    if (!ended) port.send({ kind: 'cancel', id })
  }
}
