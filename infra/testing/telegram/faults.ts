/**
 * What goes wrong: `rate-limit` 429; `server-error` 502; `close-before` the connection ends and nothing happened; `close-after`
 * it took effect and the answer is lost; `late` it took effect and is answered late; `malformed` it took effect and half an
 * answer comes; `duplicate` an update is told once more after it was confirmed; `out-of-order` a later update comes first.
 */
export type FaultKind =
  | 'rate-limit'
  | 'server-error'
  | 'close-before'
  | 'close-after'
  | 'late'
  | 'malformed'
  | 'duplicate'
  | 'out-of-order'

export interface FaultRule {
  /** Method, or `*` for every one. `duplicate` and `out-of-order` act on what is told: `getUpdates`, with a webhook too. */
  readonly on: string
  readonly kind: FaultKind
  /** How many calls it hits; 1 unless told. */
  readonly times?: number
  /** How many matching calls pass first; 0 unless told. */
  readonly after?: number
  /** Seconds that a `rate-limit` asks to wait; 1 unless told. */
  readonly retryAfter?: number
  /** Milliseconds that a `late` answer takes; 200 unless told. */
  readonly milliseconds?: number
}

export interface FaultMix {
  readonly seed: number
  /** Share of calls that are hit, 0 to 1. */
  readonly rate: number
  readonly kinds?: readonly FaultKind[]
  /** Methods that are hit; every one but getUpdates unless told, after whose failures grammY rests for 3 seconds. */
  readonly on?: readonly string[]
  /** How many faults at most. */
  readonly times?: number
}

export interface Fault {
  readonly kind: FaultKind
  readonly retryAfter: number
  readonly milliseconds: number
}

interface Standing extends FaultRule {
  passed: number
  hit: number
}

const DELIVERY: ReadonlySet<FaultKind> = new Set(['duplicate', 'out-of-order'])
const ALL: readonly FaultKind[] = [
  'rate-limit',
  'server-error',
  'close-before',
  'close-after',
  'late',
  'malformed',
  'duplicate',
  'out-of-order',
]

/** Numbers from 0 to 1 that a seed fixes (mulberry32). */
const randomFrom = (seed: number) => {
  let state = seed >>> 0
  return (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Faults that a test asked for, and those that came. */
export class FaultBook {
  readonly #rules: Standing[] = []
  #mix: (FaultMix & { readonly next: () => number }) | undefined
  /** Every fault that came, in order. */
  readonly came: { readonly on: string; readonly kind: FaultKind }[] = []

  add(rule: FaultRule): void {
    this.#rules.push({ ...rule, passed: 0, hit: 0 })
  }

  /** Faults by chance, the same for the same seed and the same calls. */
  mix(mix: FaultMix): void {
    this.#mix = { ...mix, next: randomFrom(mix.seed) }
  }

  /** Nothing goes wrong from now on. */
  clear(): void {
    this.#rules.length = 0
    this.#mix = undefined
  }

  /** The fault of this call, if one is due. */
  takeCall(method: string): Fault | undefined {
    return this.#take(method, false)
  }

  /** The fault of this delivery of updates, if one is due. */
  takeDelivery(): FaultKind | undefined {
    return this.#take('getUpdates', true)?.kind
  }

  #take(method: string, delivery: boolean): Fault | undefined {
    const due = this.#due(method, delivery) ?? this.#chance(method, delivery)
    if (due === undefined) return undefined
    this.came.push({ on: method, kind: due.kind })
    return { kind: due.kind, retryAfter: due.retryAfter ?? 1, milliseconds: due.milliseconds ?? 200 }
  }

  #due(method: string, delivery: boolean): FaultRule | undefined {
    let due: Standing | undefined
    for (const rule of this.#rules) {
      if (DELIVERY.has(rule.kind) !== delivery || rule.hit >= (rule.times ?? 1)) continue
      if (rule.on !== '*' && rule.on !== method) continue
      rule.passed += 1
      if (due === undefined && rule.passed > (rule.after ?? 0)) due = rule
    }
    if (due !== undefined) due.hit += 1
    return due
  }

  #chance(method: string, delivery: boolean): FaultRule | undefined {
    const mix = this.#mix
    if (mix === undefined || this.came.length >= (mix.times ?? Number.POSITIVE_INFINITY)) return undefined
    const kinds = (mix.kinds ?? ALL).filter(kind => DELIVERY.has(kind) === delivery)
    const meant = mix.on === undefined ? method !== 'getUpdates' : mix.on.includes(method)
    if (kinds.length === 0 || (!delivery && !meant) || mix.next() >= mix.rate) return undefined
    const kind = kinds[Math.floor(mix.next() * kinds.length)]
    return kind === undefined ? undefined : { on: method, kind, milliseconds: 50 }
  }
}
