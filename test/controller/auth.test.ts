import { describe, expect, test } from 'vitest'
import { at } from '../../src/api/json.ts'
import { create } from '../../src/kube/requests.ts'
import { secrets } from '../../src/kube/resources.ts'
import { installation, shop, trueConditions, type Installation, type ProcessOptions } from './installation.ts'

const auth = { bearer: { secretKeyRef: { name: 'senders', key: 'token' } } }

const createSecret = ({ api }: Installation, data: object) =>
  create(api, secrets, shop, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'senders' }, data })

const setUp = async (options: ProcessOptions = {}) => {
  const x = await installation()
  await x.createDeployment('web')
  await x.createHook('web-up', { auth })
  return { ...x, process: x.start('first', options) }
}

describe('a hook with auth', () => {
  test('waits for its Secret, and has a URL meanwhile', async () => {
    const x = await setUp()
    const waiting = await x.becomes('web-up', 'AuthSecretNotFound')
    expect(trueConditions(waiting)).toEqual(['Reconciling'])
    expect(JSON.stringify(at(waiting, 'status', 'conditions'))).toContain('auth names Secret/senders')
    expect(at(waiting, 'status', 'triggerURL')).toBeDefined()
    await createSecret(x, { token: 'czNjcmV0' })
    expect(trueConditions(await x.becomes('web-up', 'Valid'))).toEqual(['Ready'])
  })

  test('is looked at again while it is Ready, so that a Secret that went is noticed', async () => {
    const x = await setUp()
    await createSecret(x, { token: 'czNjcmV0' })
    await x.becomes('web-up', 'Valid')
    await x.remove(secrets, shop, 'senders')
    await x.pass(300_000)
    expect(trueConditions(await x.becomes('web-up', 'AuthSecretNotFound'))).toEqual(['Reconciling'])
  })

  test('says what to apply where its Secret must not be read, and is Ready once it may', async () => {
    const permitted = new AbortController()
    const x = await setUp({
      before: ({ path }) =>
        path.endsWith('/secrets/senders') && !permitted.signal.aborted
          ? Promise.resolve({ status: 403, headers: {}, body: '{"message":"secrets is forbidden"}' })
          : undefined,
    })
    await createSecret(x, { token: 'czNjcmV0' })
    const stalled = await x.becomes('web-up', 'Forbidden')
    expect(trueConditions(stalled)).toEqual(['Stalled'])
    expect(JSON.stringify(at(stalled, 'status', 'conditions'))).toContain(
      'the controller may not read Secret/senders, which auth names. With the chart, set auth.namespaces. Otherwise an administrator can allow it with: ' +
        'kubectl -n shop create rolebinding receiver-hooks-auth --clusterrole=receiver-hooks-auth ' +
        '--serviceaccount=receiver-hooks:receiver-hooks-controller --serviceaccount=receiver-hooks:receiver-hooks-trigger',
    )
    permitted.abort()
    await x.becomes('web-up', 'Valid')
  })

  test('with a problem of its own says that first', async () => {
    const x = await setUp()
    await x.patchHook('web-up', { spec: { scale: { target: { name: 'nowhere' } } } })
    expect(trueConditions(await x.becomes('web-up', 'TargetNotFound'))).toEqual(['Reconciling'])
  })

  test('has its Secret asked for by name alone', async () => {
    const x = await setUp()
    await createSecret(x, { token: 'czNjcmV0' })
    await x.becomes('web-up', 'Valid')
    const asked = x.process.requests.filter(({ path }) => path.startsWith(`/api/v1/namespaces/${shop}/secrets`))
    expect(new Set(asked.map(({ method, path }) => `${method} ${path}`))).toEqual(
      new Set([`GET /api/v1/namespaces/${shop}/secrets/senders`]),
    )
  })
})
