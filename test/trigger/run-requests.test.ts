import { expect, it } from 'vitest'
import { connectInProcess } from '../../apiserver/connection.ts'
import { createApiServer } from '../../apiserver/server.ts'
import { at } from '../../src/api/json.ts'
import { apiVersion, hookKind, requestKind } from '../../src/api/names.ts'
import { crds } from '../../src/drivers/registry.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { create, read, send } from '../../src/kube/requests.ts'
import { hooks, requests } from '../../src/kube/resources.ts'
import { refusal, type TriggerAnswer } from '../../src/trigger/answer.ts'
import type { RequestedHook } from '../../src/trigger/request.ts'
import { runRequestsIn } from '../../src/trigger/run-requests.ts'
import { fakeClock } from '../support/clock.ts'
import { testEnvironment } from '../support/environment.ts'
import { seededRandom } from '../support/random.ts'

const applied: TriggerAnswer = {
  status: 200,
  headers: {},
  body: { message: 'restarted', outcome: 'applied', reason: 'Restarted' },
}

/** The answer while a request waits for approval. */
const awaiting: TriggerAnswer = {
  status: 202,
  headers: {},
  body: {
    message: 'Deployment/web would go from 2 to 3',
    outcome: 'awaiting',
    reason: 'AwaitingApproval',
    effect: 'x',
    until: '2026-01-01T00:15:00Z',
  },
}

/** Returns what a hook with approval answers: `whenApproved`, once a request was approved. */
const withApproval =
  (whenApproved: TriggerAnswer) =>
  ({ approved, closes }: Pick<RequestedHook, 'approved' | 'closes'> = {}): TriggerAnswer => {
    if (closes === undefined) return approved === undefined ? awaiting : whenApproved
    return { status: 200, headers: {}, body: { message: 'closed', outcome: 'skipped', reason: closes } }
  }

/** Starts what runs requests, on an in-memory API server, with an endpoint that answers as `answers` says. */
const setUp = async (
  answers: (requested?: RequestedHook) => TriggerAnswer,
  namespaces: readonly string[] = ['shop'],
) => {
  const clock = fakeClock()
  const api = connectInProcess(createApiServer({ clock, random: seededRandom(3) }))
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  for (const crd of crds) await send(api, { method: 'POST', path, body: JSON.stringify(crd) })
  const spec = { driver: 'restart', restart: { target: { name: 'web' } } }
  for (const name of namespaces) {
    await send(api, { method: 'POST', path: '/api/v1/namespaces', body: JSON.stringify({ metadata: { name } }) })
    await create(api, hooks, name, { apiVersion, kind: hookKind, metadata: { name: 'web' }, spec })
  }
  const asked: string[] = []
  const stop = new AbortController()
  const start = (): void => {
    const endpoint: Parameters<typeof runRequestsIn>[1] = async ({ query, requested }, answer) => {
      if (!query.has('wait')) asked.push(requested?.namespace ?? '')
      answer(answers(requested))
      await Promise.resolve()
    }
    void runRequestsIn(testEnvironment({ api, clock }), endpoint, []).run(stop.signal)
  }
  const ask = async (name: string, namespace = 'shop'): Promise<void> => {
    const spec = { hook: 'web', by: { user: 'ann' } }
    await create(api, requests, namespace, { apiVersion, kind: requestKind, metadata: { name }, spec })
  }
  const found = (name: string, namespace = 'shop') => read(api, requests, namespace, name)
  const status = async (name: string, namespace?: string): Promise<unknown> =>
    at(await found(name, namespace), 'status')
  const decide = async (name: string, is: 'Approved' | 'Denied'): Promise<void> =>
    void (await send(api, {
      method: 'PATCH',
      path: objectPath(requests, 'shop', name),
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({ spec: { decision: { is, by: 'bob', effect: 'x' } } }),
    }))
  return { clock, asked, ask, decide, found, start, status, end: () => stop.abort() }
}

