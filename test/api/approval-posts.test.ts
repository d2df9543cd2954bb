import { describe, expect, it } from 'vitest'
import { at, stringAt } from '../../src/api/json.ts'
import { apiVersion, requestKind } from '../../src/api/names.ts'
import { collectionPath } from '../../src/kube/paths.ts'
import { create, read, send } from '../../src/kube/requests.ts'
import { hooks, requests } from '../../src/kube/resources.ts'
import { approving } from '../support/approving.ts'
import { post, product, type Posted } from '../support/product.ts'

const keyed = (key: string): RequestInit => ({ headers: { 'idempotency-key': key } })

/** Returns the name of the request as which a post waits. */
const requestOf = ({ body, status }: Posted): string => {
  expect([status, at(body, 'outcome'), at(body, 'reason')]).toEqual([202, 'awaiting', 'AwaitingApproval'])
  return stringAt(body, 'request') ?? ''
}

const alert = (state: 'firing' | 'resolved', startsAt = '2026-01-01T00:00:00Z') => ({
  version: '4',
  groupKey: 'g',
  status: state,
  receiver: 'r',
  groupLabels: {},
  commonLabels: {},
  commonAnnotations: {},
  externalURL: '',
  alerts: [
    {
      status: state,
      labels: { alertname: 'busy' },
      annotations: {},
      startsAt,
      endsAt: state === 'resolved' ? '2026-01-01T00:10:00Z' : '0001-01-01T00:00:00Z',
      fingerprint: 'f',
    },
  ],
})

