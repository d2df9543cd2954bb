import { expect, it } from 'vitest'
import { connectInProcess } from '../../apiserver/connection.ts'
import { createApiServer } from '../../apiserver/server.ts'
import { at } from '../../src/api/json.ts'
import { apiVersion, hookKind, requestKind } from '../../src/api/names.ts'
import { crds } from '../../src/drivers/registry.ts'
import { create, read, send } from '../../src/kube/requests.ts'
import { hooks, requests } from '../../src/kube/resources.ts'
import { refusal, type TriggerAnswer } from '../../src/trigger/answer.ts'
import { runRequestsIn } from '../../src/trigger/run-requests.ts'
import { fakeClock } from '../support/clock.ts'
import { testEnvironment } from '../support/environment.ts'
import { seededRandom } from '../support/random.ts'

const applied: TriggerAnswer = {
  status: 200,
  headers: {},
  body: { message: 'restarted', outcome: 'applied', reason: 'Restarted' },
}

/** Starts what runs requests, on an in-memory API server, with an endpoint that answers as `answers` says. */
const setUp = async (answers: () => TriggerAnswer, namespaces: readonly string[] = ['shop']) => {
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
      answer(answers())
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
  return { clock, asked, ask, found, start, status, end: () => stop.abort() }
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
