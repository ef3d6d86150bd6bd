import { join } from 'node:path'
import { defaultThreads } from '../session.ts'

/** The base that ships. */
export const shippedBase = join(import.meta.dirname, '../base/tributary-8m')

/** Threads of one product: the program's `--threads`, which it hands to its children, or the engine's default. */
export const benchThreads = (): number => Number(process.env.TRIBUTARY_THREADS) || defaultThreads()

/** `1 thread`, `2 threads`. */
export const threadsText = (threads: number): string => `${threads} thread${threads > 1 ? 's' : ''}`
