import { describe, expect, test } from 'vitest'
import { at, stringAt } from '../../src/api/json.ts'
import { controllerOf } from '../../src/api/object.ts'
import { milliseconds } from '../../src/api/duration.ts'
import { tokenId } from '../../src/token/mint.ts'
import { acceptance, keyIdOf } from '../../src/token/verify.ts'
import { has } from '../../src/api/guard.ts'
import { statusSchema } from '../../src/api/status.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { create, read } from '../../src/kube/requests.ts'
import { secrets } from '../../src/kube/resources.ts'
import { conditionsIn, installation, publicURL, readyReason, secretData, shop, trueConditions } from './installation.ts'

const started = async (token: object = {}) => {
  const x = await installation()
  await x.createDeployment('web')
  await x.createHook('web-up', { token })
  const process = x.start()
  const first = await x.becomes('web-up', 'Valid')
  const tokenNow = async () => stringAt(await x.hook('web-up'), 'status', 'token')
  /** Returns what the hook as it is now says to a token. */
  const accepts = async (token: string | undefined) => {
    const verdict = await x.verify(token)
    if (verdict.verdict !== 'valid') return verdict.verdict
    const hook = await x.hook('web-up')
    const { status } = hook
    return acceptance(
      verdict.claims,
      {
        uid: hook.metadata.uid,
        rotation: Number(at(hook, 'spec', 'token', 'rotation')),
        overlapMs: milliseconds(stringAt(hook, 'spec', 'token', 'overlap') ?? '') ?? 0,
        minted: has(statusSchema, status) ? status.minted : undefined,
      },
      x.clock.now(),
    )
  }
  return { ...x, process, first, tokenNow, accepts, token: stringAt(first, 'status', 'token') }
}

const rotate = (rotation: number, more: object = {}) => ({ spec: { token: { rotation, ...more } } })

describe('a rotation', () => {
  test('gives a new URL, and the old one is accepted until its overlap is over', async () => {
    const x = await started({ overlap: '1m' })
    await x.patchHook('web-up', rotate(1))
    expect(await x.accepts(x.token)).toBe('accepted')
    await x.reconciled('web-up')
    const second = await x.tokenNow()
    expect(second).not.toBe(x.token)
    expect([await x.accepts(x.token), await x.accepts(second)]).toEqual(['accepted', 'accepted'])
    await x.pass(58_000)
    expect(await x.accepts(x.token)).toBe('accepted')
    await x.pass(3000)
    expect([await x.accepts(x.token), await x.accepts(second)]).toEqual(['rotated', 'accepted'])
  })

  test('without an overlap cuts the old URL off before the controller has even looked', async () => {
    const x = await started()
    await x.patchHook('web-up', rotate(5, { overlap: '0s' }))
    expect(await x.accepts(x.token)).toBe('rotated')
    const hook = await x.reconciled('web-up')
    const token = stringAt(hook, 'status', 'token')
    expect(at(hook, 'status', 'minted')).toEqual({
      id: tokenId(token ?? ''),
      kid: keyIdOf(token ?? ''),
      rotation: 5,
    })
    expect(await x.accepts(token)).toBe('accepted')
  })
})

describe('a URL that expires', () => {
  test('has a successor one overlap before its end, and is accepted until then', async () => {
    const x = await started({ expiresAfter: '1h', overlap: '10m' })
    await x.pass(49 * 60_000)
    expect(await x.tokenNow()).toBe(x.token)
    await x.pass(60_000 + 2000)
    const second = await x.tokenNow()
    expect(second).not.toBe(x.token)
    expect([await x.accepts(x.token), await x.accepts(second)]).toEqual(['accepted', 'accepted'])
    await x.pass(10 * 60_000)
    expect([await x.accepts(x.token), await x.accepts(second)]).toEqual(['expired', 'accepted'])
  })

  test('with the shortest of lives is minted once a life', async () => {
    const x = await started({ expiresAfter: '1m', overlap: '59s' })
    const before = x.process.writes.length
    await x.pass(600_000)
    const written = x.process.writes.length - before
    expect(written).toBeGreaterThanOrEqual(9)
    expect(written).toBeLessThanOrEqual(11)
  })
})

