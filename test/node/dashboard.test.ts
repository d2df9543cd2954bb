import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest'
import { clientParts } from '../../scripts/cluster/parts.ts'
import { locateAll } from '../../scripts/cluster/store.ts'
import { at, parseJson, stringAt } from '../../src/api/json.ts'
import { listen } from '../../src/environment/listen.ts'
import { blockWith, listAt } from '../deploy/manifests.ts'
import { spawnOwned } from '../support/owned-process.ts'
import { until } from '../support/product.ts'
import { ours, podsOf, rolledOut } from './installed.ts'
import { pidIn } from './process.ts'
import { openShop } from './shop.ts'
import { shell, succeed } from './support.ts'
import { eventsOf, visit, type Place } from './visitor.ts'

const page = 'docs/how-to/dashboard.md'
/** The address of the page's examples. */
const origin = 'https://receiver-hooks.example.com'

/** Returns the page's example of an overlay, with what else is added to its end, as it is applied next to a checkout. */
const applyOverlay = async (added = ''): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'receiver-hooks-dashboard-'))
  try {
    await symlink(process.cwd(), join(folder, 'receiver-hooks'))
    await mkdir(join(folder, 'my-cluster'))
    await writeFile(
      join(folder, 'my-cluster/kustomization.yaml'),
      blockWith(page, 'yaml', 'components/dashboard') + added,
    )
    for (const commands of ['apply -k', 'rollout status']) {
      const { code, stderr } = await shell(blockWith(page, 'console', commands), { cwd: folder })
      if (code !== 0) throw new Error(stderr)
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}

/**
 * Returns the dashboard's Service, as what routes the page's address to it reaches it. A pod that has just become ready is no
 * endpoint of the Service at once: until kube-proxy has it, connections are refused.
 */
const routed = async (): Promise<Place> => {
  const host = await succeed(`${ours} get service receiver-hooks-dashboard -o jsonpath='{.spec.clusterIP}'`)
  const place: Place = { host, port: 80, origin }
  await until(
    () => visit(place, 'GET /').then(({ status }) => status, String),
    answer => typeof answer === 'number',
  )
  return place
}

/** Returns a token for a new account of a namespace; with the rights that the page gives, or with none. */
const tokenFor = async (namespace: string, name: string, { looks }: { looks: boolean }): Promise<string> => {
  const [grant, token] = ['create role ', 'create token'].map(words =>
    blockWith(page, 'sh', words).replaceAll('shop', namespace).replaceAll('alice', name),
  )
  await succeed(looks ? `${grant}` : `kubectl -n ${namespace} create serviceaccount ${name}`)
  return await succeed(`${token}`)
}

const having = (part: string): unknown => expect.stringContaining(part)

beforeAll(async () => {
  await applyOverlay()
  await rolledOut()
})

afterAll(async () => {
  const all = 'deployment,service,serviceaccount,networkpolicy'
  await succeed(`${ours} delete ${all} -l app.kubernetes.io/component=dashboard`)
})

describe("the dashboard's pod", () => {
  it('is ready, without a token of any account in it', async () => {
    const [dashboard = '', ...others] = await podsOf('dashboard')
    expect(others).toEqual([])
    const pod = parseJson(await succeed(`${ours} get pod ${dashboard} -o json`))
    expect(listAt(pod, 'status', 'conditions').map(found => [at(found, 'type'), at(found, 'status')])).toContainEqual([
      'Ready',
      'True',
    ])
    expect(listAt(pod, 'spec', 'volumes').map(volume => at(volume, 'name'))).toEqual(['ca'])
    const mounts = async (name: string): Promise<string> => readFileSync(`/proc/${await pidIn(name)}/mounts`, 'utf8')
    const [trigger = ''] = await podsOf('trigger')
    const where = /serviceaccount/
    expect([where.test(await mounts(trigger)), where.test(await mounts(dashboard))]).toEqual([true, false])
  })
})

describe('through a port-forward', () => {
  it('serves the page, and shows the hooks of one namespace to everybody who signs in with a token for it', async () => {
    const place = await forwarded()
    const { namespace } = await openShop()
    const document = await visit(place, 'GET /')
    expect(document).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } })
    const [, script = ''] = /src="(\/assets\/[^"]+\.js)"/.exec(document.text) ?? []
    expect((await visit(place, `GET ${script}`)).status).toBe(200)

    const signedIn = await signIn(place, await tokenFor(namespace, 'alice', { looks: true }))
    const headers = signedIn.headers
    expect((await visit(place, 'GET /api/me', { headers })).body).toMatchObject({
      user: `system:serviceaccount:${namespace}:alice`,
      signIn: 'token',
      tokenEnds: true,
    })
    expect(await eventsOf(place, namespace, headers)).toContainEqual(
      expect.objectContaining({
        type: 'rows',
        rows: [expect.objectContaining({ key: `${namespace}/web-up`, ready: 'True' })],
      }),
    )
    // What alice may not do is refused in words, and so is what lies elsewhere.
    const hook = `/api/hooks/${namespace}/web-up`
    expect(await visit(place, `POST ${hook}/run`, { headers, body: { dryRun: false } })).toMatchObject({
      status: 403,
      body: { message: having(`:alice" cannot create resource "receiverhookrequests"`) },
    })
    const { generation, uid } = (await visit(place, `GET ${hook}`, { headers })).body
    expect(await visit(place, `DELETE ${hook}`, { headers, body: { generation, uid } })).toMatchObject({
      status: 403,
      body: { message: having(`:alice" cannot delete resource "receiverhooks"`) },
    })
    expect(await eventsOf(place, 'receiver-hooks', headers)).toContainEqual(
      expect.objectContaining({ type: 'ended', why: 'forbidden' }),
    )
  })

  it('names the missing right to an account without rights, and shows nothing without a token', async () => {
    const place = await forwarded()
    const { namespace } = await openShop()
    const { headers } = await signIn(place, await tokenFor(namespace, 'nobody', { looks: false }))
    const may = `User "system:serviceaccount:${namespace}:nobody" cannot`
    expect(await visit(place, `GET /api/hooks/${namespace}/web-up`, { headers })).toMatchObject({
      status: 403,
      body: { reason: 'Forbidden', message: having(`${may} get resource "receiverhooks"`) },
    })
    const events = await eventsOf(place, namespace, headers)
    expect(events.map(event => at(event, 'type'))).toEqual(['hello', 'begin', 'ended'])
    expect(events).toContainEqual(
      expect.objectContaining({ why: 'forbidden', message: having(`${may} list resource`) }),
    )

    for (const what of ['/api/me', `/api/stream?namespace=${namespace}`, `/api/hooks/${namespace}/web-up`]) {
      expect(await visit(place, `GET ${what}`)).toMatchObject({ status: 401, body: { reason: 'NotSignedIn' } })
    }
    for (const [token, reason] of Object.entries({ ' ': 'NoToken', 'made.up.token': 'UnknownToken' })) {
      expect(await visit(place, 'POST /api/session', { body: { token } })).toMatchObject({
        status: 401,
        body: { reason },
      })
    }
  })
})

