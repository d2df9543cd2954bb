import { expect, it } from 'vitest'
import { objectPath } from '../../src/kube/paths.ts'
import { send } from '../../src/kube/requests.ts'
import { notification } from '../support/alertmanager.ts'
import { cluster, deployments, post, product } from '../support/product.ts'

const setUp = async (replicas = 2, scale: object = {}) => {
  const here = await cluster()
  await here.createDeployment('web', replicas)
  const running = await product(here)
  await here.createHook('web-up', { by: 2, ...scale }, { onResolved: 'undo', dedupeWindow: '0s' })
  const scaleTo = (count: number) =>
    send(here.api, {
      method: 'PATCH',
      path: objectPath(deployments, here.namespace, 'web', 'scale'),
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({ spec: { replicas: count } }),
    })
  return { ...here, ...running, scaleTo, webUp: await here.url('web-up') }
}

/** Returns a notification of the group of one alert, whose event happened at this minute. */
const of = (alertname: string, status: 'firing' | 'resolved', minute: number, reason?: string) => {
  const why = reason ?? (status === 'firing' ? 'first notification' : 'all alerts resolved')
  const message = notification(status, why)
  const at = (after: number): string => new Date(Date.UTC(2026, 0, 1, 10, minute + after)).toISOString()
  const times = { startsAt: at(0), ...(status === 'resolved' && { endsAt: at(2) }) }
  const labels = { alertname }
  return {
    ...message,
    groupLabels: labels,
    alerts: message.alerts.map(alert => ({ ...alert, labels, ...times, fingerprint: alertname })),
  }
}

it('the end of an alert takes back what its firings have changed, once', async () => {
  const { replicas, webUp } = await setUp()
  await post(webUp, of('HighLoad', 'firing', 1))
  await post(webUp, of('HighLoad', 'firing', 1, 'repeat interval elapsed'))
  expect(await replicas('web')).toBe(6)
  const resolved = of('HighLoad', 'resolved', 1)
  expect(await post(webUp, resolved)).toMatchObject({
    status: 200,
    body: { outcome: 'applied', reason: 'Undone', from: 6, to: 2 },
  })
  expect(await post(webUp, resolved)).toMatchObject({ body: { reason: 'Duplicate' } })
  expect(await post(webUp, of('HighLoad', 'resolved', 2))).toMatchObject({ body: { reason: 'NothingToUndo' } })
  expect(await replicas('web')).toBe(2)
})

it('only what was really changed is taken back: less at the bound', async () => {
  const { replicas, webUp } = await setUp(9, { max: 10 })
  expect(await post(webUp, of('HighLoad', 'firing', 1))).toMatchObject({ body: { from: 9, to: 10 } })
  expect(await post(webUp, of('HighLoad', 'resolved', 1))).toMatchObject({ body: { from: 10, to: 9 } })
  expect(await replicas('web')).toBe(9)
})

it('the end stops at the other bound, and leaves nothing to take back later', async () => {
  const { createHook, url, webUp } = await setUp(4)
  await post(webUp, of('HighLoad', 'firing', 1))
  await createHook('web-down', { action: 'down', by: 4 })
  await createHook('web-more', { by: 5 })
  expect(await post(await url('web-down'))).toMatchObject({ body: { from: 6, to: 2 } })
  expect(await post(webUp, of('HighLoad', 'resolved', 1))).toMatchObject({ body: { from: 2, to: 1 } })
  expect(await post(await url('web-more'))).toMatchObject({ body: { from: 1, to: 6 } })
  expect(await post(webUp, of('HighLoad', 'resolved', 2))).toMatchObject({ body: { reason: 'NothingToUndo' } })
})

it('a count that somebody else has set stands, and the alert is over', async () => {
  const { replicas, scaleTo, webUp } = await setUp()
  await post(webUp, of('HighLoad', 'firing', 1))
  await scaleTo(7)
  expect(await post(`${webUp}?dryRun=true`, of('HighLoad', 'resolved', 1))).toMatchObject({
    body: { dryRun: true, reason: 'SetByOthers' },
  })
  const resolved = of('HighLoad', 'resolved', 1)
  expect(await post(webUp, resolved)).toMatchObject({
    status: 200,
    body: { outcome: 'skipped', reason: 'SetByOthers' },
  })
  expect(await post(webUp, resolved)).toMatchObject({ body: { reason: 'Duplicate' } })
  expect(await post(webUp, of('HighLoad', 'resolved', 2))).toMatchObject({ body: { reason: 'NothingToUndo' } })
  expect(await replicas('web')).toBe(7)
})