describe('a post to a hook with approval', () => {
  it('waits as a request, and runs once that is approved', async () => {
    const { decide, hook, namespace, replicas, status, until, url } = await approving()
    const waiting = await post(await url('web-up'))
    const name = requestOf(waiting)
    expect(waiting.body).toMatchObject({
      message: `Deployment/web would go from 2 to 3. It waits until someone approves it: kubectl receiverhook approve ${name} -n ${namespace}`,
      from: 2,
      to: 3,
    })
    expect(await status(name, 'Awaiting')).toMatchObject({ effect: { text: 'Deployment/web would go from 2 to 3' } })
    expect(await replicas('web')).toBe(2)
    await decide(name, 'Approved')
    expect(await status(name, 'Done')).toMatchObject({ answer: { status: 200, outcome: 'applied', from: 2, to: 3 } })
    expect(await replicas('web')).toBe(3)
    const found = await until(
      () => hook('web-up'),
      object => at(object, 'status', 'lastDelivery') !== undefined,
    )
    expect(at(found, 'status', 'lastDelivery')).toMatchObject({ sender: 'plain', by: { decidedBy: 'bob' } })
  })

  it('is one request with its copies, at every trigger, and one step', async () => {
    const here = await approving()
    const { decide, replicas, status, url } = here
    const { triggerPort } = await product(here, { controller: false, requests: true })
    const [mine, theirs] = [await url('web-up'), (await url('web-up')).replace(/:\d+\//, `:${triggerPort}/`)]
    const copies = await Promise.all([mine, theirs, mine, theirs].map(to => post(to, undefined, keyed('one'))))
    const [name = '', ...more] = new Set(copies.map(requestOf))
    expect(more).toEqual([])
    await decide(name, 'Approved')
    await status(name, 'Done')
    // A copy that finishes the step of another trigger answers with it.
    const copy = await post(mine, undefined, keyed('one'))
    expect([copy.status, ['Duplicate', 'Stepped'].includes(stringAt(copy.body, 'reason') ?? '')]).toEqual([200, true])
    expect(await replicas('web')).toBe(3)
    // The sender asks for the outcome, as ever.
    expect(await post(`${theirs}?wait=0s`, undefined, keyed('one'))).toMatchObject({ body: { from: 2, to: 3 } })
  })

  it('without a key is a request of its own', async () => {
    const { decide, replicas, status, url } = await approving()
    const [one, two] = [requestOf(await post(await url('web-up'))), requestOf(await post(await url('web-up')))]
    expect(one).not.toBe(two)
    // The times of objects are in whole seconds, so either is shown first.
    await Promise.all([one, two].map(async name => await decide(name, 'Approved').then(() => status(name, 'Done'))))
    expect(await replicas('web')).toBe(4)
  })

  it('is a copy once it was denied, and is asked about anew when its alert counts again', async () => {
    const { decide, replicas, status, until, url } = await approving({ dedupeWindow: '1s' })
    const to = await url('web-up')
    const name = requestOf(await post(to, alert('firing')))
    await decide(name, 'Denied')
    expect(await status(name, 'Done')).toMatchObject({ answer: { outcome: 'skipped', reason: 'Denied' } })
    const again = await until(
      () => post(to, alert('firing')),
      ({ body }) => at(body, 'reason') !== 'Duplicate',
    )
    expect(requestOf(again)).toBe(name)
    await status(name, 'Awaiting')
    expect(await replicas('web')).toBe(2)
  })

  it('is closed when its alert ends, and a later one waits again', async () => {
    const { decide, replicas, status, url } = await approving()
    const to = await url('web-up')
    const name = requestOf(await post(to, alert('firing')))
    await status(name, 'Awaiting')
    expect(await post(to, alert('resolved'))).toMatchObject({ status: 200, body: { reason: 'Resolved' } })
    expect(await status(name, 'Done')).toMatchObject({ answer: { outcome: 'skipped', reason: 'Resolved' } })
    const later = requestOf(await post(to, alert('firing', '2026-01-01T01:00:00Z')))
    expect(later).not.toBe(name)
    await decide(later, 'Approved')
    expect(await status(later, 'Done')).toMatchObject({ answer: { outcome: 'applied' } })
    expect(await replicas('web')).toBe(3)
  })

  it('takes back with `undo` what was approved, without an approval', async () => {
    const { decide, replicas, status, url } = await approving({ onResolved: 'undo' })
    const to = await url('web-up')
    const name = requestOf(await post(to, alert('firing')))
    await decide(name, 'Approved')
    await status(name, 'Done')
    expect(await replicas('web')).toBe(3)
    expect(await post(to, alert('resolved'))).toMatchObject({ body: { outcome: 'applied', reason: 'Undone' } })
    expect(await replicas('web')).toBe(2)
  })

  it('keeps who has sent it, and none of its secrets', async () => {
    const { api, createHook, decide, hook, namespace, status, until, url } = await approving()
    const data = { token: Buffer.from('hush').toString('base64') }
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'senders' }, data }
    await send(api, { method: 'POST', path: `/api/v1/namespaces/${namespace}/secrets`, body: JSON.stringify(secret) })
    const auth = { header: { name: 'X-Word', secretKeyRef: { name: 'senders', key: 'token' } } }
    await createHook('signed', { max: 100 }, { approval: { within: '15m' }, auth })
    const to = await url('signed')
    const sent = {
      headers: {
        'x-original-uri': new URL(to).pathname,
        'x-forwarded-access-token': 'hush',
        'x-word': 'hush',
        'x-kept': 'yes',
        authorization: 'Bearer hush',
        cookie: 'a=hush',
        'content-type': 'application/json',
      },
    }
    const name = requestOf(await post(to, undefined, { ...sent, body: '{"a":1}' }))
    const kept = await read(api, requests, namespace, name)
    expect(at(kept, 'spec', 'by')).toEqual({ secret: 'senders/token' })
    expect(at(kept, 'spec', 'post', 'headers')).toMatchObject({ 'x-kept': 'yes' })
    expect(JSON.stringify(kept)).not.toContain('hush')
    expect(JSON.stringify(kept)).not.toContain(to.slice(to.lastIndexOf('/') + 1))
    await decide(name, 'Approved')
    await status(name, 'Done')
    const found = await until(
      () => hook('signed'),
      object => at(object, 'status', 'lastDelivery') !== undefined,
    )
    expect(at(found, 'status', 'lastDelivery', 'by')).toEqual({ secret: 'senders/token', decidedBy: 'bob' })
  })

  it('fails if it is too large to be kept, and waits for a place among sixteen', async () => {
    const { ask, url } = await approving()
    const to = await url('web-up')
    expect(await post(to, { text: 'x'.repeat(16_384) })).toMatchObject({
      status: 422,
      body: { reason: 'TooLargeToApprove' },
    })
    for (let i = 0; i < 15; i++) await ask(`other-${i}`)
    const sixteenth = requestOf(await post(to, undefined, keyed('one')))
    expect(await post(to)).toMatchObject({ status: 503, body: { reason: 'TooManyAwait' } })
    expect(requestOf(await post(to, undefined, keyed('one')))).toBe(sixteenth)
  })

  it('is filtered by its own query when it runs', async () => {
    const { decide, replicas, status, url } = await approving({ when: "query.env == 'prod'" })
    const name = requestOf(await post(`${await url('web-up')}?env=prod`))
    await decide(name, 'Approved')
    expect(await status(name, 'Done')).toMatchObject({ answer: { outcome: 'applied' } })
    expect(await replicas('web')).toBe(3)
  })

  it('never runs without an approval, though its hook asks for none any more', async () => {
    const { api, namespace, createHook, replicas, status } = await approving()
    await createHook('free', { max: 100 }, {})
    const spec = { hook: 'free', by: {}, post: { headers: {}, body: '' } }
    await create(api, requests, namespace, { apiVersion, kind: requestKind, metadata: { name: 'a.post' }, spec })
    expect(await status('a.post', 'Done')).toMatchObject({ answer: { outcome: 'skipped', reason: 'EffectChanged' } })
    expect(await replicas('web')).toBe(2)
  })

  it('keeps nothing on a dry run, or if it would change nothing', async () => {
    const { api, namespace, patch, url } = await approving()
    const to = await url('web-up')
    expect(await post(`${to}?dryRun=true`)).toMatchObject({ status: 200, body: { dryRun: true, from: 2, to: 3 } })
    await patch(hooks, 'web-up', { spec: { scale: { max: 2 } } })
    expect(await post(to)).toMatchObject({ status: 200, body: { outcome: 'unchanged' } })
    const { body } = await api.request({
      method: 'GET',
      path: collectionPath(requests, namespace),
      lane: 'bulk',
      timeoutMs: 10_000,
    })
    expect(body).toContain('"items":[]')
  })

  it('fails where no requests are run, and the hook is not Ready', async () => {
    const { hook, replicas, until, url } = await approving({}, false)
    expect(await post(await url('web-up'))).toMatchObject({ status: 422, body: { reason: 'ApprovalUnguarded' } })
    await until(
      () => hook('web-up'),
      object => JSON.stringify(at(object, 'status', 'conditions')).includes('ApprovalUnguarded'),
    )
    expect(await replicas('web')).toBe(2)
  })
})
