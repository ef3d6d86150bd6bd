import { Hono } from 'hono'
import type { Env, Gate } from './gate.ts'

export const mcpRoutes = (_gate: Gate): Hono<Env> => new Hono<Env>()
