import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { importPKCS8, SignJWT } from 'jose'
import { createPrivateKey } from 'node:crypto'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { requestsPolicy } from '../../scripts/deploy/requests.ts'
import { objectsOf } from '../../scripts/deploy/policies.ts'
import { at, parseJson, stringAt } from '../../src/api/json.ts'
import { apiVersion, hookKind, requestKind } from '../../src/api/names.ts'
import { serveDashboard, type ServedDashboard } from '../../dashboard/serve.ts'
import { connect, nodeClock, nodeRandom } from '../../src/environment/node.ts'
import { pinoLog } from '../../src/environment/log.ts'
import { send } from '../../src/kube/requests.ts'
import { startControlPlane, type ControlPlane } from '../cluster/control-plane/control-plane.ts'
import { listAt } from '../deploy/manifests.ts'
import { installCrd, until } from '../support/product.ts'
import { closeBrowser, expectAccessible, picture, visit } from './page.ts'
import { deployment, scaleSpec } from './playground.ts'

/** How long the page may take to say that a right or a token has ended, in milliseconds: it looks every 30 s, and the machine is busy. */
const noticedWithinMs = 65_000

let cluster: ControlPlane
let dashboard: ServedDashboard
/** Where the API server writes down who asked what. */
let audited: string

const rbac = '/apis/rbac.authorization.k8s.io/v1'
const made = (path: string, object: object) => send(cluster.api, { method: 'POST', path, body: JSON.stringify(object) })

