import { expect, it } from 'vitest'
import { at } from '../../src/api/json.ts'
import { notification } from '../support/alertmanager.ts'
import { cluster, post, postUntilDone, product, until } from '../support/product.ts'

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

const rows: readonly (readonly [when: string, body: unknown, reason: string, event?: string])[] = [
  ["body.alerts.exists(a, a.labels.severity == 'page')", severity('page'), 'Stepped'],
  ["body.alerts.exists(a, a.labels.severity == 'page')", severity('warning'), 'Filtered'],
  ["sender == 'alertmanager'", severity('page'), 'Stepped'],
  ["sender == 'alertmanager'", { any: 'thing' }, 'Filtered'],
  ["query.env == 'prod' && headers['x-kind'] == 'push'", {}, 'Stepped'],
  ["body.ref == 'refs/heads/main'", {}, 'ExpressionFailed'],
  ["body.ref == 'refs/heads/main'", undefined, 'ExpressionFailed'],
  ["body.ref == 'refs/heads/main'", { zen: 'Keep it logically awesome.', hook_id: 1 }, 'NoNews', 'ping'],
]

// One product judges them all: each would start processes of its own for expressions.
it('a delivery counts where `when` is true', async () => {
  const here = await cluster()
  await product(here)
  for (const [index, [when, body, reason, event]] of rows.entries()) {
    const name = `web-${index}`
    await here.createDeployment(name, 2)
    await here.createHook(name, { target: { name } }, { when })
    const url = await here.url(name)
    const answer = await postUntilDone(`${url}?env=prod`, undefined, {
      headers: { 'x-kind': 'push', ...(event !== undefined && { 'x-github-event': event }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    // Alertmanager counts what is not 2xx: an expression that fails must not go unnoticed.
    expect({ when, status: answer.status, reason: answer.body['reason'], replicas: await here.replicas(name) }).toEqual(
      {
        when,
        status: reason === 'ExpressionFailed' ? 422 : 200,
        reason,
        replicas: reason === 'Stepped' ? 3 : 2,
      },
    )
  }
})

it('an expression that does not compile is reported with its position, and fails every delivery until it is corrected', async () => {
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
  const hanging = postUntilDone(webUp, { x: many })
  const answers = await Promise.all(Array.from({ length: 5 }, () => postUntilDone(other, { y: 'go' })))
  expect(answers.map(({ body }) => body['outcome'])).toEqual(Array.from({ length: 5 }, () => 'applied'))
  expect((await hanging).body['reason']).toBe('ExpressionTooSlow')
  expect(await replicas('web')).toBe(7)
})

it('a named delivery that was filtered stays so, and one that nobody judged does not', async () => {
  const { patchHook, url, webUp } = await setUp("body.kind == 'good'")
  const named = { headers: { 'idempotency-key': 'k1' } }
  expect(await postUntilDone(webUp, undefined, { ...named, body: '{"kind":"bad"}' })).toMatchObject({
    body: { reason: 'Filtered' },
  })
  await patchHook('web-up', { spec: { when: 'true' } })
  await url('web-up')
  await until(
    () => post(webUp),
    ({ body }) => body['reason'] === 'Stepped',
  )
  expect(await postUntilDone(webUp, undefined, named)).toMatchObject({ body: { reason: 'Duplicate' } })
})
