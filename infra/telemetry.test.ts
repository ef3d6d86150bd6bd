import { type Span, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api'
import { afterAll, expect, test } from 'vitest'
import { fault } from './errors.ts'
import { startTelemetry, traced } from './telemetry.ts'

afterAll(() => trace.disable())

test('without an SDK, work runs and its result comes back', async () => {
  expect(await traced('verb', 'ask', {}, async () => 5)).toBe(5)
})

test('a span carries its name, its facts and the code of a fault', async () => {
  const seen: unknown[] = []
  const span = {
    setStatus: (status: unknown) => seen.push(status),
    end: () => seen.push('end'),
  } as unknown as Span
  const tracer = {
    startActiveSpan: (name: string, options: unknown, work: (span: Span) => unknown) => {
      seen.push(name, options)
      return work(span)
    },
  } as unknown as Tracer
  trace.setGlobalTracerProvider({ getTracer: () => tracer })
  const failing = traced('job', 'train', { run: 'r1' }, async () => {
    throw fault('disk-full', 'Full.', { fix: 'Tidy up.' })
  })
  await expect(failing).rejects.toMatchObject({ code: 'disk-full' })
  expect(seen).toEqual([
    'job train',
    { attributes: { run: 'r1' } },
    { code: SpanStatusCode.ERROR, message: 'disk-full' },
    'end',
  ])
})

test('an endpoint without the SDK says what to install', async () => {
  await expect(startTelemetry()).rejects.toMatchObject({
    code: 'telemetry-missing',
    fix: expect.stringContaining('npm install'),
  })
})