describe('through its Service', () => {
  it('serves the address that it was given, and no other', async () => {
    const place = await routed()
    expect((await visit(place, 'GET /')).status).toBe(200)
    expect((await visit({ ...place, origin: `http://${place.host}` }, 'GET /')).status).toBe(421)
    const { namespace } = await openShop()
    const { cookie } = await signIn(place, await tokenFor(namespace, 'alice', { looks: true }))
    expect(cookie).toMatch(/^__Host-receiver-hooks=.*; Secure(;|$)/)
  })
})

describe('behind a proxy that signs people in', () => {
  it('takes the token that the proxy sends, and answers 401 without', async () => {
    await applyOverlay(blockWith(page, 'yaml', '--sign-in=header'))
    const service = await routed()
    const { namespace } = await openShop()
    // What a script of the page sends with each request.
    const headers = { 'x-page-key': 'page' }
    const alice = await proxyTo(service, await tokenFor(namespace, 'alice', { looks: true }))
    expect((await visit(alice, 'GET /')).text).toContain('data-sign-in="header"')
    expect((await visit(alice, 'GET /api/me', { headers })).body).toMatchObject({
      user: `system:serviceaccount:${namespace}:alice`,
      signIn: 'header',
    })
    expect(await eventsOf(alice, namespace, headers)).toContainEqual(
      expect.objectContaining({ rows: [expect.objectContaining({ key: `${namespace}/web-up` })] }),
    )
    const nobody = await proxyTo(service, await tokenFor(namespace, 'nobody', { looks: false }))
    expect(await visit(nobody, `GET /api/hooks/${namespace}/web-up`, { headers })).toMatchObject({
      status: 403,
      body: { message: having(':nobody" cannot get resource "receiverhooks"') },
    })

    const silent = await proxyTo(service, undefined)
    for (const around of [silent, service]) {
      expect(await visit(around, 'GET /api/me', { headers })).toMatchObject({
        status: 401,
        body: { reason: 'NoHeader' },
      })
    }
    // A port-forward leads around the proxy.
    expect((await visit(await forwarded(), 'GET /')).status).toBe(421)
  })
})

