import { InMemorySpanExporter, type ReadableSpan } from '@opentelemetry/sdk-trace'
import { expect, it, onTestFinished } from 'vitest'
import { at } from '../../src/api/json.ts'
import type { ApiConnection, ApiRequest } from '../../src/environment/environment.ts'
import { nodeClock } from '../../src/environment/node.ts'
import { exportingTracing } from '../../src/environment/otlp.ts'
import { send } from '../../src/kube/requests.ts'
import { cluster, post, postUntilDone, product, until, type Posted } from '../support/product.ts'

/** The part of a sender's trace that it posts in. */
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const sampled = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` }

/** Starts both roles with traces, and makes a hook on a Deployment. */
const traced = async (spec: object = {}) => {
  const here = await cluster()
  const exporter = new InMemorySpanExporter()
  const options = { clock: nodeClock, version: '1', instance: 'a', endpoint: undefined, exportEveryMs: 100 }
  const exported = exportingTracing({ ...options, log: silent }, exporter)
  onTestFinished(() => exported.close())
  const sent: ApiRequest[] = []
  const api: ApiConnection = {
    watch: (request, stop) => here.api.watch(request, stop),
    request: request => {
      sent.push(request)
      return here.api.request(request)
    },
  }
  await here.createDeployment('web', 1)
  const { lines } = await product({ ...here, api }, { tracing: exported.tracing })
  await here.createHook('web-up', { max: 100 }, spec)
  // A URL that ends with a secret is not published.
  const url = 'token' in spec ? '' : await here.url('web-up')
  /** Returns all spans as soon as there is this one. The span of a post ends, and is exported, after its answer. */
  const spansWith = (wanted: (span: ReadableSpan) => boolean): Promise<readonly ReadableSpan[]> =>
    until(
      async () => exporter.getFinishedSpans(),
      found => found.some(wanted),
    )
  return { here, lines, sent, url, spans: spansWith, all: () => exporter.getFinishedSpans() }
}
const ignored = (): void => {}
const silent = { debug: ignored, info: ignored, warn: ignored, error: ignored }

/** Returns whether a span is that of a post with this reason, which is the last of its trace. */
const isLast =
  (reason: string) =>
  ({ attributes }: ReadableSpan): boolean =>
    attributes['receiverhooks.reason'] === reason

/** Returns the spans by name, each with the name of the span that it is part of. */
const treeOf = (spans: readonly ReadableSpan[]): Readonly<Record<string, string>> => {
  const names = new Map(spans.map(span => [span.spanContext().spanId, span.name]))
  return Object.fromEntries(
    spans.map(({ name, parentSpanContext }) => [name, names.get(parentSpanContext?.spanId ?? '') ?? 'the sender']),
  )
}

const root = 'POST /v1/trigger/{token}'

it("a named post is a part of its sender's trace, and has a span for each part and each request", async () => {
  const { lines, sent, spans, url } = await traced({ when: 'body.go == true' })
  const init = { headers: { ...sampled, 'idempotency-key': 'one', 'content-type': 'application/json' } }
  // A busy machine may answer 503 first. The trace of each post is whole.
  const { body } = await postUntilDone(url, { go: true }, init)
  expect(body).toMatchObject({ outcome: 'applied', from: 1, to: 2 })
  const found = await spans(isLast('Stepped'))
  expect(new Set(found.map(span => span.spanContext().traceId))).toEqual(new Set([traceId]))
  expect(treeOf(found)).toMatchObject({
    [root]: 'the sender',
    ...{ token: root, body: root, gates: root, driver: root, answer: root },
    ...{ 'record write': 'driver', 'write deployments/scale': 'driver' },
  })
  expect(found.find(isLast('Stepped'))?.attributes).toMatchObject({
    'http.response.status_code': 200,
    'receiverhooks.hook': 'web-up',
    'receiverhooks.driver': 'scale',
    'receiverhooks.outcome': 'applied',
  })
  const write = sent.find(({ method, path }) => method === 'PATCH' && path.endsWith('/deployments/web/scale'))
  const ids = found.map(span => `00-${traceId}-${span.spanContext().spanId}-01`)
  expect(ids).toContain(write?.traceparent)
  expect(lines.filter(line => line.includes('"reason":"Stepped"')).join('')).toContain(`"trace_id":"${traceId}"`)
})

it('a post without traceparent begins a trace, which its requests continue', async () => {
  const { sent, spans, url } = await traced()
  expect((await postUntilDone(url)).body).toMatchObject({ outcome: 'applied' })
  const found = await spans(isLast('Stepped'))
  const own = found.find(isLast('Stepped'))
  expect(own?.parentSpanContext).toBeUndefined()
  const id = own?.spanContext().traceId ?? ''
  expect(id).toMatch(/^[0-9a-f]{32}$/)
  expect(sent.filter(({ traceparent }) => traceparent?.startsWith(`00-${id}-`) === true)).not.toEqual([])
})

it('no span of a post that is authenticated, filtered and refused has its token, its secret, its headers or its body', async () => {
  const { here, spans, url } = await traced({
    when: 'body.go == true',
    auth: { bearer: { secretKeyRef: { name: 'sender', key: 'token' } } },
  })
  const secret = 'planted-secret-of-the-sender'
  await send(here.api, {
    method: 'POST',
    path: `/api/v1/namespaces/${here.namespace}/secrets`,
    body: JSON.stringify({ metadata: { name: 'sender' }, stringData: { token: secret } }),
  })
  const headers = { ...sampled, authorization: `Bearer ${secret}`, 'x-planted': 'planted-header' }
  const bodies = [{ go: true, planted: 'planted-body' }, { go: 'planted-value' }, { planted: 'planted-body' }]
  for (const body of bodies) await until(() => post(`${url}?planted=planted-query`, body, { headers }), isDecided)
  const wrong = { headers: { ...sampled, authorization: 'Bearer planted-guess' } }
  expect((await postUntilDone(url, bodies[0], wrong)).status).toBe(401)
  const found = await spans(span => span.attributes['http.response.status_code'] === 401)
  const text = JSON.stringify(
    found.map(({ attributes, events, name, resource, status }) => [
      ...[name, attributes, events, status, resource.attributes],
    ]),
  )
  expect(text).toContain('"auth"')
  expect(text).toContain('"gates"')
  expect(text).not.toContain('planted')
  expect(text).not.toContain(url.split('/').at(-1))
})

/** Returns whether a post was decided. Before that, the trigger may not yet know the Secret. */
const isDecided = ({ body, status }: Posted): boolean => status !== 503 && body['reason'] !== 'AuthSecretNotFound'

it("a sender that does not record gets no span, and its ids in the API server's requests and in the log", async () => {
  const { all, lines, sent, spans, url } = await traced()
  const unsampled = `00-${traceId}-00f067aa0ba902b7-00`
  await postUntilDone(url, undefined, { headers: { traceparent: unsampled } })
  expect(sent.some(({ method, traceparent }) => method === 'PATCH' && traceparent === unsampled)).toBe(true)
  const written = await until(
    async () => lines.filter(line => line.includes('"reason":"Stepped"')).join(''),
    text => text !== '',
  )
  expect(written).toContain(`"trace_id":"${traceId}"`)
  // A post that is exported shows that what came before it was not.
  await postUntilDone(url)
  await spans(isLast('Stepped'))
  expect(all().filter(span => span.spanContext().traceId === traceId)).toEqual([])
})

it('a post without a valid token is exported by nobody', async () => {
  const { all, spans, url } = await traced()
  const forged = `${url.slice(0, -4)}AAAA`
  expect((await post(forged, undefined, { headers: sampled })).status).toBe(404)
  await postUntilDone(url)
  await spans(isLast('Stepped'))
  expect(all().filter(span => span.spanContext().traceId === traceId)).toEqual([])
})

it('a URL with a name exports only posts that have proved themselves, and shows no secret of its path', async () => {
  const secret = 'planted-secret-of-32-characters-'
  const auth = { path: { secretKeyRef: { name: 'sender', key: 'path' } } }
  const { all, here, lines, spans } = await traced({ auth, token: { url: 'named' } })
  await send(here.api, {
    method: 'POST',
    path: `/api/v1/namespaces/${here.namespace}/secrets`,
    body: JSON.stringify({ metadata: { name: 'sender' }, stringData: { path: secret } }),
  })
  const published = async (): Promise<string> => String(at(await here.hook('web-up'), 'status', 'endpoint'))
  const url = await until(published, endpoint => endpoint.endsWith('/web-up'))
  const guessed = { headers: { traceparent: '00-11112222333344445555666677778888-00f067aa0ba902b7-01' } }
  expect((await postUntilDone(`${url}/planted-guess`, undefined, guessed)).status).toBe(401)
  await until(
    () => post(`${url}/${secret}`, undefined, { headers: sampled }),
    ({ status }) => status === 200,
  )
  const found = await spans(isLast('Stepped'))
  expect(found.find(isLast('Stepped'))?.name).toBe('POST /v1/hooks/{namespace}/{name}')
  expect(new Set(all().map(span => span.spanContext().traceId))).toEqual(new Set([traceId]))
  expect(lines.join('')).not.toContain('11112222333344445555666677778888')
  expect(JSON.stringify(all().map(({ attributes, events, name }) => [name, attributes, events]))).not.toContain(
    'planted',
  )
})