describe('a hook with token.secretName', () => {
  const names = { secretName: 'web-url' }

  test('has its URL and token in a Secret that it owns, and not in its status', async () => {
    const x = await started(names)
    const { status, metadata } = x.first
    expect(status).not.toHaveProperty('token')
    expect(status).not.toHaveProperty('triggerURL')
    expect(at(status, 'minted', 'rotation')).toBe(0)
    const data = await secretData(x.api, 'web-url')
    expect(data?.['url']).toBe(`${publicURL}/v1/trigger/${data?.['token']}`)
    expect(await x.accepts(data?.['token'])).toBe('accepted')
    const secret = await read(x.api, secrets, shop, 'web-url')
    expect(secret && controllerOf(secret)).toMatchObject({ kind: 'ReceiverHook', name: 'web-up', uid: metadata.uid })
  })

  test('gets the Secret back, with the same URL, when it is deleted or altered', async () => {
    const x = await started(names)
    const before = await secretData(x.api, 'web-url')
    await x.remove(secrets, shop, 'web-url')
    await x.pass(370_000)
    expect(await secretData(x.api, 'web-url')).toEqual(before)
  })

  test('that rotates changes the Secret, and accepts the old token for the overlap', async () => {
    const x = await started(names)
    const before = await secretData(x.api, 'web-url')
    await x.patchHook('web-up', rotate(1))
    await x.reconciled('web-up')
    const after = await secretData(x.api, 'web-url')
    expect(after?.['token']).not.toBe(before?.['token'])
    expect([await x.accepts(before?.['token']), await x.accepts(after?.['token'])]).toEqual(['accepted', 'accepted'])
  })

  test('that takes another name moves, and that drops the name has its token in its status again', async () => {
    const x = await started(names)
    const before = await secretData(x.api, 'web-url')
    await x.patchHook('web-up', { spec: { token: { secretName: 'other-url' } } })
    await x.reconciled('web-up')
    expect(await secretData(x.api, 'other-url')).toEqual(before)
    expect(await secretData(x.api, 'web-url')).toBeUndefined()
    await x.patchHook('web-up', { spec: { token: { secretName: null } } })
    await x.reconciled('web-up')
    expect(await x.tokenNow()).toBe(before?.['token'])
    expect(await secretData(x.api, 'other-url')).toBeUndefined()
  })

  test('that comes to have one keeps its token, and the status loses it', async () => {
    const x = await started()
    await x.patchHook('web-up', { spec: { token: names } })
    const hook = await x.reconciled('web-up')
    expect(hook['status']).not.toHaveProperty('token')
    expect((await secretData(x.api, 'web-url'))?.['token']).toBe(x.token)
  })

  const foreign = (metadata: object = {}) => ({
    metadata: { name: 'web-url', ...metadata },
    data: { password: 'czNjcjN0' },
  })

  test.each([
    ['is nobody’s', () => ({})],
    ['is another hook’s', () => owned('someone-else')],
    ['bears its label alone', (uid: string) => ({ labels: { 'receiverhooks.dev/hook-uid': uid } })],
    ['bears its owner reference alone', (uid: string) => ({ ownerReferences: owned(uid).ownerReferences })],
  ])('never touches a Secret of that name that %s, and says so', async (_, metadata) => {
    const x = await installation()
    await x.createDeployment('web')
    const { metadata: made } = await x.createHook('web-up', { token: names })
    const before = await create(x.api, secrets, shop, foreign(metadata(made.uid)))
    const process = x.start()
    const hook = await x.becomes('web-up', 'SecretConflict')
    expect(trueConditions(hook)).toEqual(['Stalled'])
    expect(hook['status']).not.toHaveProperty('token')
    expect(hook['status']).not.toHaveProperty('triggerURL')
    await x.pass(300_000)
    expect(await read(x.api, secrets, shop, 'web-url')).toEqual(before)
    const path = objectPath(secrets, shop, 'web-url')
    expect(process.requests.filter(request => request.path === path)).toEqual([])
    expect((await x.hook('web-up')).metadata.resourceVersion).toBe(hook.metadata.resourceVersion)

    await x.remove(secrets, shop, 'web-url')
    await x.pass(125_000)
    await x.becomes('web-up', 'Valid')
    expect(await x.verify((await secretData(x.api, 'web-url'))?.['token'])).toMatchObject({ verdict: 'valid' })
  })

  test('is not held up by many large Secrets with its label, and reads a few of them alone', async () => {
    const x = await started()
    const { name, uid } = x.first.metadata
    const labels = { 'receiverhooks.dev/hook-uid': uid }
    const owner = { apiVersion: 'receiverhooks.dev/v1alpha1', kind: 'ReceiverHook', name, uid, controller: true }
    for (let i = 0; i < 40; i += 1) {
      const metadata = { name: `fat-${i}`, labels, ...(i % 2 === 0 && { ownerReferences: [owner] }) }
      await create(x.api, secrets, shop, {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata,
        data: { fat: 'x'.repeat(1_300_000) },
      })
    }
    const before = x.process.requests.length
    await x.patchHook('web-up', { spec: { token: { secretName: 'a-url' } } })
    await x.becomes('web-up', 'Valid')
    expect((await secretData(x.api, 'a-url'))?.['token']).toBe(x.token)
    const lists = x.process.requests
      .slice(before)
      .filter(({ method, path }) => method === 'GET' && path.endsWith('/secrets'))
    expect(lists.length).toBeLessThan(40)
  })

  test('does not delete its former Secret before it has another', async () => {
    const x = await started(names)
    await create(x.api, secrets, shop, { ...foreign(), metadata: { name: 'taken' } })
    await x.patchHook('web-up', { spec: { token: { secretName: 'taken' } } })
    await x.becomes('web-up', 'SecretConflict')
    expect(await x.accepts((await secretData(x.api, 'web-url'))?.['token'])).toBe('accepted')
  })

  describe('where the controller has no right to Secrets', () => {
    const message = 'secrets is forbidden: User "receiver-hooks-controller" cannot list resource "secrets"'
    const forbidden = {
      status: 403,
      headers: {},
      body: JSON.stringify({ kind: 'Status', reason: 'Forbidden', message }),
    }
    const withoutSecrets = async (token: object, isAtFirst = true) => {
      const x = await installation()
      let isForbidden = isAtFirst
      await x.createDeployment('web')
      await x.createHook('web-up', { token })
      x.start('without', {
        before: ({ path }) =>
          isForbidden && path.startsWith(`/api/v1/namespaces/${shop}/secrets`) && !path.endsWith('/user')
            ? Promise.resolve(forbidden)
            : undefined,
      })
      return { ...x, forbid: (may: boolean) => void (isForbidden = may) }
    }

    test('says so, and other hooks have their URLs', async () => {
      const x = await withoutSecrets(names)
      await x.createHook('web-down', {}, { action: 'down' })
      const hook = await x.becomes('web-up', 'Forbidden')
      expect(JSON.stringify(at(hook, 'status', 'conditions'))).toContain(
        'the controller may not keep Secrets in namespace shop, which token.secretName needs. With the chart, set secrets.namespaces. Otherwise an administrator can grant it with: ' +
          'kubectl -n shop create rolebinding receiver-hooks-secrets --clusterrole=receiver-hooks-secrets ' +
          '--serviceaccount=receiver-hooks:receiver-hooks-controller"',
      )
      expect(trueConditions(hook)).toEqual(['Stalled'])
      expect(hook['status']).not.toHaveProperty('token')
      expect(await x.verify(stringAt(await x.becomes('web-down', 'Valid'), 'status', 'token'))).toMatchObject({
        verdict: 'valid',
      })
    })

    test('keeps the URL that it had, and has it in its status again once it drops the name', async () => {
      const x = await withoutSecrets({})
      const token = stringAt(await x.becomes('web-up', 'Valid'), 'status', 'token')
      await x.patchHook('web-up', { spec: { token: names } })
      await x.becomes('web-up', 'Forbidden')
      await x.patchHook('web-up', { spec: { token: { secretName: null } } })
      const hook = await x.becomes('web-up', 'Valid')
      expect(stringAt(hook, 'status', 'token')).toBe(token)
      // It never had a Secret.
      expect(trueConditions(hook)).toEqual(['Ready'])
    })

    test.each([
      ['any more drops the name', { token: { secretName: null } }, false],
      ['any more says so, and drops the name later', { token: { secretName: null } }, true],
      ['any more takes a URL without a token', { token: { secretName: null, url: 'named' } }, true],
    ])('%s: the hook says that its Secret may be there, until it is deleted', async (_, spec, isLater) => {
      const x = await withoutSecrets(names, false)
      const data = { username: btoa('alice'), password: btoa('correct horse battery staple') }
      await create(x.api, secrets, shop, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'user' }, data })
      await x.becomes('web-up', 'Valid')
      x.forbid(true)
      if (isLater) {
        await x.pass(370_000)
        await x.becomes('web-up', 'Forbidden')
      }
      const auth = { basic: { secretRef: { name: 'user' } } }
      await x.patchHook('web-up', { spec: { ...spec, ...('url' in spec.token && { auth }) } })
      const hook = await x.until(
        () => x.hook('web-up'),
        seen => trueConditions(seen).includes('Ready') && at(seen, 'status', 'observedGeneration') === 2,
      )
      expect(trueConditions(hook)).toEqual(['Ready', 'FormerSecretKept'])
      expect(JSON.stringify(conditionsIn(hook))).toContain('a Secret that the hook no longer names may still exist: ')
      await x.pass(370_000)
      expect((await x.hook('web-up')).metadata.resourceVersion).toBe(hook.metadata.resourceVersion)
      x.forbid(false)
      await x.pass(370_000)
      expect(await secretData(x.api, 'web-url')).toBeUndefined()
      expect(trueConditions(await x.hook('web-up'))).toEqual(['Ready'])
    })
  })

  describe('whose Secret the API server refuses', () => {
    const policy = 'secrets "web-url" is forbidden: ValidatingAdmissionPolicy "owners" denied request: no owner label'
    const webhook = 'admission webhook "owners.example.com" denied the request: no owner label'
    const answer = (code: number, message: string) => ({
      status: code,
      headers: {},
      body: JSON.stringify({ kind: 'Status', code, message }),
    })
    /** Starts a controller for a hook. Writes of Secrets by `method` are refused from `refuse` to `mend`. */
    const refusing = async (method: string, refusal: ReturnType<typeof answer>) => {
      const x = await installation()
      let refused = false
      await x.createDeployment('web')
      await x.createHook('web-up', { token: names })
      const start = () =>
        x.start('refused', {
          before: request =>
            refused && request.method === method && request.path.startsWith(`/api/v1/namespaces/${shop}/secrets`)
              ? Promise.resolve(refusal)
              : undefined,
        })
      const reasons = async () => (await x.hookEvents()).map(event => at(event, 'reason'))
      return { ...x, start, reasons, refuse: () => void (refused = true), mend: () => void (refused = false) }
    }

    test.each([
      ['a policy', answer(422, policy), policy],
      ['a webhook without a code', answer(400, webhook), webhook],
      ['a policy that answers 413', answer(413, policy), policy],
      ['a webhook that answers 429', answer(429, webhook), webhook],
      ['a webhook that answers 409', answer(409, webhook), webhook],
    ])('because of %s, says so, and has it soon after that is mended', async (_, refusal, message) => {
      const x = await refusing('POST', refusal)
      x.refuse()
      const process = x.start()
      const hook = await x.becomes('web-up', 'SecretRefused')
      expect(JSON.stringify(at(hook, 'status', 'conditions'))).toContain(JSON.stringify(message).slice(1, -1))
      expect(trueConditions(hook)).toEqual(['Stalled'])
      await x.until(x.reasons, seen => seen.includes('SecretRefused'))
      await x.pass(600_000)
      expect(
        process.requests.filter(({ method, path }) => method === 'POST' && path.endsWith('/secrets')).length,
      ).toBeLessThan(15)
      x.mend()
      await x.pass(125_000)
      await x.becomes('web-up', 'Valid')
      expect(await x.verify((await secretData(x.api, 'web-url'))?.['token'])).toMatchObject({ verdict: 'valid' })
    })

    test('because it is immutable, says so after a rotation', async () => {
      const x = await refusing('PUT', answer(422, 'Secret "web-url" is invalid: data: Forbidden: field is immutable'))
      x.start()
      await x.becomes('web-up', 'Valid')
      const before = await secretData(x.api, 'web-url')
      x.refuse()
      await x.patchHook('web-up', rotate(1))
      expect(trueConditions(await x.becomes('web-up', 'SecretRefused'))).toEqual(['Stalled'])
      expect(await secretData(x.api, 'web-url')).toEqual(before)
      await x.remove(secrets, shop, 'web-url')
      await x.pass(125_000)
      await x.becomes('web-up', 'Valid')
      expect((await secretData(x.api, 'web-url'))?.['token']).not.toBe(before?.['token'])
    })

    const conditionOf = async (x: Pick<Awaited<ReturnType<typeof refusing>>, 'hook'>) =>
      conditionsIn(await x.hook('web-up')).find(condition => at(condition, 'type') === 'FormerSecretKept')

    test.each([
      ['takes another name', { token: { secretName: 'other-url' } }, answer(400, webhook)],
      ['takes another name, and the webhook answers 409', { token: { secretName: 'other-url' } }, answer(409, webhook)],
      ['drops the name', { token: { secretName: null } }, answer(403, webhook)],
      [
        'comes to have a URL without a token',
        { token: { secretName: null, url: 'named' }, auth: { basic: { secretRef: { name: 'user' } } } },
        answer(400, webhook),
      ],
    ])('to delete: a hook that %s is Ready, says so once, and deletes it when it may', async (_, spec, refusal) => {
      const x = await refusing('DELETE', refusal)
      const data = { username: btoa('alice'), password: btoa('correct horse battery staple') }
      await create(x.api, secrets, shop, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'user' }, data })
      x.start()
      await x.becomes('web-up', 'Valid')
      const before = await secretData(x.api, 'web-url')
      x.refuse()
      await x.patchHook('web-up', { spec })
      const hook = await x.reconciled('web-up')
      expect(trueConditions(hook)).toEqual(['Ready', 'FormerSecretKept'])
      expect(stringAt(hook, 'status', 'endpoint')).toMatch(/^https:/)
      const message = stringAt(await conditionOf(x), 'message')
      expect(message).toContain('Secret/web-url, which the hook no longer names, still exists')
      expect(message).toContain(webhook)
      await x.until(x.reasons, seen => seen.includes('FormerSecretKept'))

      await x.pass(800_000)
      expect((await x.hook('web-up')).metadata.resourceVersion).toBe(hook.metadata.resourceVersion)
      expect(await x.reasons()).toEqual(['FormerSecretKept'])
      expect(await secretData(x.api, 'web-url')).toEqual(before)

      x.mend()
      await x.pass(370_000)
      expect(await secretData(x.api, 'web-url')).toBeUndefined()
      expect(trueConditions(await x.hook('web-up'))).toEqual(['Ready'])
    })

    test('to delete: it is not forgotten while the hook has another problem', async () => {
      const x = await refusing('DELETE', answer(400, webhook))
      x.start()
      await x.becomes('web-up', 'Valid')
      x.refuse()
      await x.patchHook('web-up', { spec: { token: { secretName: null }, scale: { target: { name: 'api' } } } })
      expect(trueConditions(await x.becomes('web-up', 'TargetNotFound'))).toEqual(['Reconciling', 'FormerSecretKept'])
      await x.createDeployment('api')
      expect(trueConditions(await x.becomes('web-up', 'Valid'))).toEqual(['Ready', 'FormerSecretKept'])
      x.mend()
      await x.pass(370_000)
      expect(await secretData(x.api, 'web-url')).toBeUndefined()
      expect(trueConditions(await x.hook('web-up'))).toEqual(['Ready'])
    })

    test.each([429, 408])('for a while, with %i, says nothing, and has it soon', async status => {
      const x = await refusing('POST', answer(status, 'too many requests'))
      x.refuse()
      x.start()
      await x.pass(5000)
      expect(readyReason(await x.hook('web-up'))).toBeUndefined()
      x.mend()
      await x.becomes('web-up', 'Valid')
      expect(await x.reasons()).toEqual([])
    })
  })

  test.each([1, 2])('that rotates and is killed at write %i ends with one new URL', async fatal => {
    const x = await started(names)
    const before = await secretData(x.api, 'web-url')
    await x.process.stop()
    await x.patchHook('web-up', rotate(1))
    let writes = 0
    x.start('killed', {
      after: (request, process) => {
        if (request.method !== 'GET' && request.lane !== 'lease' && ++writes === fatal) process.crash()
      },
    })
    await x.until(
      () => secretData(x.api, 'web-url'),
      seen => seen?.['token'] !== before?.['token'],
    )
    const written = await secretData(x.api, 'web-url')
    x.start('second')
    await x.reconciled('web-up')
    await x.pass(5000)
    expect(await secretData(x.api, 'web-url')).toEqual(written)
    expect([await x.accepts(before?.['token']), await x.accepts(written?.['token'])]).toEqual(['accepted', 'accepted'])
  })
})

