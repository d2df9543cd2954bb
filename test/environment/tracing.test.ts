import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { describe, expect, it, onTestFinished } from 'vitest'
import { codeIn, productFolders } from '../../scripts/count/source.ts'
import { listen } from '../../src/environment/listen.ts'
import { connect } from '../../src/environment/node.ts'
import { OtelTracing } from '../../src/environment/otlp.ts'
import { parseTraceParent, requestSpanName, traceParentOf } from '../../src/environment/tracing.ts'
import { fakeClock } from '../support/clock.ts'

const [traceId, spanId] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7']

describe('the header traceparent', () => {
  it.each([
    [`00-${traceId}-${spanId}-01`, true],
    [`00-${traceId}-${spanId}-00`, false],
    // Flags that are not known, and a version to come.
    [`00-${traceId}-${spanId}-02`, false],
    [`cc-${traceId}-${spanId}-03`, true],
  ])('is read: %s', (header, isSampled) => {
    expect(parseTraceParent(header)).toEqual({ traceId, spanId, isSampled })
  })

  it.each([
    ['absent', undefined],
    ['empty', ''],
    ['of version ff', `ff-${traceId}-${spanId}-01`],
    ['without a trace', `00-${'0'.repeat(32)}-${spanId}-01`],
    ['without a span', `00-${traceId}-${'0'.repeat(16)}-01`],
    ['in capitals', `00-${traceId.toUpperCase()}-${spanId}-01`],
    ['longer', `00-${traceId}-${spanId}-01-more`],
    ['sent twice', `00-${traceId}-${spanId}-01, 00-${traceId}-${spanId}-01`],
  ])('begins a new trace if it is %s', (_, header) => {
    expect(parseTraceParent(header)).toBeUndefined()
  })

  it('is written as it was read, without flags that are not known', () => {
    expect(traceParentOf({ traceId, spanId, isSampled: true })).toBe(`00-${traceId}-${spanId}-01`)
    expect(traceParentOf({ traceId, spanId, isSampled: false })).toBe(`00-${traceId}-${spanId}-00`)
  })

  it('is sent to the API server with a request that has one', async () => {
    const seen: unknown[] = []
    const server = createServer((request, response) => {
      seen.push(request.headers['traceparent'])
      response.end('{}')
    })
    const port = await listen(server, { host: '127.0.0.1', port: 0 })
    const api = connect({ server: `http://127.0.0.1:${port}` })
    onTestFinished(async () => {
      await api.close()
      server.close()
    })
    const request = { method: 'GET', path: '/version', lane: 'bulk', timeoutMs: 60_000 } as const
    const traceparent = `00-${traceId}-${spanId}-01`
    await api.request(request)
    await api.request({ ...request, traceparent })
    expect(seen).toEqual([undefined, traceparent])
  })
})

it.each([
  ['GET', '/api/v1/namespaces/shop/secrets/hidden-name', 'read secrets'],
  ['GET', '/apis/apps/v1/namespaces/shop/deployments/web', 'read deployments'],
  ['PATCH', '/apis/apps/v1/namespaces/shop/deployments/web/scale', 'write deployments/scale'],
  ['GET', '/apis/apps/v1/namespaces/shop/deployments', 'read deployments'],
  [
    'GET',
    '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/pools.example.com',
    'read customresourcedefinitions',
  ],
  ['PUT', '/apis/receiverhooks.dev/v1alpha1/namespaces/shop/receiverhookrecords/web-up', 'record write'],
  ['POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', 'write subjectaccessreviews'],
  ['GET', '/version', 'read'],
] as const)('the span of %s %s is "%s"', (method, path, name) => {
  expect(requestSpanName({ method, path })).toBe(name)
})

/** Returns tracing with a fake clock, and the names of the exported spans. */
const tracing = () => {
  const clock = fakeClock()
  const exporter = new InMemorySpanExporter()
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
  const made = new OtelTracing(clock, provider.getTracer('test'))
  const posts = async (count: number): Promise<number> => {
    exporter.reset()
    for (let index = 0; index < count; index++)
      await made.post(`00-${traceId}-${spanId}-01`, async () => made.admit({ namespace: 'shop', name: 'web-up' }))
    return exporter.getFinishedSpans().filter(({ name }) => name.startsWith('POST')).length
  }
  return { clock, exporter, made, posts }
}

it('posts are exported at a bounded rate, regardless of what their senders ask for', async () => {
  const { clock, posts } = tracing()
  expect(await posts(1000)).toBe(20)
  await clock.advance(1000)
  expect(await posts(1000)).toBe(10)
})

it('work that goes on after a post is over is no part of it', async () => {
  const { exporter, made } = tracing()
  let proceed = (): void => {}
  const over = new Promise<void>(resolve => (proceed = resolve))
  const sent: (string | undefined)[] = []
  const request = { method: 'GET', path: '/version', lane: 'bulk', timeoutMs: 1 } as const
  let later: Promise<unknown> = over
  await made.post(undefined, async () => {
    made.admit({ namespace: 'shop', name: 'web-up' })
    later = over.then(() =>
      made.request(request, async ({ traceparent }) => {
        sent.push(traceparent)
        return { status: 200, headers: {}, body: '' }
      }),
    )
  })
  proceed()
  await later
  expect(sent).toEqual([undefined])
  expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(['token', 'POST /v1/trigger/{token}'])
})

it('OpenTelemetry is imported by one file, which is loaded on demand', () => {
  const texts = codeIn(productFolders).map(path => ({ path, text: readFileSync(path, 'utf8') }))
  const that = (part: RegExp): readonly string[] => texts.filter(({ text }) => part.test(text)).map(({ path }) => path)
  expect(that(/from '@opentelemetry/)).toEqual(['src/environment/otlp.ts'])
  expect(that(/from '[^']*\/otlp\.ts'/)).toEqual([])
  expect(that(/import\('[^']*\/otlp\.ts'\)/)).toEqual(['src/commands/serve.ts'])
})
