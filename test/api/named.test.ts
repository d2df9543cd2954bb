import { describe, expect, it } from 'vitest'
import { at, stringAt } from '../../src/api/json.ts'
import { read } from '../../src/kube/requests.ts'
import { records } from '../../src/kube/resources.ts'
import { notification } from '../support/alertmanager.ts'
import { cluster, post, postUntilDone, product, until } from '../support/product.ts'

const setUp = async (replicas = 2, spec: object = {}) => {
  const here = await cluster()
  await here.createDeployment('web', replicas)
  const running = await product(here)
  await here.createHook('web-up', {}, spec)
  return { ...here, ...running, webUp: await here.url('web-up') }
}

const named = (key: string): RequestInit => ({ headers: { 'idempotency-key': key } })

describe('a delivery that names itself by Idempotency-Key', () => {
  it('is applied once, however often it is sent', async () => {
    const { replicas, webUp } = await setUp()
    expect(await post(webUp, undefined, named('deploy-17'))).toMatchObject({
      status: 200,
      body: { outcome: 'applied', from: 2, to: 3 },
    })
    const again = await post(webUp, undefined, named('deploy-17'))
    expect(again).toMatchObject({ status: 200, body: { outcome: 'skipped', reason: 'Duplicate' } })
    expect(again.body['message']).toContain('the count went from 2 to 3')
    expect(await post(webUp, undefined, named('deploy-18'))).toMatchObject({ body: { from: 3, to: 4 } })
    expect(await replicas('web')).toBe(4)
  })

  it('is applied once when many copies come at once to two processes, among posts that have no name', async () => {
    const here = await setUp(0)
    const second = await product(here, { controller: false })
    await here.patchHook('web-up', { spec: { scale: { max: 500 } } })
    await here.url('web-up')
    const urls = [here.webUp, here.webUp.replace(/:\d+/, `:${second.triggerPort}`)]
    const answers = await Promise.all(
      Array.from({ length: 120 }, (_, i) =>
        postUntilDone(urls[i % 2] ?? '', undefined, i % 3 === 0 ? {} : named(`job-${i % 10}`)),
      ),
    )
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    // 40 without a name, and 10 names.
    expect(await here.replicas('web')).toBe(50)
  })

  it('is remembered by every process and after a restart', async () => {
    const here = await setUp()
    await post(here.webUp, undefined, named('once'))
    await here.stop()
    const next = await product(here)
    const url = here.webUp.replace(/:\d+/, `:${next.triggerPort}`)
    expect(await post(url, undefined, named('once'))).toMatchObject({ body: { reason: 'Duplicate' } })
    expect(await here.replicas('web')).toBe(3)
  })

  it('that was skipped stays skipped when it is sent again, though the hook runs by then', async () => {
    const { patchHook, replicas, url, webUp } = await setUp(2, { suspend: true })
    expect(await post(webUp, undefined, named('early'))).toMatchObject({ body: { reason: 'Suspended' } })
    await patchHook('web-up', { spec: { suspend: false } })
    await url('web-up')
    await until(
      () => post(webUp, undefined, named('late')),
      answer => answer.body['outcome'] === 'applied',
    )
    expect(await post(webUp, undefined, named('early'))).toMatchObject({ body: { reason: 'Duplicate' } })
    expect(await replicas('web')).toBe(3)
  })

  it('that failed is tried again when it is sent again', async () => {
    const here = await cluster()
    const running = await product(here)
    await here.createHook('web-up', {})
    const url = await here.url('web-up')
    expect(await post(url, undefined, named('retry'))).toMatchObject({ status: 422 })
    await here.createDeployment('web', 1)
    expect(await post(url, undefined, named('retry'))).toMatchObject({ status: 200, body: { outcome: 'applied' } })
    expect(running.ready()).toBe(true)
  })

  it('leaves a record that belongs to its hook and does not contain the name', async () => {
    const { api, hook, namespace, webUp } = await setUp()
    await post(webUp, undefined, named('order 4711 of a customer'))
    const record = await read(api, records, namespace, 'web-up')
    expect(record?.metadata.ownerReferences).toEqual([
      expect.objectContaining({ kind: 'ReceiverHook', name: 'web-up', uid: (await hook('web-up'))?.metadata.uid }),
    ])
    expect(stringAt(record, 'content')).not.toContain('4711')
  })
})

