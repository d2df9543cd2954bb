import { describe, expect, it } from 'vitest'
import { at, parseJson, stringAt } from '../../src/api/json.ts'
import { nodeOutbound } from '../../src/environment/outbound.ts'
import { send } from '../../src/kube/requests.ts'
import type { Issuer } from '../../src/token/issuer.ts'
import { listAt } from '../deploy/manifests.ts'
import { commandLine } from '../support/command-line.ts'
import { signedToken, signingKey, testIssuer, type SigningKey, type TestClaims } from '../support/issuer.ts'
import { cluster, post, postUntilDone, product, type Cluster } from '../support/product.ts'
import { realServers } from '../support/real.ts'

const audience = 'https://hooks.example.com/v1/hooks/shop/web-up'
const pinned = [
  { name: 'repository_id', oneOf: ['123456'] },
  { name: 'ref', oneOf: ['refs/heads/main'] },
]

/** Starts both roles with an issuer that they allow, and returns what makes hooks and tokens for it. */
const prepared = async (more: readonly Issuer[] = []) => {
  const here = await cluster()
  await here.createDeployment('web', 2)
  const key = await signingKey('first')
  const issuer = await testIssuer([key.jwk])
  const running = await product(here, {
    outbound: nodeOutbound,
    issuers: [{ url: issuer.url, keys: undefined }, ...more],
  })
  const tokenOf = async (claims: TestClaims = {}, by: SigningKey = key): Promise<string> => {
    const now = Math.floor(Date.now() / 1000)
    const times = { iat: now, nbf: now, exp: now + 300 }
    const right = { iss: issuer.url, aud: audience, repository_id: '123456', ref: 'refs/heads/main' }
    return await signedToken(by, { ...right, ...times, ...claims })
  }
  const withToken = async (claims: TestClaims = {}, by = key) => ({
    headers: { authorization: `Bearer ${await tokenOf(claims, by)}` },
  })
  const auth = { oidc: { issuer: issuer.url, audience, claims: pinned } }
  const command = (line: string) => commandLine(here.kubeconfig, [...line.split(' '), '-n', here.namespace])
  return {
    ...here,
    ...running,
    here,
    issuer,
    key,
    tokenOf,
    withToken,
    auth,
    named: { auth, token: { url: 'named' } },
    command,
  }
}

const readyReason = (hook: unknown): string | undefined =>
  stringAt(
    listAt(hook, 'status', 'conditions').find(condition => at(condition, 'type') === 'Ready'),
    'reason',
  )