const grant = async (name: string, subject: object, verbs: readonly string[], namespace = 'shop'): Promise<void> => {
  const asks = [
    'get',
    'list',
    ...(verbs.includes('create') ? ['create'] : []),
    ...(verbs.includes('approve') ? ['patch'] : []),
  ]
  const rules = [
    { apiGroups: ['receiverhooks.dev'], resources: ['receiverhookrequests'], verbs: asks },
    { apiGroups: ['receiverhooks.dev'], resources: ['receiverhooks'], verbs },
    { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list', 'watch'] },
  ]
  await made(`${rbac}/namespaces/${namespace}/roles`, { metadata: { name }, rules })
  await made(`${rbac}/namespaces/${namespace}/rolebindings`, {
    metadata: { name },
    subjects: [subject],
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
  })
}

const look = ['get', 'list', 'watch']
const user = (name: string) => ({ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name })
const account = (name: string) => ({ kind: 'ServiceAccount', name, namespace: 'shop' })

/** Makes a service account of shop; resolves with its uid. */
const createAccount = async (name: string): Promise<string> =>
  (await made('/api/v1/namespaces/shop/serviceaccounts', { metadata: { name } })).metadata.uid

/** Returns a token of a service account, as the API server signs them, that ends when a test wants it to. */
const tokenOf = async (name: string, uid: string, seconds: number): Promise<string> => {
  const pem = readFileSync(join(cluster.folder, 'service-accounts.key'), 'utf8')
  const key = await importPKCS8(createPrivateKey(pem).export({ type: 'pkcs8', format: 'pem' }).toString(), 'ES256')
  const now = Math.floor(Date.now() / 1000)
  return await new SignJWT({ 'kubernetes.io': { namespace: 'shop', serviceaccount: { name, uid } } })
    .setProtectedHeader({ alg: 'ES256' })
    .setIssuer('https://kubernetes.default.svc')
    .setAudience('https://kubernetes.default.svc')
    .setSubject(`system:serviceaccount:shop:${name}`)
    .setIssuedAt(now - 5)
    .setNotBefore(now - 5)
    .setExpirationTime(now + seconds)
    .sign(key)
}

beforeAll(async () => {
  audited = await mkdtemp(join(tmpdir(), 'audit-'))
  const policy = join(audited, 'policy.yaml')
  await writeFile(
    policy,
    'apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Metadata}]\n',
  )
  cluster = await startControlPlane({
    flags: [`--audit-policy-file=${policy}`, `--audit-log-path=${join(audited, 'log')}`],
  })
  await installCrd(cluster.api)
  for (const object of objectsOf(requestsPolicy({ triggers: ['admin'] }))) {
    const plural = object.kind.endsWith('Binding') ? 'validatingadmissionpolicybindings' : 'validatingadmissionpolicies'
    await made(`/apis/admissionregistration.k8s.io/v1/${plural}`, object)
  }
  for (const name of ['shop', 'other']) await made('/api/v1/namespaces', { metadata: { name } })
  await made('/apis/apps/v1/namespaces/shop/deployments', deployment('web', 2))
  for (const name of ['web-up', 'web-down']) {
    await made(`/apis/${apiVersion}/namespaces/shop/receiverhooks`, {
      apiVersion,
      kind: hookKind,
      metadata: { name },
      spec: scaleSpec('web', { action: name === 'web-up' ? 'up' : 'down' }),
    })
  }
  await grant('alice', user('alice'), ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'])
  await grant('bob', user('bob'), look)
  dashboard = await serveDashboard(
    {
      clock: nodeClock,
      random: nodeRandom,
      log: pinoLog({ level: 'error', clock: nodeClock, write: line => void process.stderr.write(line) }),
    },
    {
      address: { host: '127.0.0.1', port: 0, flag: '--port' },
      signIn: 'token',
      url: new URL('https://hooks.example.com/'),
      cluster: cluster.server,
      systemNamespace: 'receiver-hooks',
      version: '0.0.0-test',
      sessionMs: 3_600_000,
      connectAs: token =>
        connect({
          server: cluster.server,
          tls: { ca: cluster.ca },
          authorization: async () => (token === undefined ? undefined : `Bearer ${token}`),
        }),
    },
  )
})
afterAll(async () => {
  await closeBrowser()
  dashboard.close()
  await cluster.stop()
  await rm(audited, { recursive: true })
})

const base = (): string => `http://127.0.0.1:${dashboard.port}`

const signIn = async (page: Page, token: string, place = '/?ns=shop'): Promise<void> => {
  await page.goto(base() + place)
  await page.locator('#token').fill(`Bearer ${token}\n`)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

describe('somebody with a token of a real API server', () => {
  it('alice works in her namespace, and the page says what she may not see elsewhere', async () => {
    const { faults, page } = await visit()
    await signIn(page, cluster.tokens.alice)
    await expect.poll(() => page.locator('.row .name a').allTextContents()).toEqual(['web-down', 'web-up'])
    await expect.poll(() => page.locator('[data-key="shop/web-up"] .number').textContent()).toBe('2')
    expect(await page.evaluate(() => JSON.stringify([document.cookie, Object.entries(localStorage)]))).not.toContain(
      cluster.tokens.alice,
    )

    // What the API server refuses stands where it belongs; what it accepts is created.
    await page.getByRole('link', { name: 'Add hook' }).click()
    await page.locator('#field-name').fill('alice-up')
    await page.locator('select#field-scale-target').selectOption({ label: 'Deployment/web, 2 now' })
    await page.getByLabel('up', { exact: true }).check()
    await page.locator('#field-scale-max').fill('3')
    await expect
      .poll(() => page.locator('[data-verdict]').textContent())
      .toBe('The API server would accept this from alice.')
    await page.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('heading', { name: 'alice-up' }).waitFor()

    await page.goto(`${base()}/?ns=other`)
    await page.getByRole('heading', { name: 'You may not see the hooks of other' }).waitFor()
    await page.getByText('alice may not list receiverhooks.receiverhooks.dev in namespace other').waitFor()
    await page.getByText('--user=alice').waitFor()
    await expectAccessible(page, 'forbidden')
    await picture(page, 'forbidden-1280-light')
    expect(faults).toEqual([])
  })

  it('bob sees of a target and of the health what he may, and a sentence for the rest', async () => {
    const { faults, page } = await visit()
    await signIn(page, cluster.tokens.bob)
    await page.locator('[data-key="shop/web-up"]').waitFor()
    await page.goto(`${base()}/targets/shop/Deployment/web`)
    await page.getByRole('rowheader', { name: 'base' }).waitFor()
    await page.getByText('You may not read receiverhookrecords', { exact: false }).waitFor()
    await page.getByText('You may not list autoscalers here', { exact: false }).waitFor()
    await expectAccessible(page, 'the target')
    await page.goto(`${base()}/health`)
    await page.getByText(/You may not see .*controller/).waitFor()
    await expectAccessible(page, 'the health')
    await page.goto(`${base()}/hooks/shop/web-up`)
    await page.getByRole('button', { name: 'Rotate' }).waitFor()
    expect(faults).toEqual([])
  })

  it('bob may look, and each button that he may not press says which right it takes', async () => {
    const { page } = await visit()
    await signIn(page, cluster.tokens.bob)
    await page.locator('[data-key="shop/web-up"]').waitFor()
    await page.getByRole('link', { name: 'web-up' }).click()
    const remove = page.getByRole('button', { name: 'Delete' })
    await expect.poll(() => remove.getAttribute('aria-disabled')).toBe('true')
    expect(await remove.getAttribute('title')).toContain(
      'bob may not delete receiverhooks.receiverhooks.dev in namespace shop',
    )
    await remove.click({ force: true })
    expect(await page.getByRole('dialog').count()).toBe(0)
    // The page only says so; it is the API server that refuses.
    const answered = await page.evaluate(async () => {
      const hook = await fetch('/api/hooks/shop/web-up', {
        headers: { 'x-page-key': localStorage.getItem('receiver-hooks.page-key') ?? '' },
      })
      const seen: unknown = await hook.json()
      const deleted = await fetch('/api/hooks/shop/web-up', {
        method: 'DELETE',
        headers: {
          'x-page-key': localStorage.getItem('receiver-hooks.page-key') ?? '',
          'content-type': 'application/json',
        },
        body: JSON.stringify(seen),
      })
      return [hook.status, deleted.status]
    })
    expect(answered).toEqual([200, 403])
    await expectAccessible(page, 'bob')
  })

  it('who runs a hook is told which right that takes, and asks in the own name', async () => {
    const ofBob = (await visit()).page
    await signIn(ofBob, cluster.tokens.bob, '/hooks/shop/web-up')
    const missing = 'bob may not create receiverhookrequests.receiverhooks.dev in namespace shop'
    for (const name of ['Dry run', 'Run it for real']) {
      await expect.poll(() => ofBob.getByRole('button', { name }).getAttribute('title')).toContain(missing)
    }

    const { faults, page } = await visit()
    await signIn(page, cluster.tokens.alice, '/hooks/shop/web-up')
    await page.getByRole('button', { name: 'Run it for real' }).click()
    await page.getByRole('button', { name: 'Run it', exact: true }).click()
    const verb = 'alice may not run ReceiverHook/web-up: that needs the verb run on receiverhooks.receiverhooks.dev'
    await page.getByRole('dialog').getByText(verb, { exact: false }).waitFor()
    await page.getByRole('button', { name: 'Close', exact: true }).click()

    // A dry run takes the right to read the hook. Nothing runs requests here, so the test answers as a trigger does.
    await page.getByRole('button', { name: 'Dry run' }).click()
    const path = `/apis/${apiVersion}/namespaces/shop/receiverhookrequests`
    const request = await until(
      async () => {
        const { body } = await cluster.api.request({ method: 'GET', path, lane: 'bulk', timeoutMs: 5000 })
        return listAt(parseJson(body), 'items')[0]
      },
      found => found !== undefined,
    )
    expect(at(request, 'spec')).toEqual({ hook: 'web-up', by: { user: 'alice' }, dryRun: true })
    const answer = { status: 200, message: 'would go from 2 to 3', outcome: 'applied', reason: 'Stepped' }
    await send(cluster.api, {
      method: 'PATCH',
      path: `${path}/${stringAt(request, 'metadata', 'name')}/status`,
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({ status: { state: 'Done', answer } }),
    })
    await page.getByText('Would apply (Stepped): would go from 2 to 3').waitFor()
    expect(faults).toEqual([])
  })

  it('a request is approved by who may, in the own name, as it was shown, and others see why they may not', async () => {
    const spec = { ...scaleSpec('web'), approval: { within: '15m' } }
    const hook = { apiVersion, kind: hookKind, metadata: { name: 'web-asked' }, spec }
    await made(`/apis/${apiVersion}/namespaces/shop/receiverhooks`, hook)
    const path = `/apis/${apiVersion}/namespaces/shop/receiverhookrequests`
    const asked = { hook: 'web-asked', by: { user: 'admin' }, why: 'the queue is long' }
    await made(path, { apiVersion, kind: requestKind, metadata: { name: 'more' }, spec: asked })
    const patch = (of: string, body: object) =>
      send(cluster.api, {
        method: 'PATCH',
        path: of,
        contentType: 'application/merge-patch+json',
        body: JSON.stringify(body),
      })
    // Nothing runs requests here, so the test shows what a trigger would.
    const show = async (from: number): Promise<void> => {
      const effect = { text: `Deployment/web would go from ${from} to ${from + 1}`, digest: `digest-${from}`, asked: 1 }
      const until = new Date(Date.now() + 900_000).toISOString()
      await patch(`${path}/more/status`, { status: { state: 'Awaiting', until, effect } })
    }
    await show(2)

    const ofBob = (await visit()).page
    await signIn(ofBob, cluster.tokens.bob, '/hooks/shop/web-asked')
    const shown = ofBob.getByRole('region', { name: 'Waiting for approval' })
    await shown.getByText('asked by admin: “the queue is long”').waitFor()
    await shown.getByText('You may not decide: that takes the verb approve on the hook').waitFor()
    expect(await shown.getByRole('button').count()).toBe(0)

    const token = await tokenOf('approver', await createAccount('approver'), 600)
    await grant('approver', account('approver'), [...look, 'approve'])
    const { faults, page } = await visit()
    await signIn(page, token, '/hooks/shop/web-asked')
    const approve = page.getByRole('button', { name: 'Approve …' })
    await approve.click()
    await show(3)
    const dialog = page.getByRole('dialog')
    await dialog.getByText('from 2 to 3').waitFor()
    await dialog.getByRole('button', { name: 'Approve' }).click()
    await dialog.getByText('decision.effect is not what the request would do now', { exact: false }).waitFor()
    await expectAccessible(page, 'the dialog')
    await page.keyboard.press('Escape')
    await page.getByText('from 3 to 4').waitFor()
    await approve.click()
    await dialog.getByLabel('Why, for your colleagues').fill('the sale begins')
    await dialog.getByRole('button', { name: 'Approve' }).click()
    await page.getByText('more was approved.').waitFor()
    await page.getByRole('region', { name: 'Waiting for approval' }).waitFor({ state: 'detached' })
    const request = await send(cluster.api, { method: 'GET', path: `${path}/more` })
    expect(at(request, 'spec', 'decision')).toEqual({
      ...{ is: 'Approved', by: 'system:serviceaccount:shop:approver', effect: 'digest-3', why: 'the sale begins' },
    })
    expect(faults).toEqual([])
  })

  it('a link to a hook opens for somebody who may see its namespace alone', async () => {
    const { page } = await visit()
    await signIn(page, cluster.tokens.bob, '/hooks/shop/web-up')
    await page.getByRole('heading', { name: 'web-up' }).waitFor()
    expect(new URL(page.url()).pathname).toBe('/hooks/shop/web-up')
  })

  it('a command that gives a right is apart from the message, and can be copied', async () => {
    const command = 'kubectl -n shop create rolebinding a --clusterrole=a --serviceaccount=receiver-hooks:trigger'
    const message = `the trigger may not patch deployments.apps. An administrator can grant it with: ${command}`
    const lastTransitionTime = '2026-01-01T00:00:00Z'
    await send(cluster.api, {
      method: 'PATCH',
      path: `/apis/${apiVersion}/namespaces/shop/receiverhooks/web-down/status`,
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({
        status: {
          observedGeneration: 1,
          conditions: [{ type: 'Ready', status: 'False', reason: 'Forbidden', message, lastTransitionTime }],
        },
      }),
    })
    const { page } = await visit()
    await signIn(page, cluster.tokens.bob, '/hooks/shop/web-down')
    const line = page.getByLabel("The message's command")
    expect(await line.textContent()).toBe(command)
    await page.getByText('can grant it with the command below.', { exact: false }).waitFor()
    await picture(page, 'forbidden')
    await expectAccessible(page, 'forbidden')
  })

  it('is asked for it first, and for what makes one where that is wanted', async () => {
    const { page } = await visit()
    await page.goto(base())
    await page.locator('#token').waitFor()
    expect(await page.locator('main input:visible').evaluateAll(inputs => inputs.map(({ id }) => id))).toEqual([
      'token',
    ])
    await page.getByText('Make a token with kubectl').click()
    await page.getByLabel('Service account').fill('viewer')
    await page.getByText('kubectl create token viewer').waitFor()
  })

  it('a service account is led to its own namespace', async () => {
    const token = await tokenOf('seer', await createAccount('seer'), 600)
    await grant('seer', account('seer'), look)
    const { page } = await visit()
    await signIn(page, token, '/')
    await page.getByRole('button', { name: 'shop', exact: true }).click()
    const row = page.locator('[data-key="shop/web-up"]')
    await row.waitFor()
    expect(await row.count()).toBe(1)
  })

  it('a token without rights is known, and sees nothing', async () => {
    const token = await tokenOf('nobody', await createAccount('nobody'), 600)
    const { page } = await visit()
    await signIn(page, token)
    await page.getByText('system:serviceaccount:shop:nobody may not list').waitFor()
    await page.getByText('--serviceaccount=shop:nobody').waitFor()
    expect(await page.locator('.row').count()).toBe(0)
  })

  it.each([
    ['a token that nobody gave out', 'not.a.token'],
    ['one that has ended', undefined],
  ])('%s opens nothing', async (_what, given) => {
    const token = given ?? (await tokenOf('alice', 'uid', -60))
    const { page } = await visit()
    await signIn(page, token)
    await page.getByText('the API server does not accept this token', { exact: false }).waitFor()
    expect(await page.locator('.row').count()).toBe(0)
  })

  it('a token that ends while the page is open ends the page, and a new one goes on where it was', async () => {
    const uid = await createAccount('brief')
    await grant('brief', account('brief'), [...look, 'create'])
    const { page } = await visit()
    await signIn(page, await tokenOf('brief', uid, 30))
    await page.locator('[data-key="shop/web-up"]').waitFor()
    await page.getByText(/Your token ends in/).waitFor()
    await page.getByRole('link', { name: 'Add hook' }).click()
    await page.locator('#field-name').fill('half-written')
    await page.getByRole('dialog').getByText('Your session has ended').waitFor({ timeout: noticedWithinMs })
    await picture(page, 'ended-1280-light')
    await expectAccessible(page, 'ended')
    await page
      .getByRole('dialog')
      .locator('#token')
      .fill(await tokenOf('brief', uid, 600))
    await page.getByRole('dialog').getByRole('button', { name: 'Sign in' }).click()
    await expect.poll(() => page.getByRole('dialog').allInnerTexts()).toEqual([])
    expect(await page.locator('#field-name').inputValue()).toBe('half-written')
  })

  it('a role binding that is deleted closes the open page at its next look', async () => {
    const uid = await createAccount('leaving')
    await grant('leaving', account('leaving'), look)
    const { page } = await visit()
    await signIn(page, await tokenOf('leaving', uid, 600))
    await page.locator('[data-key="shop/web-up"]').waitFor()
    await cluster.api.request({
      method: 'DELETE',
      path: `${rbac}/namespaces/shop/rolebindings/leaving`,
      lane: 'bulk',
      timeoutMs: 5000,
    })
    await page.getByText('may not list receiverhooks', { exact: false }).waitFor({ timeout: noticedWithinMs })
    expect(await page.locator('.row').count()).toBe(0)
  })

  it('an account that is deleted closes the open page at its next look', async () => {
    const uid = await createAccount('gone')
    await grant('gone', account('gone'), look)
    const { page } = await visit()
    await signIn(page, await tokenOf('gone', uid, 600))
    await page.locator('[data-key="shop/web-up"]').waitFor()
    await cluster.api.request({
      method: 'DELETE',
      path: '/api/v1/namespaces/shop/serviceaccounts/gone',
      lane: 'bulk',
      timeoutMs: 5000,
    })
    await page.getByRole('dialog').getByText('Your session has ended').waitFor({ timeout: noticedWithinMs })
    expect(await page.evaluate(async () => (await fetch('/api/me')).status)).toBe(401)
  })

  it('is who asked the API server, in every line of its audit log', () => {
    const lines = readFileSync(join(audited, 'log'), 'utf8').trim().split('\n').map(parseJson)
    const asked = lines.filter(line => String(stringAt(line, 'userAgent')) === 'receiver-hooks')
    const users = new Set(asked.map(line => stringAt(line, 'user', 'username')))
    const admins = lines.filter(line => stringAt(line, 'user', 'username') === 'admin')
    // The administrator is this test.
    expect(admins.length).toBeGreaterThan(0)
    users.delete('admin')
    expect([...users].filter(name => name !== undefined).toSorted()).toEqual(
      [
        'alice',
        'bob',
        ...['approver', 'brief', 'gone', 'leaving', 'nobody', 'seer'].map(name => `system:serviceaccount:shop:${name}`),
      ].toSorted(),
    )
  })
})
