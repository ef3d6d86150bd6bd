import {
  type Attributes,
  type Counter,
  type Histogram,
  metrics,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { fault, isFault } from './errors.ts'

// The API alone: until an SDK is registered (`startTelemetry`) every call here does nothing.
const tracer = trace.getTracer('tributary')
// Made at the first use: unlike a tracer, an instrument made before the SDK stays silent for ever.
let instruments: { seconds: Histogram; failures: Counter } | undefined
const measure = (): { seconds: Histogram; failures: Counter } => {
  const meter = metrics.getMeter('tributary')
  instruments ??= {
    seconds: meter.createHistogram('tributary.work.duration', { unit: 's' }),
    failures: meter.createCounter('tributary.work.failures'),
  }
  return instruments
}

/**
 * Runs `work` in a span named `kind name`, such as `verb contribute` or `job train`, and counts its time and failures.
 * Facts are ids, numbers and enums: never a person's text.
 */
export const traced = <T>(
  kind: 'verb' | 'job' | 'chain',
  name: string,
  facts: Attributes,
  work: () => Promise<T>,
): Promise<T> =>
  tracer.startActiveSpan(`${kind} ${name}`, { attributes: facts }, async span => {
    const start = performance.now()
    const labels: Attributes = { kind, name }
    try {
      return await work()
    } catch (error) {
      const code = isFault(error) ? error.code : 'unexpected'
      measure().failures.add(1, { ...labels, code })
      span.setStatus({ code: SpanStatusCode.ERROR, message: code })
      throw error
    } finally {
      measure().seconds.record((performance.now() - start) / 1000, labels)
      span.end()
    }
  })

/**
 * Sends traces and metrics to the endpoint in OTEL_EXPORTER_OTLP_ENDPOINT; call it only where that is set.
 * The SDK is no dependency of ours (some 150 packages for those who do not use it): the operator installs it.
 * Returns what ends it. Throws `telemetry-missing`.
 */
export const startTelemetry = async (): Promise<() => Promise<void>> => {
  const name: string = '@opentelemetry/sdk-node'
  const { NodeSDK } = await import(name).catch(cause => {
    throw fault('telemetry-missing', `OTEL_EXPORTER_OTLP_ENDPOINT is set, but ${name} is not installed.`, {
      fix: `Run npm install --no-save ${name}, or unset it.`,
      blame: 'operator',
      cause,
    })
  })
  const sdk = new NodeSDK({ serviceName: 'tributary', instrumentations: [] })
  sdk.start()
  return () => sdk.shutdown()
}