describe('an Alertmanager notification', () => {
  it('is executed once with its copies, and again as a repeat after the window', async () => {
    const { patchHook, replicas, webUp } = await setUp(2, { dedupeWindow: '1h' })
    const first = notification('firing', 'first notification')
    expect(await post(webUp, first)).toMatchObject({ body: { outcome: 'applied' } })
    const copy = { ...first, externalURL: 'http://the-other-one:9093' }
    expect(await post(webUp, copy)).toMatchObject({ body: { reason: 'Duplicate' } })
    const repeat = notification('firing', 'repeat interval elapsed')
    expect(await post(webUp, repeat)).toMatchObject({ body: { reason: 'Duplicate' } })
    await patchHook('web-up', { spec: { dedupeWindow: '1s' } })
    await until(
      () => post(webUp, repeat),
      answer => answer.body['outcome'] === 'applied',
    )
    // The first event stays the first one, however late its copy arrives.
    expect(await post(webUp, copy)).toMatchObject({ body: { reason: 'Duplicate' } })
    expect(await replicas('web')).toBe(4)
  })
})

describe('a hook with a cooldown', () => {
  it('runs once in it, over all processes, and says so', async () => {
    const here = await setUp(0, { cooldown: '1h' })
    const second = await product(here, { controller: false })
    const urls = [here.webUp, here.webUp.replace(/:\d+/, `:${second.triggerPort}`)]
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => postUntilDone(urls[i % 2] ?? '')))
    expect(answers.filter(({ body }) => body['outcome'] === 'applied')).toHaveLength(1)
    expect(answers.filter(({ body }) => body['reason'] === 'CoolingDown')).toHaveLength(19)
    expect(await here.replicas('web')).toBe(1)
    await here.patchHook('web-up', { spec: { cooldown: '1s' } })
    await until(
      () => post(here.webUp),
      answer => answer.body['outcome'] === 'applied',
    )
    expect(await here.replicas('web')).toBe(2)
  })
})

describe("a hook's status", () => {
  it('shows its deliveries within seconds', async () => {
    const { hook, webUp } = await setUp(9)
    await post(webUp)
    await post(webUp)
    await post(webUp, notification('resolved', 'all alerts resolved'))
    const seen = await until(
      () => hook('web-up'),
      object => at(object, 'status', 'counts', 'skipped') === 1,
    )
    expect(at(seen, 'status')).toMatchObject({
      lastDelivery: { sender: 'alertmanager', outcome: 'skipped', reason: 'Resolved', result: 'skipped Resolved' },
      recent: [
        { reason: 'Resolved' },
        { sender: 'plain', outcome: 'unchanged', reason: 'AtBound', from: 10, to: 10 },
        { outcome: 'applied', reason: 'Stepped', from: 9, to: 10 },
      ],
      counts: { applied: 1, unchanged: 1, skipped: 1, rejected: 0, failed: 0 },
    })
    expect(at(seen, 'status', 'lastDelivery', 'from')).toBeUndefined()
  })

  it('is accompanied by an Event when the outcome changes', async () => {
    const { api, namespace, webUp } = await setUp()
    await post(webUp)
    const path = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`
    const seen = await until(
      () => api.request({ method: 'GET', path, lane: 'bulk', timeoutMs: 5000 }),
      ({ body }) => body.includes('Stepped'),
    )
    expect(JSON.parse(seen.body)).toMatchObject({
      items: [
        {
          type: 'Normal',
          reason: 'Stepped',
          action: 'Deliver',
          note: 'Deployment/web went from 2 to 3 (sent by plain)',
          regarding: { kind: 'ReceiverHook', name: 'web-up' },
          related: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', namespace },
        },
      ],
    })
  })
})
