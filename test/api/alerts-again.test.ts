import { expect, it } from 'vitest'
import { notification } from '../support/alertmanager.ts'
import { cluster, postUntilDone, product, type Posted } from '../support/product.ts'

type Alert = readonly [name: string, began: number, ended?: number]
const at = (minutes: number): string => new Date(Date.UTC(2026, 0, 1, 10, 0, minutes * 60)).toISOString()

const body = (why: string | undefined, alerts: readonly Alert[]) => {
  const status = alerts.some(([, , ended]) => ended === undefined) ? 'firing' : 'resolved'
  const { notification_reason: _, ...rest } = notification(status, '')
  return {
    ...rest,
    ...(why !== undefined && { notification_reason: why }),
    alerts: alerts.map(([name, began, ended]) => ({
      status: ended === undefined ? 'firing' : 'resolved',
      labels: { alertname: 'HighLoad', pod: name },
      startsAt: at(began),
      endsAt: ended === undefined ? '0001-01-01T00:00:00Z' : at(ended),
      fingerprint: name,
    })),
  }
}
const said = ({ body }: Posted): string => [body['reason'] ?? body['outcome'], body['from'], body['to']].filter(Boolean).join(' ')
const first = 'first notification'
const more = 'new alerts added'
const some = 'some alerts resolved'
const all = 'all alerts resolved'
const repeat = 'repeat interval elapsed'

const hook = async (spec: object) => {
  const here = await cluster()
  await here.createDeployment('web', 2)
  await product(here)
  await here.createHook('busy', { by: 2, max: 40 }, { onResolved: 'undo', for: '20m', dedupeWindow: '24h', ...spec } as never)
  const url = await here.url('busy')
  return async (posts: readonly [string | undefined, ...Alert[]][]): Promise<string[]> => {
    const answers: string[] = []
    for (const [why, ...alerts] of posts) answers.push(said(await postUntilDone(url, body(why, alerts))))
    return answers
  }
}

it('one of two alerts flaps', async () => {
  const post = await hook({})
  expect(
    await post([
      [first, ['A', 0], ['B', 0]],
      [some, ['A', 0], ['B', 0, 5]],
      [more, ['A', 0], ['B', 7]],
      [repeat, ['A', 0], ['B', 7]],
      [all, ['A', 0, 9], ['B', 7, 9]],
    ]),
  ).toEqual(['Stepped 2 4', 'PartlyResolved', 'Stepped 4 6', 'Duplicate', 'Undone 6 2'])
})

it('a repeat after one of two ended', async () => {
  const post = await hook({})
  expect(
    await post([
      [first, ['A', 0], ['B', 0]],
      [some, ['A', 0], ['B', 0, 5]],
      [repeat, ['A', 0]],
      [all, ['A', 0, 9]],
    ]),
  ).toEqual(['Stepped 2 4', 'PartlyResolved', 'Duplicate', 'Undone 4 2'])
})

it('a new alert while the other ends, as some ended before', async () => {
  const post = await hook({})
  expect(
    await post([
      [first, ['A', 0], ['B', 0]],
      [some, ['A', 0], ['B', 0, 5]],
      [all, ['A', 0, 10]],
      [first, ['B', 12]],
      [more, ['A', 16], ['B', 12, 15]],
    ]),
  ).toEqual(['Stepped 2 4', 'PartlyResolved', 'Undone 4 2', 'Stepped 2 4', 'Stepped 4 6'])
})

it.each([['24h'], [undefined]])('restarts once for each alert, without reasons: %s', async dedupeWindow => {
  const here = await cluster()
  await here.createDeployment('web', 2)
  await product(here)
  await here.createHook('again', {}, { driver: 'restart', scale: undefined, restart: { target: { name: 'web' } }, ...(dedupeWindow && { dedupeWindow }) })
  const url = await here.url('again')
  const answers: string[] = []
  for (const alert of [['A', 0], ['A', 0], ['A', 0, 5], ['A', 7], ['A', 7], ['A', 7]] as Alert[])
    answers.push(said(await postUntilDone(url, body(undefined, [alert]))))
  expect(answers).toEqual(['RolloutRunning', 'Duplicate', 'Resolved', 'RolloutRunning', 'Duplicate', 'Duplicate'])
})

it('an end whose alert has the beginning of one that ended before', async () => {
  const post = await hook({})
  expect(
    await post([
      [first, ['A', 0]],
      [all, ['A', 0, 5]],
      [first, ['A', 0], ['B', 6]],
      [some, ['A', 0], ['B', 6, 8]],
      [all, ['A', 0, 9]],
    ]),
  ).toEqual(['Stepped 2 4', 'Undone 4 2', 'Stepped 2 4', 'PartlyResolved', 'Undone 4 2'])
})

