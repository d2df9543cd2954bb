import { expect, it } from 'vitest'
import { at } from '../../src/api/json.ts'
import { notification } from '../support/alertmanager.ts'
import { cluster, post, product, until } from '../support/product.ts'

const setUp = async (when: string, spec: object = {}) => {
  const here = await cluster()
  await here.createDeployment('web', 2)
  const running = await product(here)
  await here.createHook('web-up', {}, { when, ...spec })
  return { ...here, ...running, webUp: await here.url('web-up') }
}

const severity = (value: string) => {
  const message = notification('firing', 'first notification')
  return {
    ...message,
    alerts: message.alerts.map(alert => ({ ...alert, labels: { ...alert.labels, severity: value } })),
  }
}

it.each<[when: string, body: unknown, reason: string]>([
  ["body.alerts.exists(a, a.labels.severity == 'page')", severity('page'), 'Stepped'],
  ["body.alerts.exists(a, a.labels.severity == 'page')", severity('warning'), 'Filtered'],
  ["sender == 'alertmanager'", severity('page'), 'Stepped'],
  ["sender == 'alertmanager'", { any: 'thing' }, 'Filtered'],
  ["query.env == 'prod' && headers['x-kind'] == 'push'", {}, 'Stepped'],
  ["body.ref == 'refs/heads/main'", {}, 'ExpressionFailed'],
  ["body.ref == 'refs/heads/main'", undefined, 'ExpressionFailed'],
])('a delivery counts where `when` is true: %s', async (when, body, reason) => {
  const { replicas, webUp } = await setUp(when)
  const send = () =>
    fetch(`${webUp}?env=prod`, {
      method: 'POST',
      headers: { 'x-kind': 'push' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  // Every sender posts again after a 503: an expression may be too slow on a busy machine, and then nothing is done.
  const answer = await until(send, ({ status }) => status !== 503)
  // Alertmanager counts what is not 2xx: an expression that fails must not go unnoticed.
  expect(answer.status).toBe(reason === 'ExpressionFailed' ? 422 : 200)
  expect(await answer.json()).toMatchObject({ reason })
  expect(await replicas('web')).toBe(reason === 'Stepped' ? 3 : 2)
})

it('an expression that does not compile is told with its position, and fails every delivery until it is corrected', async () => {
  const { hook, patchHook, webUp } = await setUp("boddy.ref == 'x'")
  const seen = await until(
    () => hook('web-up'),
    object => JSON.stringify(at(object, 'status', 'conditions')).includes('InvalidExpression'),
  )
  expect(JSON.stringify(at(seen, 'status', 'conditions'))).toContain('body')
  expect(
    await until(
      () => post(webUp),
      ({ status }) => status === 422,
    ),
  ).toMatchObject({
    body: { outcome: 'failed', reason: 'InvalidExpression' },
  })
  await patchHook('web-up', { spec: { when: 'true' } })
  await until(
    () => post(webUp),
    ({ status }) => status === 200,
  )
})

it('an expression that would run for ever only makes its own hook skip', async () => {
  const many = Array.from({ length: 3000 }, (_, i) => i)
  const { createHook, replicas, url, webUp } = await setUp('body.x.all(a, body.x.all(b, a + b >= 0.0))')
  await createHook('other', {}, { when: "body.y == 'go'" })
  const other = await url('other')
  const hanging = post(webUp, { x: many })
  // On a busy machine the time of a post can be over before its turn comes: it is told 503, and sent again.
  const sent = () =>
    until(
      async () => await post(other, { y: 'go' }),
      ({ status }) => status !== 503,
    )
  const answers = await Promise.all(Array.from({ length: 5 }, sent))
  expect(answers.map(({ body }) => body['outcome'])).toEqual(Array.from({ length: 5 }, () => 'applied'))
  expect((await hanging).body['reason']).toBe('ExpressionTooSlow')
  expect(await replicas('web')).toBe(7)
})

it('a named delivery that was filtered stays so, and one that nobody judged does not', async () => {
  const { patchHook, url, webUp } = await setUp("body.kind == 'good'")
  const named = { headers: { 'idempotency-key': 'k1' } }
  expect(await post(webUp, { kind: 'bad' }, { ...named, body: '{"kind":"bad"}' })).toMatchObject({
    body: { reason: 'Filtered' },
  })
  await patchHook('web-up', { spec: { when: 'true' } })
  await url('web-up')
  await until(
    () => post(webUp),
    ({ body }) => body['reason'] === 'Stepped',
  )
  expect(await post(webUp, undefined, named)).toMatchObject({ body: { reason: 'Duplicate' } })
})