it('each group of alerts takes back its own', async () => {
  const { replicas, webUp } = await setUp()
  await post(webUp, of('HighLoad', 'firing', 1))
  await post(webUp, of('LongQueue', 'firing', 1))
  expect(await post(webUp, of('HighLoad', 'resolved', 1))).toMatchObject({ body: { from: 6, to: 4 } })
  await post(webUp, of('HighLoad', 'firing', 5))
  expect(await post(webUp, of('LongQueue', 'resolved', 1))).toMatchObject({ body: { from: 6, to: 4 } })
  expect(await post(webUp, of('HighLoad', 'resolved', 5))).toMatchObject({ body: { from: 4, to: 2 } })
  expect(await replicas('web')).toBe(2)
})

it('what was changed is remembered over a restart', async () => {
  const here = await setUp()
  await post(here.webUp, of('HighLoad', 'firing', 1))
  await here.stop()
  const next = await product(here)
  const url = here.webUp.replace(/:\d+/, `:${next.triggerPort}`)
  expect(await post(url, of('HighLoad', 'resolved', 1))).toMatchObject({ body: { from: 4, to: 2 } })
})

it('a target that was replaced has nothing to take back', async () => {
  const { api, createDeployment, namespace, replicas, webUp } = await setUp()
  await post(webUp, of('HighLoad', 'firing', 1))
  await send(api, { method: 'DELETE', path: objectPath(deployments, namespace, 'web') }).catch(() => undefined)
  await createDeployment('web', 7)
  expect(await post(webUp, of('HighLoad', 'resolved', 1))).toMatchObject({
    status: 200,
    body: { outcome: 'skipped', reason: 'NothingToUndo' },
  })
  expect(await replicas('web')).toBe(7)
})

it('a hook that is aimed at another object takes back from each what it has changed there', async () => {
  const { createDeployment, patchHook, replicas, until, webUp } = await setUp()
  await createDeployment('api', 5)
  const aim = async (name: string): Promise<void> => {
    await patchHook('web-up', { spec: { scale: { target: { name } } } })
    await until(
      () => post(`${webUp}?dryRun=true`),
      ({ body }) => String(body['message']).includes(`Deployment/${name} `),
    )
  }
  await post(webUp, of('HighLoad', 'firing', 1))
  await aim('api')
  expect(await post(webUp, of('HighLoad', 'firing', 2))).toMatchObject({ body: { from: 5, to: 7 } })
  expect(await post(webUp, of('HighLoad', 'resolved', 2))).toMatchObject({ body: { from: 7, to: 5 } })
  expect(await replicas('web')).toBe(4)
  await aim('web')
  expect(await post(webUp, of('HighLoad', 'resolved', 3))).toMatchObject({ body: { from: 4, to: 2 } })
})

it('an end that comes at once with the last firings leaves nothing of them', async () => {
  const { replicas, webUp } = await setUp()
  const answers = await Promise.all([
    post(webUp, of('HighLoad', 'firing', 1, 'repeat interval elapsed')),
    post(webUp, of('HighLoad', 'firing', 1, 'repeat interval elapsed')),
    new Promise(resolve => setTimeout(resolve, 1)).then(() => post(webUp, of('HighLoad', 'resolved', 1))),
  ])
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
  // The end takes back what it finds. A later firing of that alert is `Resolved`.
  expect(await replicas('web')).toBe(2)
})

it('a dry run says what would be taken back, and changes nothing', async () => {
  const { replicas, webUp } = await setUp()
  await post(webUp, of('HighLoad', 'firing', 1))
  expect(await post(`${webUp}?dryRun=true`, of('HighLoad', 'resolved', 1))).toMatchObject({
    body: { dryRun: true, reason: 'Undone', from: 4, to: 2 },
  })
  expect(await replicas('web')).toBe(4)
  expect(await post(webUp, of('HighLoad', 'resolved', 1))).toMatchObject({ body: { from: 4, to: 2 } })
})

it('a repeat that arrives after the end changes nothing that would stay', async () => {
  const { replicas, webUp } = await setUp()
  await post(webUp, of('HighLoad', 'firing', 1))
  await post(webUp, of('HighLoad', 'resolved', 1))
  const repeat = of('HighLoad', 'firing', 1, 'repeat interval elapsed')
  expect(await post(webUp, repeat)).toMatchObject({ body: { outcome: 'skipped', reason: 'Resolved' } })
  expect(await post(webUp, of('HighLoad', 'resolved', 1))).toMatchObject({ body: { reason: 'Duplicate' } })
  expect(await replicas('web')).toBe(2)
})
