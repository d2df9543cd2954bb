import { expect, test } from 'vitest'
import { at, parseJson, stringAt } from '../../src/api/json.ts'
import type { ApiRequest } from '../../src/environment/environment.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'
import { eventRecorder, type EmittedEvent } from '../../src/kube/events.ts'
import { settle } from '../support/clock.ts'
import { testEnvironment } from '../support/environment.ts'
import { answer, scriptedConnection, type Scripted } from '../support/scripted-connection.ts'

const stored = answer(201, { metadata: { name: 'x', uid: 'u', resourceVersion: '1' } })

const recording = (answers: Scripted = () => stored) => {
  const api = scriptedConnection(answers)
  const environment = testEnvironment({ api })
  const recorder = eventRecorder(environment, { controller: 'receiverhooks.dev/controller', instance: 'pod-1' })
  const regarding = {
    apiVersion: 'receiverhooks.dev/v1alpha1',
    kind: 'ReceiverHook',
    namespace: 'shop',
    name: 'web-up',
  }
  const missing: EmittedEvent = {
    regarding: { ...regarding, uid: 'uid-1' },
    type: 'Warning',
    reason: 'TargetNotFound',
    action: 'Reconcile',
    note: 'there is no Deployment web',
  }
  return {
    environment,
    api,
    missing,
    emit: (change: Partial<EmittedEvent> = {}) => recorder.emit({ ...missing, ...change }),
    /** What was written, each as its method and the member that says most. */
    written: () =>
      api.requests.map(request => [request.method, at(bodyOf(request), 'series', 'count') ?? noteOf(request)]),
  }
}

const bodyOf = ({ body = '' }: ApiRequest): unknown => parseJson(body)
const noteOf = (request: ApiRequest): string | undefined => stringAt(bodyOf(request), 'note')

test('an Event says what, of which object, why, when and by whom', async () => {
  const { api, emit, missing } = recording()
  emit()
  await settle()
  const [request] = api.requests
  expect(request).toMatchObject({ method: 'POST', path: '/apis/events.k8s.io/v1/namespaces/shop/events', lane: 'bulk' })
  const event = request && bodyOf(request)
  expect(event).toMatchObject({
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { namespace: 'shop' },
    eventTime: '2026-01-01T00:00:00.000000Z',
    reportingController: 'receiverhooks.dev/controller',
    reportingInstance: 'pod-1',
    ...missing,
  })
  expect(event, 'a series of one is refused').not.toHaveProperty('series')
  expect(stringAt(event, 'metadata', 'name')).toMatch(/^web-up\.[0-9a-f]{16}$/)
})

test('an Event names a second object that it is about as well', async () => {
  const { api, emit } = recording()
  const related = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web' }
  emit({ related })
  await settle()
  expect(api.requests[0] && bodyOf(api.requests[0])).toMatchObject({ related })
})

test('the same again is counted in the first one, at most once in 10 s', async () => {
  const { environment, api, emit, written } = recording()
  emit()
  await settle()
  for (let second = 0; second < 25; second++) {
    emit()
    await environment.clock.advance(1_000)
  }
  expect(written()).toEqual([
    ['POST', 'there is no Deployment web'],
    ['PATCH', 11],
    ['PATCH', 21],
  ])
  await environment.clock.advance(60_000)
  expect(written().at(-1)).toEqual(['PATCH', 26])
  const name = stringAt(api.requests[0] && bodyOf(api.requests[0]), 'metadata', 'name')
  expect(api.requests[1]?.path).toBe(`/apis/events.k8s.io/v1/namespaces/shop/events/${name}`)
  expect(api.requests[1]?.contentType).toBe('application/merge-patch+json')
  expect(environment.clock.pending).toBe(0)
})

test('a repeat more than 6 minutes later is an Event of its own', async () => {
  const { environment, emit, written } = recording()
  emit()
  await environment.clock.advance(6 * 60_000)
  emit()
  await settle()
  expect(written().map(([method]) => method)).toEqual(['POST', 'POST'])
})

test('of several notes within 10 s, the first and the last are written', async () => {
  const { environment, emit, written } = recording()
  for (const note of ['one', 'two', 'three']) emit({ note })
  await environment.clock.advance(10_000)
  expect(written()).toEqual([
    ['POST', 'one'],
    ['POST', 'three'],
  ])
})

test('other reasons and other objects do not wait', async () => {
  const { emit, missing, written } = recording()
  emit()
  emit({ reason: 'NotScalable', note: 'other reason' })
  emit({ regarding: { ...missing.regarding, uid: 'uid-2' }, note: 'other object' })
  await settle()
  expect(written().map(([, note]) => note)).toEqual(['there is no Deployment web', 'other reason', 'other object'])
})

test.each([
  ['a long note', 'é'.repeat(2_000), /^é{510}…$/],
  ['a long note with an odd byte in front', `x${'é'.repeat(2_000)}`, /^xé{510}…$/],
  ['a note of just the right length', 'x'.repeat(1_024), /^x{1024}$/],
  ['a token', 'see https://hooks.example.com/v1/trigger/eyJh.eyJz.c2ln for more', /trigger\/\[token\] for more$/],
])('%s is written as the API server takes it and nobody is harmed by it', async (_what, note, expected) => {
  const { api, emit } = recording()
  emit({ note })
  await settle()
  const [request] = api.requests
  expect(request && noteOf(request)).toMatch(expected)
  expect(Buffer.byteLength((request && noteOf(request)) ?? '')).toBeLessThanOrEqual(1_024)
})

test('the name of an object with the longest name is cut, and still a name', async () => {
  const { api, emit, missing } = recording()
  emit({ regarding: { ...missing.regarding, name: `${'a'.repeat(235)}.${'b'.repeat(17)}` } })
  await settle()
  expect(stringAt(api.requests[0] && bodyOf(api.requests[0]), 'metadata', 'name')).toMatch(/^a{235}\.[0-9a-f]{16}$/)
})

test('failures are logged once, harm nobody, and end with the next success', async () => {
  let down = true
  const { environment, emit } = recording(() => (down ? new Unreachable('refused', false) : stored))
  for (const reason of ['A', 'B', 'C']) emit({ reason })
  await settle()
  expect(environment.lines).toHaveLength(1)
  down = false
  emit({ reason: 'D' })
  await settle()
  down = true
  emit({ reason: 'E' })
  await settle()
  expect(environment.lines).toHaveLength(2)
})

test('a series whose Event is gone begins again', async () => {
  const { environment, emit, written } = recording(({ method }) => (method === 'PATCH' ? answer(404, {}) : stored))
  emit()
  await settle()
  emit()
  await environment.clock.advance(10_000)
  emit()
  await environment.clock.advance(10_000)
  expect(written().map(([method]) => method)).toEqual(['POST', 'PATCH', 'POST'])
})

test('a flood is cut off: one Event at a time, a hundred wait, the others are counted', async () => {
  const { environment, api, emit, missing } = recording(() => new Promise<never>(() => {}))
  for (let n = 0; n < 5_000; n++) emit({ regarding: { ...missing.regarding, uid: String(n) } })
  await settle()
  expect(api.requests).toHaveLength(1)
  expect(await environment.metrics.text()).toContain('receiverhooks_events_dropped_total 4899')
})
