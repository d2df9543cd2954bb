import { expect, it } from 'vitest'
import { connectInProcess } from '../../apiserver/connection.ts'
import { createApiServer } from '../../apiserver/server.ts'
import { at } from '../../src/api/json.ts'
import { apiVersion, hookKind, requestKind } from '../../src/api/names.ts'
import { crds } from '../../src/drivers/registry.ts'
import type { ApiConnection } from '../../src/environment/environment.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { create, read, send } from '../../src/kube/requests.ts'
import { hooks, requests } from '../../src/kube/resources.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'
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
    return closedFor(closes)
  }

/** Returns the answer to a request that is closed in the record, which does not know it. */
const closedFor = (reason: NonNullable<RequestedHook['closes']>): TriggerAnswer => ({
  status: 200,
  headers: {},
  body: { message: 'closed', outcome: 'skipped', reason },
})

/** Starts what runs requests, on an in-memory API server, with an endpoint that answers as `answers` says. */
const setUp = async (
  answers: (requested?: RequestedHook) => TriggerAnswer | Promise<TriggerAnswer>,
  namespaces: readonly string[] = ['shop'],
  beforeDelete: () => Promise<unknown> = () => Promise.resolve(),
) => {
  const clock = fakeClock()
  const api = connectInProcess(createApiServer({ clock, random: seededRandom(3) }))
  const { cut, watch, setAway } = cuttable(api)
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  for (const crd of crds) await send(api, { method: 'POST', path, body: JSON.stringify(crd) })
  const spec = { driver: 'restart', restart: { target: { name: 'web' } } }
  for (const name of namespaces) {
    await send(api, { method: 'POST', path: '/api/v1/namespaces', body: JSON.stringify({ metadata: { name } }) })
    await create(api, hooks, name, { apiVersion, kind: hookKind, metadata: { name: 'web' }, spec })
  }
  const asked: string[] = []
  const stop = new AbortController()
  const endpoint: Parameters<typeof runRequestsIn>[1] = async ({ query, requested }, answer) => {
    if (!query.has('wait')) asked.push(requested?.namespace ?? '')
    answer(await answers(requested))
  }
  const request: ApiConnection['request'] = async sent => {
    if (sent.method === 'DELETE') await beforeDelete()
    return await api.request(sent)
  }
  const runner = runRequestsIn(testEnvironment({ api: { request, watch }, clock }), endpoint, [])
  const start = (): void => void runner.run(stop.signal)
  const ask = async (name: string, namespace = 'shop', more: object = {}): Promise<void> => {
    const spec = { hook: 'web', by: { user: 'ann' }, ...more }
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
  const remove = async (name: string): Promise<void> => {
    const path = objectPath(requests, 'shop', name)
    await api.request({ method: 'DELETE', path, lane: 'bulk', timeoutMs: 1000 })
  }
  return { api, clock, asked, ask, cut, decide, found, remove, runner, setAway, start, status, end: () => stop.abort() }
}

/** Returns the watches of a connection, which a test can cut, and refuse for a time. */
const cuttable = (api: ApiConnection) => {
  let isAway = false
  let open = new AbortController()
  const watch: ApiConnection['watch'] = (request, stop) => {
    if (isAway) throw new Unreachable('away', false)
    return api.watch(request, AbortSignal.any([stop, open.signal]))
  }
  const cut = (): void => {
    open.abort()
    open = new AbortController()
  }
  return { cut, watch, setAway: (to: boolean): void => void (isAway = to) }
}

it('a request that is refused for five minutes is answered with why, and is not run later', async () => {
  const x = await setUp(asked => (asked?.closes ? closedFor(asked.closes) : refusal(503, 'ApiUnreachable')))
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
  const x = await setUp(asked => (asked?.closes ? closedFor(asked.closes) : applied))
  await x.ask('one')
  await x.clock.advance(301_000)
  x.start()
  await x.clock.advance(1000)
  expect(await x.status('one')).toMatchObject({ state: 'Done', answer: { status: 410, reason: 'RequestTooOld' } })
  expect(x.asked).toEqual([])
  x.end()
})

it.each([
  ['has run', applied, { outcome: 'applied' }],
  ['cannot be asked about', refusal(503, 'Overloaded'), { reason: 'RequestTooOld' }],
])(
  'a request that is too old, and by the record %s, is not answered as if nothing was changed',
  async (_, known, answer) => {
    const x = await setUp(asked => (asked?.closes ? known : refusal(503, 'ApiUnreachable')))
    x.start()
    await x.ask('one')
    await x.clock.advance(304_000)
    expect(await x.status('one')).toMatchObject({ state: 'Done', answer })
    x.end()
  },
)

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
  const names = ['one', 'two', 'three', 'four', 'five', 'six']
  for (const name of names) await x.ask(name)
  await x.clock.advance(23 * 3_600_000)
  expect(await x.found('one')).toBeDefined()
  await x.clock.advance(4 * 3_600_000)
  for (const name of names) expect(await x.found(name)).toBeUndefined()
  x.end()
})

