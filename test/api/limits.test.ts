import { expect, it } from 'vitest'
import { at } from '../../src/api/json.ts'
import { notification } from '../support/alertmanager.ts'
import { cluster, post, postUntilClear, product, until } from '../support/product.ts'
import { triggerProcess } from '../support/trigger-process.ts'

it('of 200 posts at once to three trigger processes, a limit of 6 lets exactly 6 through, and people see that', async () => {
  const here = await cluster()
  await here.createDeployment('web', 2)
  await product(here, { trigger: false, publicURL: 'http://replaced.example.com' })
  await here.createHook('web-up', { max: 500 }, { limits: [{ most: 6, within: '1h' }] })
  const path = new URL(await here.url('web-up')).pathname
  const triggers = await Promise.all([1, 2, 3].map(() => triggerProcess(here)))
  const urls = triggers.map(({ port }) => `http://127.0.0.1:${port}${path}`)
  // Each has to be ready before the burst, or it would answer 503.
  for (const url of urls) {
    await until(
      () => post(`${url}?dryRun=true`),
      ({ status }) => status === 200,
    )
  }
  const tried = await Promise.all(Array.from({ length: 200 }, (_, i) => postUntilClear(urls[i % 3] ?? '')))
  const answers = tried.filter(answer => answer !== undefined)
  const reasons = answers.map(({ body, status }) => `${status} ${String(body['outcome'])} ${String(body['reason'])}`)
  const applied = reasons.filter(reason => reason === '200 applied Stepped').length
  const refused = reasons.filter(reason => reason === '200 skipped LimitReached').length
  // On a busy machine many wait too long for their hook's record, and count nothing.
  expect(refused).toBeGreaterThan(0)
  expect(applied + refused).toBe(answers.length)
  expect(applied).toBeLessThanOrEqual(6)
  expect(refused).toBeLessThanOrEqual(194)
  expect(await here.replicas('web')).toBe(8)

  const beyond = answers.find(({ body }) => body['reason'] === 'LimitReached')?.body
  const opensAt = String(beyond?.['opensAt'])
  expect(beyond?.['message']).toBe(
    `the limit is 6 deliveries within 1h, and 6 have counted: posts count again at ${opensAt}`,
  )
  const seen = await until(
    () => here.hook('web-up'),
    hook => JSON.stringify(at(hook, 'status', 'limits') ?? '').includes('"used":6'),
  )
  expect(at(seen, 'status', 'limits')).toEqual([{ most: 6, within: '1h', used: 6, until: opensAt }])
  expect(at(seen, 'status', 'conditions')).toMatchObject([{ type: 'Ready', status: 'True' }])
  const events = await until(
    () =>
      here.api.request({
        method: 'GET',
        path: `/apis/events.k8s.io/v1/namespaces/${here.namespace}/events`,
        lane: 'bulk',
        timeoutMs: 5000,
      }),
    ({ body }) => body.includes('LimitReached'),
  )
  expect(events.body).toContain('the limit is 6 deliveries within 1h')
  await Promise.all(triggers.map(trigger => trigger.stop()))
})

it('what an alert changed is taken back beyond a limit, and a copy of a post beyond it never runs', async () => {
  const here = await cluster()
  await here.createDeployment('web', 2)
  await product(here)
  await here.createHook('web-up', {}, { onResolved: 'undo', limits: [{ by: 1, within: '1h' }] })
  const url = await here.url('web-up')
  const named = () => post(url, undefined, { headers: { 'idempotency-key': 'one' } })
  expect((await post(url, notification('firing', 'first notification'))).body).toMatchObject({ reason: 'Stepped' })
  expect((await named()).body).toMatchObject({ reason: 'LimitReached', outcome: 'skipped' })
  expect((await post(`${url}?dryRun=true`)).body).toMatchObject({ reason: 'LimitReached', dryRun: true })
  expect((await post(url, notification('resolved', 'all alerts resolved'))).body).toMatchObject({ reason: 'Undone' })
  expect((await post(url)).body).toMatchObject({ reason: 'LimitReached' })
  await here.patchHook('web-up', { spec: { limits: null } })
  await until(
    () => post(`${url}?dryRun=true`),
    ({ body }) => body['reason'] === 'Stepped',
  )
  expect((await named()).body).toMatchObject({ reason: 'Duplicate' })
  expect(await here.replicas('web')).toBe(2)
})

it('a hook that changes no count may have no limit of its change', async () => {
  const here = await cluster()
  const spec = {
    driver: 'restart',
    scale: null,
    restart: { target: { name: 'web' } },
    limits: [{ by: 1, within: '1h' }],
  }
  await expect(here.createHook('web-wrong', {}, spec)).rejects.toThrow(/must have no by with this driver/)
})