const direct = (alerts: readonly Alert[]) =>
  alerts.map(([name, began, ended]) => ({
    labels: { alertname: name },
    startsAt: at(began),
    endsAt: ended === undefined ? '2099-01-01T00:00:00Z' : at(ended),
  }))
const prometheus = async (spec: object, posts: readonly Alert[][]): Promise<string[]> => {
  const here = await cluster()
  await here.createDeployment('web', 2)
  await product(here)
  await here.createHook('busy', { by: 2, max: 40 }, { onResolved: 'undo', ...spec })
  const url = await here.url('busy')
  const answers: string[] = []
  for (const alerts of posts) answers.push(said(await postUntilDone(url, direct(alerts))))
  return answers
}

it.each([['24h'], ['40s']])('two Prometheus, while an alert of another rule group has ended: %s', async dedupeWindow => {
  expect(await prometheus({ dedupeWindow, onResolved: 'ignore' }, [[['A', 5]], [['B', 0, 4]], [['A', 5.1]]])).toEqual([
    'Stepped 2 4',
    'Resolved',
    'Duplicate',
  ])
})

it('the end by the other Prometheus, after the alert has begun again', async () => {
  expect(
    await prometheus({ dedupeWindow: '24h' }, [[['A', 0]], [['A', 0, 5]], [['A', 0.1, 5.1]], [['A', 6]], [['A', 0.1, 5.1]], [['A', 6, 9]]]),
  ).toEqual(['Stepped 2 4', 'Undone 4 2', 'Duplicate', 'Stepped 2 4', 'Duplicate', 'Undone 4 2'])
})

it('runs once for one end, by two Prometheus', async () => {
  expect(
    await prometheus({ dedupeWindow: '24h', onResolved: 'run' }, [[['A', 0]], [['A', 0, 5]], [['A', 0.1, 5.1]], [['A', 6]], [['A', 6.1]], [['A', 6, 9]], [['A', 6, 9.1]]]),
  ).toEqual(['Stepped 2 4', 'Stepped 4 6', 'Duplicate', 'Stepped 6 8', 'Duplicate', 'Stepped 8 10', 'Duplicate'])
})

it('moves the lease of a group of which one alert flaps', async () => {
  const here = await cluster()
  await here.createDeployment('web', 2)
  await product(here)
  await here.createHook('busy', { by: 2, max: 40 }, { for: '5s', dedupeWindow: '24h' })
  const url = await here.url('busy')
  const untils: unknown[] = []
  for (const posted of [
    body(first, [['A', 0], ['B', 0]]),
    body(some, [['A', 0], ['B', 0, 5]]),
    body(more, [['A', 0], ['B', 7]]),
    body(some, [['A', 0], ['B', 7, 9]]),
    body(some, [['A', 0], ['B', 7, 9]]),
  ]) {
    untils.push((await postUntilDone(url, posted)).body['reason'])
    await new Promise(resolve => setTimeout(resolve, 1800))
  }
  expect([...untils, await here.replicas('web')]).toEqual(['Stepped', 'PartlyResolved', 'Stepped', 'PartlyResolved', 'Duplicate', 6])
}, 30_000)

it('runs one job for each alert, with copies', async () => {
  const here = await cluster()
  await product(here)
  await here.api.request({ method: 'POST', path: `/apis/batch/v1/namespaces/${here.namespace}/cronjobs`, lane: 'bulk', timeoutMs: 5000, body: JSON.stringify({ apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'report' }, spec: { schedule: '0 0 * * *', suspend: true, jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a' }] } } } } } }) } as never)
  await here.createHook('again', {}, { driver: 'runJob', scale: undefined, runJob: { cronJob: 'report', concurrency: 'allow' } as never })
  const url = await here.url('again')
  const answers: string[] = []
  for (const alert of [['A', 0], ['A', 0], ['A', 0, 5], ['A', 7], ['A', 7], ['A', 7]] as Alert[])
    answers.push(said(await postUntilDone(url, body(undefined, [alert]))))
  const jobs = await here.api.request({ method: 'GET', path: `/apis/batch/v1/namespaces/${here.namespace}/jobs`, lane: 'bulk', timeoutMs: 5000 } as never)
  expect([answers, (JSON.parse((jobs as { body: string }).body) as { items: unknown[] }).items.length]).toEqual([
    [expect.any(String), 'Duplicate', 'Resolved', expect.any(String), 'Duplicate', 'Duplicate'],
    2,
  ])
})
