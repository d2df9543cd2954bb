import { Buffer } from 'node:buffer'
import { createServer, request, type Server } from 'node:http'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { at, tryParseJson } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { serveHttp, type Serving } from '../../apiserver/http.ts'
import { createApiServer } from '../../apiserver/server.ts'
import { serveDashboard, type ServedDashboard } from '../../dashboard/serve.ts'
import type { SessionConnection } from '../../dashboard/server/session.ts'
import { crds } from '../../src/drivers/registry.ts'
import { pinoLog } from '../../src/environment/log.ts'
import { listen } from '../../src/environment/listen.ts'
import { connect, nodeClock, nodeRandom } from '../../src/environment/node.ts'
import { answer } from '../support/scripted-connection.ts'
import { closeBrowser, expectAccessible, visit } from './page.ts'
import { scaleSpec, startPlayground } from './playground.ts'

const base = (port: number): string => `http://127.0.0.1:${port}/`

let serving: Serving
let withToken: ServedDashboard
let withHeader: ServedDashboard
let proxy: Server
let proxyPort: number
/** The token that the proxy sends. */
let proxied = ''
/** What the proxy answers in place of the dashboard: its own session has ended. */
let proxyAnswers: 'redirect' | 'document' | undefined
/** The types that the page has asked for last. */
let accepted: string | undefined
let createHook: (name: string) => void

/** Returns a token of somebody that ends in so many seconds. The API server of this test believes each. */
const tokenOf = (name: string, seconds: number): string => {
  const claims = JSON.stringify({ sub: name, exp: Math.floor(Date.now() / 1000) + seconds })
  return `e30.${Buffer.from(claims).toString('base64url')}.c2ln`
}

/** Connects as the subject of a token. For the subject `away` the API server is not there. */
const connectAs = (token = ''): SessionConnection => {
  const claims = tryParseJson(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  const username = at(claims, 'sub')
  const api = connect({ server: serving.url })
  return {
    ...api,
    close: () => api.close(),
    watch: (...asked) => api.watch(...asked),
    request: async asked => {
      if (!asked.path.endsWith('/selfsubjectreviews')) return await api.request(asked)
      if (username === 'away') return answer(503, { message: 'the API server is away' })
      return answer(201, { status: { userInfo: { username, groups: [] } } })
    },
  }
}

/** Passes requests on to a dashboard as a proxy does that signs people in: with the token of the moment. */
const proxyTo = (port: () => number): Server =>
  createServer((incoming, outgoing) => {
    const { headers, method, url: path = '' } = incoming
    const isAsset = !path.startsWith('/api/')
    const answers = isAsset ? undefined : proxyAnswers
    if (!isAsset) accepted = headers.accept
    if (answers === 'redirect') {
      outgoing.writeHead(302, { location: 'https://sign-in.example.com/' }).end()
      return
    }
    if (answers === 'document') {
      outgoing.setHeader('content-type', 'text/html').end('<!doctype html><title>Sign in</title>')
      return
    }
    const options = { host: '127.0.0.1', port: port(), method, path }
    const passed = request({ ...options, headers: { ...headers, authorization: `Bearer ${proxied}` } }, got => {
      outgoing.writeHead(got.statusCode ?? 502, got.headers)
      got.pipe(outgoing)
    })
    passed.on('error', () => outgoing.destroy())
    outgoing.on('close', () => passed.destroy())
    incoming.pipe(passed)
  })

const serve = (signIn: 'token' | 'header', url?: URL): Promise<ServedDashboard> =>
  serveDashboard(
    {
      clock: nodeClock,
      random: nodeRandom,
      log: pinoLog({ level: 'error', clock: nodeClock, write: () => undefined }),
    },
    {
      address: { host: '127.0.0.1', port: 0, flag: '--port' },
      signIn,
      ...(url && { url }),
      cluster: serving.url,
      namespace: 'shop',
      systemNamespace: 'receiver-hooks',
      version: '0.0.0-test',
      sessionMs: 3_600_000,
      connectAs,
    },
  )

beforeAll(async () => {
  const server = createApiServer({ clock: nodeClock, random: nodeRandom })
  const post = (path: string, object: object): void => {
    const body = JSON.stringify(object)
    const made = server.handle({ method: 'POST', path, contentType: 'application/json', body })
    if (made.status !== 201) throw new Error(made.body)
  }
  for (const crd of crds) post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd)
  post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } })
  createHook = name =>
    post(`/apis/${apiVersion}/namespaces/shop/receiverhooks`, {
      apiVersion,
      kind: hookKind,
      metadata: { name },
      spec: scaleSpec('web'),
    })
  createHook('web-up')
  serving = await serveHttp(server, { port: 0 })
  withToken = await serve('token')
  proxy = proxyTo(() => withHeader.port)
  proxyPort = await listen(proxy, { host: '127.0.0.1', port: 0, flag: '' })
  withHeader = await serve('header', new URL(base(proxyPort)))
})
afterAll(async () => {
  await closeBrowser()
  withToken.close()
  proxy.closeAllConnections()
  proxy.close()
  withHeader.close()
  await serving.close()
})

