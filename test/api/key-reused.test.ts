import { describe, expect, it } from 'vitest'
import { create } from '../../src/kube/requests.ts'
import { cluster, deployments, post, product, untilDone, type Posted } from '../support/product.ts'

/** Sets up a post with a key. An idempotency key belongs to one body. Another body under the same key is a mistake of the sender, and the answer says so. */

const setUp = async (spec: object = {}) => {
  const here = await cluster()
  await here.createDeployment('web', 2)
  await product(here)
  await here.createHook('web-up', { max: 50 }, spec)
  const url = await here.url('web-up')
  const send = (key: string, body?: string, headers: Record<string, string> = {}): Promise<Posted> =>
    post(url, undefined, { headers: { 'Idempotency-Key': key, ...headers }, ...(body === undefined ? {} : { body }) })
  return { ...here, send, url }
}

const applied = { status: 200, body: { outcome: 'applied' } }
const duplicate = { status: 200, body: { outcome: 'skipped', reason: 'Duplicate' } }
const reused = { status: 422, body: { outcome: 'failed', reason: 'KeyReused' } }

describe('an idempotency key that comes again', () => {
  it('with another body is 422, says what the first came to, and changes nothing', async () => {
    const { replicas, send } = await setUp()
    expect(await send('release-1', '{"n": 1}')).toMatchObject(applied)
    const again = await send('release-1', '{"n": 2}')
    expect(again).toMatchObject(reused)
    expect(again.body['message']).toMatch(/another body.*the count went from 2 to 3/)
    expect(await send('release-1', '{"n": 1}')).toMatchObject(duplicate)
    expect(await send('release-2', '{"n": 2}')).toMatchObject(applied)
    expect(await replicas('web')).toBe(4)
  })

  it('with another body is refused however long the key is, and it can be asked about', async () => {
    const { replicas, send, url } = await setUp()
    const key = 'release-1'.repeat(300)
    expect(await send(key, '{"n": 1}')).toMatchObject(applied)
    expect(await send(key, '{"n": 2}')).toMatchObject(reused)
    expect(await send(key, '{"n": 1}')).toMatchObject(duplicate)
    const asked = await post(`${url}?wait=0s`, undefined, { headers: { 'Idempotency-Key': key } })
    expect(asked.body['message']).toContain('Send the same request again')
    expect(await replicas('web')).toBe(3)
  })

  it('without a body asks what became of it, whichever came first', async () => {
    const { replicas, send } = await setUp()
    expect(await send('with', '{"n": 1}')).toMatchObject(applied)
    expect(await send('with')).toMatchObject(duplicate)
    expect(await send('without')).toMatchObject(applied)
    expect(await send('without', '{"n": 1}')).toMatchObject(duplicate)
    expect(await replicas('web')).toBe(4)
  })

  it('with the same body behind a byte order mark is the same delivery', async () => {
    const { send } = await setUp()
    expect(await send('one', '{"n": 1}')).toMatchObject(applied)
    expect(await send('one', '\u{feff}{"n": 1}')).toMatchObject(duplicate)
  })

  it('with several bodies at once runs one of them, and the others are refused', async () => {
    const { replicas, send } = await setUp()
    const answers = await Promise.all([1, 2, 3, 4, 5].map(n => untilDone(() => send('one', `{"n": ${n}}`))))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ body }) => body['reason'] === 'KeyReused')).toHaveLength(4)
    expect(await replicas('web')).toBe(3)
  })

  it('of a delivery that was skipped at a gate is refused too', async () => {
    const { patchHook, replicas, send, until } = await setUp({ suspend: true })
    expect(await send('one', '{"n": 1}')).toMatchObject({ body: { reason: 'Suspended' } })
    expect(await send('one', '{"n": 2}')).toMatchObject(reused)
    await patchHook('web-up', { spec: { suspend: false } })
    let tries = 0
    await until(
      () => send(`other-${tries++}`, '{"n": 1}'),
      ({ body }) => body['outcome'] === 'applied',
    )
    expect(await send('one', '{"n": 2}')).toMatchObject(reused)
    expect(await replicas('web')).toBe(3)
  })

  it('does not matter where the body names itself: a later state of one alert is no conflict', async () => {
    const { send } = await setUp()
    const alert = (status: string) =>
      JSON.stringify({ receiver: 'x', status: 'firing', version: '4', groupKey: '{}', alerts: [], note: status })
    expect(await send('', alert('a'))).toMatchObject(applied)
    expect(await send('', alert('b'))).toMatchObject(duplicate)
  })
})

it('an image that comes under the key of another is not rolled out', async () => {
  const here = await cluster()
  const labels = { app: 'pushed' }
  const containers = [{ name: 'web', image: 'ghcr.io/acme/web:1' }]
  await create(here.api, deployments, here.namespace, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'pushed' },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
  })
  await product(here)
  await here.createHook(
    'push',
    {},
    {
      driver: 'redeploy',
      scale: undefined,
      redeploy: { target: { name: 'pushed' }, tags: { glob: '*' } },
    },
  )
  const url = await here.url('push')
  const push = (tag: string) =>
    post(url, undefined, {
      headers: { 'Idempotency-Key': 'release', 'content-type': 'application/json' },
      body: JSON.stringify({ image: `ghcr.io/acme/web:${tag}` }),
    })
  expect(await push('2')).toMatchObject(applied)
  const again = await push('3')
  expect(again).toMatchObject(reused)
  expect(again.body['message']).toContain('rolled out Deployment/pushed')
  expect(await push('2')).toMatchObject(duplicate)
})