describe('a hook with auth.oidc', () => {
  it('says who has sent a delivery, as far as the token proves it', async () => {
    const { createHook, auth, here, lines, until, url, withToken } = await prepared()
    await createHook('web-up', {}, { auth })
    const ci = {
      repository: 'acme/web',
      run_id: '12',
      run_attempt: '2',
      sha: 'c0ffee',
      sub: 'repo:acme/web:ref:refs/heads/main',
    }
    const sent = await withToken({ ...ci, actor: 'ann', email: 'ann@example.com', job_workflow_ref: 'x'.repeat(200) })
    const { body } = await until(
      async () => post(await url('web-up'), undefined, sent),
      ({ status }) => status === 200,
    )
    const by = { repository: 'acme/web', run: '12-2', sha: 'c0ffee', subject: ci.sub, issuer: auth.oidc.issuer }
    expect(body).toMatchObject({ reason: 'Stepped', by })
    const path = `/apis/receiverhooks.dev/v1alpha1/namespaces/${here.namespace}/receiverhooks/web-up`
    const hook = await until(
      async () => send(here.api, { method: 'GET', path }),
      read => at(read, 'status', 'lastDelivery') !== undefined,
    )
    expect(at(hook, 'status', 'lastDelivery', 'by')).toEqual(by)
    expect(listAt(hook, 'status', 'recent').map(one => at(one, 'by'))).toEqual([by])
    expect(parseJson(lines.find(line => line.includes('"Stepped"')) ?? '')).toMatchObject({ by })
    expect(JSON.stringify([hook, lines])).not.toContain('ann@')
  })

  it('is run by a token of its issuer, and by no other, at its named URL', async () => {
    const { createHook, lines, named, replicas, tokenOf, until, url, withToken } = await prepared()
    await createHook('web-up', {}, named)
    const address = await url('web-up')
    await until(
      async () => post(address, undefined, await withToken()),
      ({ status }) => status === 200,
    )
    expect(await replicas('web')).toBe(3)
    const wrong: TestClaims[] = [
      { repository_id: '654321' },
      { ref: 'refs/heads/mine' },
      { aud: 'https://hooks.example.com/v1/hooks/shop/web-down' },
      { iss: 'https://token.actions.githubusercontent.com' },
      { exp: Math.floor(Date.now() / 1000) - 3600, iat: Math.floor(Date.now() / 1000) - 7200 },
    ]
    const nobody = { status: 401, body: { reason: 'Unproved' } }
    for (const claims of wrong)
      expect(await postUntilDone(address, undefined, await withToken(claims))).toMatchObject(nobody)
    const stranger = await signingKey('first')
    expect(await postUntilDone(address, undefined, await withToken({}, stranger))).toMatchObject(nobody)
    expect(await postUntilDone(address)).toMatchObject(nobody)
    expect(await postUntilDone(`${address}-none`, undefined, await withToken())).toMatchObject(nobody)
    expect(await replicas('web')).toBe(3)
    const log = lines.join('\n')
    expect(log).toContain('the claim repository_id is missing or has another value')
    const [, claims = '', signature = ''] = (await tokenOf()).split('.')
    for (const secret of [claims, signature, '654321', 'refs/heads/mine', 'eyJ']) expect(log).not.toContain(secret)
  })

  it('is run by a token in addition to the token of its URL, and the header has no room for both', async () => {
    const { auth, createHook, hook, until, url, withToken } = await prepared()
    await createHook('web-up', { max: 1000 }, { auth })
    const address = await url('web-up')
    await until(
      async () => post(address, undefined, await withToken()),
      ({ status }) => status === 200,
    )
    const refused = await postUntilDone(address, undefined, await withToken({ ref: 'refs/heads/mine' }))
    expect(refused).toMatchObject({ status: 401, body: { reason: 'Unauthorized' } })
    expect(refused.headers.get('www-authenticate')).toBe('Bearer realm="receiver-hooks"')
    const endpoint = stringAt(await hook('web-up'), 'status', 'endpoint') ?? ''
    const held = { headers: { authorization: `Bearer ${stringAt(await hook('web-up'), 'status', 'token')}` } }
    expect(await postUntilDone(endpoint, undefined, held)).toMatchObject({ status: 401 })
    expect(await postUntilDone(endpoint, undefined, await withToken())).toMatchObject({ status: 401 })
  })

  it('is Stalled with an issuer that the installation does not allow, in words that say what to do', async () => {
    const { auth, createHook, hook, until, url, withToken } = await prepared()
    const other = { oidc: { ...auth.oidc, issuer: 'https://gitlab.com' } }
    await createHook('web-up', {}, { auth: other })
    const stalled = await until(
      () => hook('web-up'),
      seen => readyReason(seen) === 'IssuerNotAllowed',
    )
    expect(JSON.stringify(at(stalled, 'status', 'conditions'))).toContain(
      'accepts no tokens from https://gitlab.com, which auth.oidc.issuer names. An administrator can allow it with the flag --oidc-issuer',
    )
    expect(await postUntilDone(await url('web-up'), undefined, await withToken())).toMatchObject({
      status: 422,
      body: { reason: 'IssuerNotAllowed' },
    })
  })

  it('is not Ready while the keys of its issuer cannot be read, and each name answers 503 to its tokens', async () => {
    const late = await testIssuer([])
    const { auth, createHook, hook, lines, until, url, withToken } = await prepared([
      { url: late.url, keys: undefined },
    ])
    await createHook('web-up', {}, { auth: { oidc: { ...auth.oidc, issuer: late.url } }, token: { url: 'named' } })
    const waiting = await until(
      () => hook('web-up'),
      seen => readyReason(seen) === 'IssuerUnavailable',
    )
    expect(JSON.stringify(at(waiting, 'status', 'conditions'))).toContain('it published no usable key')
    expect(lines.join('\n')).toContain('it published no usable key')
    const address = await url('web-up')
    const key = await signingKey('late')
    const token = (claims: TestClaims = {}) => withToken({ iss: late.url, ...claims }, key)
    const away = await until(
      async () => post(address, undefined, await token()),
      ({ body }) => body['reason'] === 'IssuerUnavailable',
    )
    for (const [claims, to] of [
      [{}, `${address}-none`],
      [{ ref: 'refs/heads/mine' }, address],
      [{ aud: 'another' }, `${address}-none`],
    ] as const) {
      const { body, status } = await post(to, undefined, await token(claims))
      expect({ body, status }).toEqual({ body: away.body, status: 503 })
    }
    late.keys = [key.jwk]
    await until(
      async () => post(address, undefined, await token()),
      ({ status }) => status === 200,
    )
    await until(
      () => hook('web-up'),
      seen => readyReason(seen) === 'Valid',
    )
  }, 60_000)

  it.each<[string, object, string]>([
    [
      'that do not say who signs',
      { claims: [{ name: 'ref', oneOf: ['refs/heads/main'] }] },
      'must identify the signer',
    ],
    ['without a value', { claims: [{ name: 'sub', oneOf: [] }] }, 'must have a value'],
    ['of which there are none', { claims: [] }, 'must identify the signer'],
  ])('is refused with claims %s', async (_what, oidc, message) => {
    const { auth, createHook } = await prepared()
    await expect(createHook('web-up', {}, { auth: { oidc: { ...auth.oidc, ...oidc } } })).rejects.toThrow(message)
  })

  it('is described by the command line, which gets no token itself', async () => {
    const { command, createHook, issuer, named, url } = await prepared()
    await createHook('web-up', {}, named)
    await url('web-up')
    const described = (await command('describe web-up')).stdout
    expect(described).toContain('oidc, which alone opens the URL')
    expect(described).toContain(`Anyone with a token from ${issuer.url}`)
    expect((await command('trigger web-up')).stderr).toContain('only the sender gets one')
    expect((await command('snippet alertmanager web-up')).stderr).toContain('(auth.oidc), but Alertmanager sends none')
  })
})

