import { Hono } from 'hono'
import type { Env, Gate } from './gate.ts'

export const a2aRoutes = (_gate: Gate): Hono<Env> => new Hono<Env>()