const owned = (uid: string) => ({
  labels: { 'receiverhooks.dev/hook-uid': uid },
  ownerReferences: [
    { apiVersion: 'receiverhooks.dev/v1alpha1', kind: 'ReceiverHook', name: 'x', uid, controller: true },
  ],
})

test.each([
  ['with its token in its status', {}, { token: { secretName: null } }],
  ['that is new', { secretName: 'web-url' }, { token: { secretName: null } }],
  [
    'whose URL has its name',
    { url: 'named' },
    { token: { secretName: null, url: 'named' }, auth: { basic: { secretRef: { name: 'user' } } } },
  ],
])('a Secret whose name is dropped before the status shows it is deleted, for a hook %s', async (what, token, back) => {
  const x = await installation()
  await x.createDeployment('web')
  const data = { username: btoa('alice'), password: btoa('correct horse battery staple') }
  await create(x.api, secrets, shop, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'user' }, data })
  await x.createHook('web-up', { token, auth: { basic: { secretRef: { name: 'user' } } } })
  let crashes = what === 'that is new'
  x.start('first', {
    // It is killed after it has made the Secret, and before it writes the status.
    after: (request, process) => {
      if (crashes && request.method === 'POST' && request.path.endsWith('/shop/secrets')) process.crash()
    },
  })
  if (!crashes) {
    await x.becomes('web-up', 'Valid')
    crashes = true
    await x.patchHook('web-up', { spec: { token: { secretName: 'web-url', url: 'token' } } })
  }
  await x.until(
    () => secretData(x.api, 'web-url'),
    seen => seen !== undefined,
  )
  await x.pass(1000)
  await x.patchHook('web-up', { spec: back })
  x.start('second')
  await x.reconciled('web-up')
  await x.pass(60_000)
  expect(await secretData(x.api, 'web-url')).toBeUndefined()
})