/** Runs the port-forward of the page until the test ends. */
const forwarded = async (): Promise<Place> => {
  const { kubectl = 'kubectl' } = locateAll(clientParts, process.env)
  const [, ...words] = blockWith(page, 'sh', 'port-forward').trim().split(' ')
  const forward = spawnOwned(kubectl, [`--kubeconfig=${inject('kubeconfig')}`, ...words], {
    stdout: 'pipe',
    stderr: 'inherit',
  })
  onTestFinished(() => forward.end('SIGKILL'))
  const said: string[] = []
  forward.child.stdout?.setEncoding('utf8').on('data', (text: string) => void said.push(text))
  await until(
    async () => said.join(''),
    text => text.includes('Forwarding from 127.0.0.1:8082'),
  )
  return { host: '127.0.0.1', port: 8082, origin: 'http://127.0.0.1:8082' }
}

/** Signs in as the page does, and gives what it then sends. */
const signIn = async (
  place: Place,
  token: string,
): Promise<{ readonly headers: Readonly<Record<string, string>>; readonly cookie: string }> => {
  const opened = await visit(place, 'POST /api/session', { body: { token } })
  expect({ status: opened.status, refused: opened.body['message'] }).toEqual({ status: 200, refused: undefined })
  const [cookie = ''] = opened.headers['set-cookie'] ?? []
  const [pair = ''] = cookie.split(';')
  return { headers: { cookie: pair, 'x-page-key': stringAt(opened.body, 'pageKey') ?? '' }, cookie }
}

/** Returns a proxy that sends a person's token with each request, until the test ends. */
const proxyTo = async (service: Place, token: string | undefined): Promise<Place> => {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const proxy = createServer((incoming, outgoing) => {
    const { method = 'GET', url = '/' } = incoming
    const headers = { ...incoming.headers, ...authorization }
    const passed = request({ host: service.host, port: service.port, method, path: url, headers }, answer => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.on('error', () => outgoing.destroy()).pipe(outgoing)
    })
    outgoing.on('close', () => passed.destroy())
    incoming.pipe(passed.on('error', () => outgoing.destroy()))
  })
  onTestFinished(() => proxy.closeAllConnections())
  onTestFinished(() => void proxy.close())
  return { host: '127.0.0.1', port: await listen(proxy, { host: '127.0.0.1', port: 0 }), origin }
}