/** Returns the issuer of the accounts of this cluster, as its API server says it. */
const clusterIssuer = async ({ api }: Pick<Cluster, 'api'>): Promise<string> => {
  const path = '/.well-known/openid-configuration'
  const { body } = await api.request({ method: 'GET', path, lane: 'bulk', timeoutMs: 10_000 })
  return stringAt(parseJson(body), 'issuer') ?? ''
}

// The in-memory API server gives accounts no tokens.
it.each(realServers)('on %s, the token of a service account runs a hook that pins the account', async () => {
  const issuer = await clusterIssuer(await cluster())
  const { api, createHook, namespace, until, url } = await prepared([{ url: issuer, keys: 'cluster' }])
  const sub = `system:serviceaccount:${namespace}:poster`
  const auth = { oidc: { issuer, audience, claims: [{ name: 'sub', oneOf: [sub] }] } }
  await createHook('web-up', {}, { auth, token: { url: 'named' } })
  const address = await url('web-up')
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`
  for (const name of ['poster', 'another']) {
    await send(api, { method: 'POST', path: accounts, body: JSON.stringify({ metadata: { name } }) })
  }
  const tokenOf = async (account: string, audiences = [audience]) => {
    const body = JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences } })
    const path = `${accounts}/${account}/token`
    const made = parseJson((await api.request({ method: 'POST', path, body, lane: 'bulk', timeoutMs: 10_000 })).body)
    return { headers: { authorization: `Bearer ${stringAt(made, 'status', 'token')}` } }
  }
  const right = await tokenOf('poster')
  await until(
    () => post(address, undefined, right),
    ({ status }) => status === 200,
  )
  expect(await postUntilDone(address, undefined, await tokenOf('another'))).toMatchObject({ status: 401 })
  expect(await postUntilDone(address, undefined, await tokenOf('poster', ['another']))).toMatchObject({ status: 401 })
})