describe('behind a proxy that signs people in', () => {
  it('the page goes on without a word when the proxy renews the token', async () => {
    const { page } = await visit()
    proxied = tokenOf('alice', 8)
    await page.goto(base(proxyPort))
    await page.locator('[data-key="shop/web-up"]').waitFor()
    expect(await page.getByText('Your token ends in').count()).toBe(0)
    proxied = tokenOf('alice', 3_600)
    await page.waitForResponse('**/api/me')
    createHook('web-later')
    await page.locator('[data-key="shop/web-later"]').waitFor()
    expect(await page.getByRole('dialog').count()).toBe(0)
  })

  it.each(['redirect', 'document'] as const)('the page says so when the proxy answers with a %s', async answers => {
    const { page } = await visit()
    proxied = tokenOf('alice', 3_600)
    await page.goto(base(proxyPort))
    await page.locator('[data-key="shop/web-up"]').waitFor()
    // Some proxies answer this with 401, and all else with a redirect.
    expect(accepted).toContain('application/json')
    onTestFinished(() => void (proxyAnswers = undefined))
    proxyAnswers = answers
    // The page may ask by itself before, and say so in a dialog that keeps clicks away.
    await page.getByRole('link', { name: 'web-up', exact: true }).dispatchEvent('click')
    await page.getByRole('dialog').getByText('a proxy wants you to sign in').waitFor()
  })

  it('the page says of a change without an answer that it may have been done', async () => {
    const { context, page } = await visit()
    await context.addInitScript(() => {
      const timeout = AbortSignal.timeout.bind(AbortSignal)
      AbortSignal.timeout = ms => timeout(ms / 10)
    })
    await page.route('**/suspend', () => undefined)
    proxied = tokenOf('alice', 3_600)
    await page.goto(`${base(proxyPort)}hooks/shop/web-up`)
    await page.getByRole('button', { name: 'Suspend' }).click()
    await page.getByText('no answer came; it may have been done').waitFor()
    expect(await page.getByRole('dialog').count()).toBe(0)
  })

  it('the page says why nobody can be signed in, and says it again', async () => {
    const { page } = await visit()
    proxied = tokenOf('away', 3_600)
    await page.goto(base(proxyPort))
    const said = page.getByRole('alert').filter({ hasText: 'The API server is away' })
    await said.waitFor()
    await page.getByRole('button', { name: 'I am signed in: try again' }).click()
    await expect.poll(() => said.count(), { timeout: 10_000 }).toBe(2)
  })
})

it('a tab shows the person as whom another tab has signed in', async () => {
  const { context, page } = await visit()
  await page.goto(base(withToken.port))
  await page.locator('#token').fill(tokenOf('alice', 200))
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText('alice').waitFor()
  const other = await context.newPage()
  await other.goto(base(withToken.port))
  await other.getByRole('link', { name: 'Signed in as alice' }).waitFor()
  await page.getByRole('button', { name: 'Paste a new token' }).click()
  await page.getByRole('dialog').locator('#token').fill(tokenOf('admin', 3_600))
  await page.getByRole('dialog').getByRole('button', { name: 'Sign in' }).click()
  await other.getByRole('link', { name: 'Signed in as admin' }).waitFor()
  await other.locator('[data-key="shop/web-up"]').waitFor()
  expect(await other.getByRole('dialog').count()).toBe(0)
})

it('somebody who signs in after another person has rights of their own', async () => {
  const { page } = await visit()
  let isAlice = true
  const right = { allowed: false, verb: 'create', resource: 'receiverhooks' }
  await page.route('**/api/namespaces/shop/may', route =>
    isAlice ? route.fulfill({ json: { create: right } }) : route.continue(),
  )
  await page.goto(`${base(withToken.port)}?ns=shop`)
  await page.locator('#token').fill(tokenOf('alice', 200))
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('link', { name: 'Add hook: alice may not create receiverhooks in namespace shop' }).waitFor()
  isAlice = false
  await page.getByRole('button', { name: 'Paste a new token' }).click()
  await page.getByRole('dialog').locator('#token').fill(tokenOf('admin', 3_600))
  await page.getByRole('dialog').getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('link', { name: 'Signed in as admin' }).waitFor()
  await expect.poll(() => page.getByRole('link', { name: 'Add hook', exact: true }).count()).toBe(1)
})

describe('in the playground', () => {
  it('the dialog of a session that has ended stays until somebody signs in', async () => {
    const playground = await startPlayground()
    const { page } = await visit()
    await page.goto(playground.link())
    await page.locator('.row').first().waitFor()
    await page.evaluate(async () => {
      const headers = {
        'x-page-key': localStorage.getItem('receiver-hooks.page-key') ?? '',
        'content-type': 'application/json',
      }
      await fetch('/api/session', { method: 'DELETE', headers, body: '{}' })
    })
    const dialog = page.getByRole('dialog')
    await dialog.getByText('Your session has ended').waitFor()
    const link = dialog.getByLabel('Or paste it here')
    await link.fill('hunter2')
    await page.keyboard.press('Escape')
    await page.keyboard.press('Escape')
    await page.keyboard.press('Escape')
    expect(await link.inputValue()).toBe('hunter2')
    await dialog.getByRole('button', { name: 'Sign in' }).click()
    await dialog.getByText('This is not a sign-in link').waitFor()
    await expectAccessible(page, 'the dialog')
    await link.fill(playground.link())
    await dialog.getByRole('button', { name: 'Sign in' }).click()
    await dialog.waitFor({ state: 'detached' })
    await page.getByTitle('live', { exact: true }).waitFor()
  })

  it('an address with a namespace that can be none says so, and leads on', async () => {
    const playground = await startPlayground()
    const { page } = await visit()
    await page.goto(playground.link())
    await page.locator('.row').first().waitFor()
    await page.goto(new URL('/?ns=my%20Shop', page.url()).href)
    await page.getByRole('heading', { name: 'No namespace can be called my Shop' }).waitFor()
    await expectAccessible(page, 'a wrong name')
    await page.locator('select#namespace').selectOption('shop')
    await page.locator('.row').first().waitFor()
    expect(await page.getByRole('heading', { name: 'my Shop' }).count()).toBe(0)
  })
})