it('a request that is made again just before it would be deleted stays', async () => {
  const x = await setUp(
    () => applied,
    ['shop'],
    async () => {
      await x.remove('one')
      await x.ask('one')
    },
  )
  x.start()
  await x.ask('one')
  const first = await x.found('one')
  await x.clock.advance(27 * 3_600_000)
  expect((await x.found('one'))?.metadata.uid).not.toBe(first?.metadata.uid)
  expect(await x.status('one')).toMatchObject({ state: 'Done' })
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

it('a watch that resumes without a list is a watch again, and the check says so', async () => {
  const x = await setUp(() => applied)
  x.start()
  await x.clock.advance(60_000)
  expect(x.runner.problem()).toBeUndefined()
  x.setAway(true)
  x.cut()
  await x.clock.advance(1000)
  expect(x.runner.problem()).toBe("requests don't run, because they can't be watched: away")
  x.setAway(false)
  await x.clock.advance(20_000)
  expect(x.runner.problem()).toBeUndefined()
  await x.ask('one')
  await x.clock.advance(100)
  expect(await x.status('one')).toMatchObject({ state: 'Done' })
  x.end()
})

it.each(['are refused', 'fail'])(
  'requests of a tenant that %s keep those of another waiting no longer than a look',
  async how => {
    const theirs = Array.from({ length: 8 }, (_, index) => `theirs-${index}`)
    const x = await setUp(
      requested => {
        if (requested?.namespace === 'shop') return applied
        if (how === 'fail') throw new Error('cannot be run')
        return refusal(503, 'ApiUnreachable')
      },
      [...theirs, 'shop'],
    )
    for (const namespace of theirs) for (const name of ['a', 'b', 'c', 'd', 'e']) await x.ask(name, namespace)
    x.start()
    await x.clock.advance(1000)
    await x.ask('one')
    await x.clock.advance(5000)
    expect(await x.status('one')).toMatchObject({ state: 'Done', answer: { outcome: 'applied' } })
    for (const namespace of theirs) expect(x.asked.filter(one => one === namespace).length).toBeGreaterThan(10)
    x.end()
  },
)

it('what failed here is no answer where another trigger has run the request, or shows it', async () => {
  const failed: TriggerAnswer = {
    status: 422,
    headers: {},
    body: { message: 'gone', outcome: 'failed', reason: 'TargetNotFound' },
  }
  const theirs = [
    {
      state: 'Done',
      answer: { status: 200, message: 'Deployment/web went from 2 to 3', reason: 'Stepped', outcome: 'applied' },
    },
    { state: 'Awaiting', until: '2026-01-01T00:15:00Z', effect: { text: 'from 2 to 3', digest: 'x', asked: 1 } },
  ]
  for (const status of theirs) {
    const x = await setUp(async () => {
      const path = objectPath(requests, 'shop', 'one', 'status')
      const body = JSON.stringify({ status })
      if (!isWritten) await send(x.api, { method: 'PATCH', path, contentType: 'application/merge-patch+json', body })
      isWritten = true
      return failed
    })
    let isWritten = false
    x.start()
    await x.ask('one')
    await x.clock.advance(100)
    expect(await x.status('one')).toEqual(status)
    x.end()
  }
})

it('a request that fails is closed in the record, which may say that another trigger has run it before', async () => {
  const failed: TriggerAnswer = {
    status: 422,
    headers: {},
    body: { message: 'gone', outcome: 'failed', reason: 'TargetNotFound' },
  }
  const duplicate: TriggerAnswer = {
    status: 200,
    headers: {},
    body: { message: 'decided before', outcome: 'skipped', reason: 'Duplicate' },
  }
  const closings: (RequestedHook | undefined)[] = []
  const x = await setUp(requested => {
    if (requested?.closes === undefined) return failed
    closings.push(requested)
    return requested.closes === 'OutcomeUnknown' ? applied : duplicate
  })
  x.start()
  await x.ask('one')
  await x.clock.advance(100)
  expect(await x.status('one')).toMatchObject({ state: 'Done', answer: { outcome: 'applied' } })
  expect(closings[0]).toMatchObject({ closes: 'EffectChanged', isReported: true })
  // A key may be used again after a failure.
  const before = closings.length
  await x.ask('two', 'shop', { key: 'key' })
  await x.clock.advance(100)
  expect(await x.status('two')).toMatchObject({ state: 'Done', answer: { outcome: 'failed' } })
  expect(closings).toHaveLength(before)
  x.end()
})

it('asking how far something is runs nothing, although the record has forgotten the request', async () => {
  const open: TriggerAnswer = { ...applied, body: { ...applied.body, state: 'progressing' } }
  let runs = 0
  const x = await setUp(requested => {
    if (requested?.closes === undefined) runs++
    return runs === 1 ? open : applied
  })
  x.start()
  await x.ask('one')
  await x.clock.advance(60_000)
  expect(runs).toBe(1)
  x.end()
})

it('a key that is the uid of another request does not make the two one', async () => {
  const keys: string[] = []
  const x = await setUp(requested => {
    keys.push(requested?.key ?? '')
    return refusal(503, 'ApiUnreachable')
  })
  x.start()
  await x.ask('one')
  await x.ask('two', 'shop', { key: (await x.found('one'))?.metadata.uid })
  await x.clock.advance(100)
  expect(new Set(keys).size).toBe(2)
  x.end()
})

it('of requests that were made in one second one is shown, the first that was', async () => {
  const x = await setUp(withApproval(applied))
  x.start()
  for (const name of ['b', 'a', 'c']) {
    await x.ask(name)
    await x.clock.advance(100)
  }
  const states = async () => await Promise.all(['a', 'b', 'c'].map(async name => at(await x.status(name), 'state')))
  expect(await states()).toEqual(['Queued', 'Awaiting', 'Queued'])
  await x.decide('b', 'Denied')
  await x.clock.advance(100)
  expect(await states()).toEqual(['Awaiting', 'Done', 'Queued'])
  x.end()
})

it('requests that wait are not looked at again for each other one that ends', async () => {
  const x = await setUp(withApproval(applied))
  x.start()
  for (let index = 0; index < 16; index++) await x.ask(`r-${String(index).padStart(2, '0')}`)
  await x.clock.advance(1000)
  const before = x.asked.length
  for (let index = 0; index < 50; index++) await x.ask(`s-${index}`)
  await x.clock.advance(1000)
  expect(await x.status('s-49')).toMatchObject({ answer: { reason: 'TooManyAwait' } })
  expect(x.asked.length - before).toBe(50)
  x.end()
})
