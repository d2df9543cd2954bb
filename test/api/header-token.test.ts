import { expect, it } from 'vitest'
import { at, stringAt } from '../../src/api/json.ts'
import { create } from '../../src/kube/requests.ts'
import { secrets } from '../../src/kube/resources.ts'
import { cluster, post, postUntilDone, product, type Cluster } from '../support/product.ts'

/** Returns a hook whose URL is known: the address without a secret, and the token. */
const served = async (spec: object = {}): Promise<Cluster & { readonly endpoint: string; readonly token: string }> => {
  const here = await cluster()
  await here.createDeployment('web', 2)
  const data = { token: Buffer.from('proof').toString('base64') }
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'sender' }, data }
  await create(here.api, secrets, here.namespace, secret)
  await product(here)
  await here.createHook('web-up', {}, spec)
  await here.url('web-up')
  const status = at(await here.hook('web-up'), 'status')
  return { ...here, endpoint: stringAt(status, 'endpoint') ?? '', token: stringAt(status, 'token') ?? '' }
}

const withToken = (...tokens: readonly string[]): RequestInit => ({
  headers: tokens.map(token => ['authorization', `Bearer ${token}`] as [string, string]),
})

it('a token in the header runs the hook as one in the URL does, and no URL has it', async () => {
  const { endpoint, replicas, token } = await served()
  expect(endpoint).toMatch(/\/v1\/trigger$/)
  expect(await post(endpoint, undefined, withToken(token))).toMatchObject({ status: 200, body: { from: 2, to: 3 } })
  expect(await post(`${endpoint}?dryRun=true`, undefined, withToken(token))).toMatchObject({
    status: 200,
    body: { from: 3, to: 4, dryRun: true },
  })
  expect(await replicas('web')).toBe(3)
})

it.each<[string, (token: string) => readonly string[]]>([
  ['no token', () => []],
  ['a token that is none of ours', token => [`${token}x`]],
  ['two tokens', token => [token, token]],
  ['a word', () => ['proof']],
])('%s in the header is 401 with a challenge, and does nothing', async (_what, tokens) => {
  const { endpoint, replicas, token } = await served()
  const { body, headers, status } = await post(endpoint, undefined, withToken(...tokens(token)))
  expect({ status, reason: body['reason'], challenge: headers.get('www-authenticate') }).toEqual({
    status: 401,
    reason: 'UnknownToken',
    challenge: 'Bearer',
  })
  expect(await replicas('web')).toBe(2)
})

it('a token in the URL counts, regardless of what the header says', async () => {
  const { endpoint, token } = await served()
  expect(await post(`${endpoint}/${token}`, undefined, withToken('other'))).toMatchObject({ status: 200 })
})

it('a hook whose auth wants the same header is not run by a token in it', async () => {
  const { endpoint, token } = await served({ auth: { bearer: { secretKeyRef: { name: 'sender', key: 'token' } } } })
  expect(await post(endpoint, undefined, withToken(token))).toMatchObject({
    status: 401,
    body: { reason: 'Unauthorized' },
  })
  expect(await post(`${endpoint}/${token}`, undefined, withToken('proof'))).toMatchObject({ status: 200 })
})

it('an expression sees no token of ours among the headers', async () => {
  const { endpoint, token } = await served({ when: "!('authorization' in headers)" })
  expect(await postUntilDone(endpoint, undefined, withToken(token))).toMatchObject({
    status: 200,
    body: { outcome: 'applied' },
  })
})