it('a request that is refused for five minutes is answered with why, and is not run later', async () => {
  const x = await setUp(() => refusal(503, 'ApiUnreachable'))
  x.start()
  await x.ask('one')
  await x.clock.advance(299_000)
  expect(await x.status('one')).toBeUndefined()
  await x.clock.advance(5000)
  expect(await x.status('one')).toMatchObject({ state: 'Done', answer: { status: 503, reason: 'ApiUnreachable' } })
  const before = x.asked.length
  await x.clock.advance(60_000)
  expect(x.asked).toHaveLength(before)
  x.end()
})

it('a request that no trigger has seen for five minutes is closed, and never run', async () => {
  const x = await setUp(() => applied)
  await x.ask('one')
  await x.clock.advance(301_000)
  x.start()
  await x.clock.advance(1000)
  expect(await x.status('one')).toMatchObject({ state: 'Done', answer: { status: 410, reason: 'RequestTooOld' } })
  expect(x.asked).toEqual([])
  x.end()
})

it('a namespace with more requests than a process knows keeps no other waiting, and has all of its own answered', async () => {
  const x = await setUp(() => applied, ['flood', 'shop'])
  for (let index = 0; index < 600; index++) await x.ask(`r-${index}`, 'flood')
  await x.ask('one')
  x.start()
  for (let turn = 0; turn < 20 && !x.asked.includes('shop'); turn++) await x.clock.advance(100)
  expect(x.asked.indexOf('shop')).toBeGreaterThanOrEqual(0)
  expect(x.asked.indexOf('shop')).toBeLessThan(32)
  for (let turn = 0; turn < 100 && x.asked.length < 601; turn++) await x.clock.advance(1000)
  expect(x.asked).toHaveLength(601)
  x.end()
})

it('a request is deleted a day after it was made, and not before', async () => {
  const x = await setUp(() => applied)
  x.start()
  await x.ask('one')
  await x.clock.advance(23 * 3_600_000)
  expect(await x.found('one')).toBeDefined()
  await x.clock.advance(4 * 3_600_000)
  expect(await x.found('one')).toBeUndefined()
  x.end()
})

it('a request that nobody approves is closed once its time is over, and an approval after that is too late', async () => {
  const x = await setUp(withApproval(applied))
  x.start()
  await x.ask('one')
  await x.clock.advance(899_000)
  expect(await x.status('one')).toMatchObject({ state: 'Awaiting', effect: { digest: 'x', asked: 1 } })
  await x.clock.advance(2000)
  expect(await x.status('one')).toMatchObject({ state: 'Done', answer: { reason: 'NotApproved' } })
  await x.decide('one', 'Approved')
  await x.clock.advance(5000)
  expect(await x.status('one')).toMatchObject({ state: 'Done', answer: { reason: 'NotApproved' } })
  x.end()
})

it('an approved request that cannot run is tried until its time is over, and keeps no place meanwhile', async () => {
  const x = await setUp(withApproval(refusal(503, 'ApiUnreachable')))
  x.start()
  await x.ask('one')
  await x.clock.advance(1000)
  await x.decide('one', 'Approved')
  await x.clock.advance(600_000)
  expect(await x.status('one')).toMatchObject({ state: 'Awaiting' })
  expect(x.asked.length).toBeGreaterThan(100)
  await x.clock.advance(300_000)
  expect(await x.status('one')).toMatchObject({ state: 'Done', answer: { reason: 'NotApproved' } })
  x.end()
})

it('of the requests of a hook one is shown, sixteen wait, and more are refused', async () => {
  const x = await setUp(withApproval(applied))
  x.start()
  const names = Array.from({ length: 18 }, (_, index) => `r-${String(index).padStart(2, '0')}`)
  for (const name of names) {
    await x.ask(name)
    await x.clock.advance(1000)
  }
  const states = await Promise.all(names.map(async name => at(await x.status(name), 'state')))
  expect(states).toEqual(['Awaiting', ...Array.from({ length: 15 }, () => 'Queued'), 'Done', 'Done'])
  expect(await x.status('r-17')).toMatchObject({ answer: { status: 503, reason: 'TooManyAwait' } })
  await x.decide('r-00', 'Denied')
  await x.clock.advance(1000)
  expect(await x.status('r-00')).toMatchObject({ state: 'Done', answer: { reason: 'Denied' } })
  expect(await x.status('r-01')).toMatchObject({ state: 'Awaiting' })
  x.end()
})
