import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { at, stringAt } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import type { ApiConnection } from '../../src/environment/environment.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'
import { serviceType } from '../../src/drivers/forward/service.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { create, read, send } from '../../src/kube/requests.ts'
import { hooks, secrets } from '../../src/kube/resources.ts'
import { listAt } from '../deploy/manifests.ts'
import { cluster, post, postUntilDone, product, until, type Cluster, type Posted } from '../support/product.ts'
import { network, serviceServer, type Answering } from '../support/service-server.ts'
import { realServers } from '../support/real.ts'

const ok: Answering = response => void response.end('thanks')

/** Creates a Service, and resolves with its cluster IP. */
const createService = async (here: Cluster, name: string, spec: object = {}): Promise<string> => {
  const { api, namespace } = here
  const object = await create(api, serviceType, namespace, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { selector: { app: name }, ports: [{ name: 'http', port: 8080 }], ...spec },
  })
  return stringAt(object, 'spec', 'clusterIP') ?? ''
}

/** Starts a product, and a Service that answers so. */
const start = async (answering: Answering = ok) => {
  const here = await cluster()
  const { heard, port } = await serviceServer(answering)
  const ip = await createService(here, 'jenkins')
  const routes = new Map([[`${ip}:8080`, port]])
  const { dialled, outbound } = network(routes)
  await product(here, { outbound })
  return {
    ...here,
    dialled,
    heard,
    outbound,
    routes,
    host: `${ip}:8080`,
    /** Makes a hook that forwards to the Service, and resolves with a way to post to it. */
    forwardTo: async (forward: object = {}, spec: object = {}, name = 'to-jenkins') => {
      const member = { service: { name: 'jenkins', port: 'http' }, ...forward }
      await create(here.api, hooks, here.namespace, {
        apiVersion,
        kind: hookKind,
        metadata: { name },
        spec: { driver: 'forward', forward: member, ...spec },
      })
      return await here.url(name)
    },
  }
}

const keyed = (key: string, headers: Readonly<Record<string, string>> = {}): RequestInit => ({
  headers: { 'content-type': 'application/json', 'idempotency-key': key, ...headers },
  body: '{"build": 7}',
})

const said = ({ body, status }: Posted): string =>
  `${status} ${stringAt(body, 'outcome') ?? '-'} ${stringAt(body, 'reason') ?? '-'}`

const keysOf = (heard: readonly { readonly headers: object }[]): ReadonlySet<unknown> =>
  new Set(heard.map(({ headers }) => at(headers, 'idempotency-key')))

describe('a hook that forwards', () => {
  it('passes a delivery on once, sends nothing on a dry run, and says what the Service answered', async () => {
    const here = await start()
    const url = await here.forwardTo({ path: '/github-webhook/', headers: ['X-GitHub-Event'] })
    const dry = await post(`${url}?dryRun=true`, undefined, keyed('first'))
    expect(said(dry)).toBe('200 applied Forwarded')
    expect(dry.body).toMatchObject({ message: 'would have passed the post on to Service/jenkins', dryRun: true })
    expect(dry.body['changes']).toEqual([{ object: 'Service/jenkins', part: 'port http', to: 'not sent' }])
    expect(here.heard).toEqual([])

    const first = await postUntilDone(url, undefined, keyed('first', { 'x-github-event': 'push', 'x-other': 'no' }))
    expect(said(first)).toBe('200 applied Forwarded')
    expect(first.body['changes']).toMatchObject([{ to: '200' }])
    expect(here.heard).toMatchObject([
      {
        url: '/github-webhook/',
        body: '{"build": 7}',
        headers: {
          'content-type': 'application/json',
          host: `jenkins.${here.namespace}.svc`,
          'receiver-hook': `${here.namespace}/to-jenkins`,
          'x-github-event': 'push',
        },
      },
    ])
    expect(at(here.heard[0]?.headers, 'x-other')).toBeUndefined()
    expect(at(here.heard[0]?.headers, 'idempotency-key')).toMatch(/^[\w-]{22}$/)
    expect(said(await postUntilDone(url, undefined, keyed('first')))).toBe('200 skipped Duplicate')
    expect(here.heard).toHaveLength(1)
    expect(said(await postUntilDone(url, undefined, keyed('second')))).toBe('200 applied Forwarded')
    expect(keysOf(here.heard).size).toBe(2)
    const waited = await postUntilDone(`${url}?wait=1s`, undefined, keyed('third'))
    expect(waited.body).toMatchObject({ outcome: 'applied', reason: 'Stored', state: 'stored' })
    expect(new Set(here.dialled)).toEqual(new Set([here.host]))
    expect(stringAt(await here.hook('to-jenkins'), 'status', 'target')).toBe('Service/jenkins')
  })

  it('has one idempotency key for all copies at two replicas, and for what is sent again after failures', async () => {
    let isUp = false
    const here = await start(response => void response.writeHead(isUp ? 202 : 503).end())
    const { triggerPort } = await product(here, { controller: false, outbound: here.outbound })
    const url = await here.forwardTo()
    const other = url.replace(/:\d+\//, `:${triggerPort}/`)
    const copies = await Promise.all([url, other, url, other].map(to => post(to, undefined, keyed('first'))))
    for (const copy of copies) expect(said(copy)).toMatch(/^503 unavailable (ServiceUnavailable|Contended|Unfinished)$/)
    expect(here.heard.length).toBeGreaterThan(0)
    isUp = true
    // Whichever replica has not begun it waits for the other, ten seconds at most. What it has done then may be stored
    // a moment after its answer.
    expect(said(await postUntilDone(other, undefined, keyed('first')))).toMatch(/^200 (applied Forwarded|skipped Dup)/)
    for (const to of [url, other]) {
      await until(
        () => post(to, undefined, keyed('first')),
        answer => said(answer) === '200 skipped Duplicate',
      )
    }
    expect(keysOf(here.heard).size).toBe(1)
  })

  it('keeps the key of a delivery that the Service may have got, also if it refuses a copy', async () => {
    let status: number | undefined
    const here = await start(response => {
      if (status === undefined) response.socket?.destroy()
      else response.writeHead(status).end()
    })
    const url = await here.forwardTo()
    expect(said(await post(url, undefined, keyed('first')))).toBe('503 unavailable ServiceUnavailable')
    status = 422
    expect(said(await post(url, undefined, keyed('first')))).toBe('422 failed ServiceAnswered')
    status = 200
    expect(said(await postUntilDone(url, undefined, keyed('first')))).toBe('200 applied Forwarded')
    expect(keysOf(here.heard).size).toBe(1)
  })

  it('passes one of the copies on that arrive at two replicas at once', async () => {
    const here = await start()
    const { triggerPort } = await product(here, { controller: false, outbound: here.outbound })
    const url = await here.forwardTo()
    const other = url.replace(/:\d+\//, `:${triggerPort}/`)
    const copies = await Promise.all(
      [url, other, url, other, other].map(to => postUntilDone(to, undefined, keyed('first'))),
    )
    for (const copy of copies) expect(said(copy)).toMatch(/^200 (applied Forwarded|skipped Duplicate)$/)
    expect(here.heard).toHaveLength(1)
  })

  it('keeps the key of a delivery whose process is gone before the Service has answered', async () => {
    let isGone = false
    const here = await start((response, count) => {
      if (count > 0) return void response.end('thanks')
      isGone = true
      response.socket?.destroy()
    })
    // As soon as the Service hears of the post, no request of this process arrives.
    const api: ApiConnection = {
      ...here.api,
      request: request => (isGone ? Promise.reject(new Unreachable('gone', true)) : here.api.request(request)),
    }
    const { triggerPort } = await product({ ...here, api }, { controller: false, outbound: here.outbound })
    const url = await here.forwardTo()
    const lost = await post(url.replace(/:\d+\//, `:${triggerPort}/`), undefined, keyed('first'))
    expect(lost.status).toBe(503)
    expect(here.heard).toHaveLength(1)
    expect(said(await postUntilDone(url, undefined, keyed('first')))).toBe('200 applied Forwarded')
    expect(here.heard).toHaveLength(2)
    expect(keysOf(here.heard).size).toBe(1)
  })

  it('passes nothing on for a post without a body that asks about an unfinished delivery', async () => {
    let status = 503
    const here = await start(response => void response.writeHead(status).end())
    const url = await here.forwardTo()
    const asking = { headers: { 'idempotency-key': 'first' } }
    expect(said(await post(url, undefined, keyed('first')))).toBe('503 unavailable ServiceUnavailable')
    status = 200
    for (const query of ['', '?wait=1s']) {
      expect(said(await post(url + query, undefined, asking))).toBe('503 unavailable Unfinished')
    }
    expect(said(await postUntilDone(url, undefined, keyed('first')))).toBe('200 applied Forwarded')
    expect(said(await postUntilDone(url, undefined, asking))).toBe('200 skipped Duplicate')
    expect(new Set(here.heard.map(({ body }) => body))).toEqual(new Set(['{"build": 7}']))
  })

  it('fails where the Service answers 4xx, says no more than the status, and a copy tries again', async () => {
    let status = 404
    const here = await start(response => void response.writeHead(status).end('a secret of the Service'))
    const url = await here.forwardTo()
    const refused = await postUntilDone(url, undefined, keyed('first'))
    expect(said(refused)).toBe('422 failed ServiceAnswered')
    expect(refused.body['message']).toBe('Service/jenkins answered 404')
    expect(JSON.stringify([...refused.headers])).not.toContain('secret')
    status = 200
    expect(said(await postUntilDone(url, undefined, keyed('first')))).toBe('200 applied Forwarded')
    expect(here.heard).toHaveLength(2)
  })

  it('ends a post that two hooks pass on to one another', async () => {
    const here = await start()
    const [one, two] = [await here.forwardTo({}, {}, 'one'), await here.forwardTo({}, {}, 'two')]
    // The Service is the trigger itself here.
    here.routes.set(here.host, Number(new URL(one).port))
    const pathOf = (url: string): string => new URL(url).pathname
    await here.patchHook('one', { spec: { forward: { path: pathOf(two), timeout: '3s' } } })
    await here.patchHook('two', { spec: { forward: { path: pathOf(one), timeout: '3s' } } })
    expect([await here.url('one'), await here.url('two')]).toEqual([one, two])
    // A trigger follows the hooks' new paths a moment later.
    let tries = 0
    const answer = await until(
      () => post(one, undefined, keyed(`${(tries += 1)}`)),
      ({ status }) => status === 422,
    )
    expect(said(answer)).toBe('422 failed ServiceAnswered')
    // A post before whose time was over may still be passed on meanwhile.
    await until(
      async () => {
        const before = here.dialled.length
        await post(one, undefined, keyed(`${(tries += 1)}`))
        return here.dialled.length - before
      },
      dials => dials === 4,
    )
  })

  it('passes no token, no credential and no secret of auth on', async () => {
    const here = await start()
    await create(here.api, secrets, here.namespace, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'sender' },
      data: { key: Buffer.from('0123456789abcdef').toString('base64') },
    })
    const secretKeyRef = { name: 'sender', key: 'key' }
    const byHeader = await here.forwardTo(
      { headers: ['X-Sender', 'X-Fine'] },
      { auth: { header: { name: 'x-sender', secretKeyRef } } },
      'by-header',
    )
    const withHeader = keyed('first', { 'X-Sender': '0123456789abcdef', 'X-Fine': 'yes', cookie: 'a=b' })
    await until(
      () => post(byHeader, undefined, withHeader),
      ({ status }) => status === 200,
    )
    const token = await here.forwardTo({ headers: ['X-Fine'] }, {}, 'by-token')
    const [, endpoint = '', inPath = ''] = /^(.*)\/([^/]+)$/.exec(token) ?? []
    const withToken = keyed('second', { authorization: `Bearer ${inPath}`, 'x-fine': 'yes' })
    expect(said(await postUntilDone(endpoint, undefined, withToken))).toBe('200 applied Forwarded')
    // A signature is no secret: the Service can check it, as the trigger did.
    const signed = await here.forwardTo(
      { headers: ['X-Hub-Signature-256'] },
      { auth: { hmac: { secretKeyRef } } },
      'signed',
    )
    const digits = createHmac('sha256', '0123456789abcdef').update('{"build": 7}').digest('hex')
    const signature = `sha256=${digits}`
    await until(
      () => post(signed, undefined, keyed('third', { 'x-hub-signature-256': signature })),
      ({ status }) => status === 200,
    )
    expect(here.heard.map(({ headers }) => [headers['x-fine'], headers['x-hub-signature-256']])).toEqual([
      ['yes', undefined],
      ['yes', undefined],
      [undefined, signature],
    ])
    const everything = JSON.stringify(here.heard)
    expect(everything).not.toContain('0123456789abcdef')
    expect(everything).not.toContain(inPath)
    expect(here.heard.flatMap(({ headers }) => [headers.authorization, headers.cookie])).toEqual(
      Array(6).fill(undefined),
    )
  })

  it.each<[string, object, string]>([
    [
      'an ExternalName',
      { type: 'ExternalName', externalName: 'metadata.example', selector: undefined },
      'is an ExternalName',
    ],
    ['a headless Service', { clusterIP: 'None' }, 'is headless'],
    ['a Service without a selector', { selector: undefined }, 'has no selector'],
    ['a Service without the port', { ports: [{ name: 'web', port: 80 }] }, 'has no TCP port http: it has web (80)'],
  ])('is Stalled with %s, and answers 422', async (_what, spec, why) => {
    const here = await start()
    await createService(here, 'other', spec)
    const url = await here.forwardTo({ service: { name: 'other', port: 'http' } })
    const refused = await postUntilDone(url, undefined, keyed('first'))
    expect(said(refused)).toBe('422 failed ServiceRefused')
    expect(refused.body['message']).toContain(`Service/other ${why}`)
    const conditions = listAt(await here.hook('to-jenkins'), 'status', 'conditions')
    expect(
      conditions.map(each => `${stringAt(each, 'type')} ${stringAt(each, 'status')} ${stringAt(each, 'reason')}`),
    ).toEqual(expect.arrayContaining(['Ready False ServiceRefused', 'Stalled True ServiceRefused']))
    expect(here.dialled).toEqual([])
  })

  it('follows its Service: what it has become at the moment of a post decides', async () => {
    const here = await start()
    const url = await here.forwardTo()
    expect(said(await postUntilDone(url, undefined, keyed('first')))).toBe('200 applied Forwarded')
    await send(here.api, {
      method: 'PATCH',
      path: objectPath(serviceType, here.namespace, 'jenkins'),
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({ spec: { selector: null } }),
    })
    expect(said(await postUntilDone(url, undefined, keyed('second')))).toBe('422 failed ServiceRefused')
    const path = objectPath(serviceType, here.namespace, 'jenkins')
    await here.api.request({ method: 'DELETE', path, lane: 'bulk', timeoutMs: 10_000 })
    expect(await read(here.api, serviceType, here.namespace, 'jenkins')).toBeUndefined()
    expect(said(await postUntilDone(url, undefined, keyed('third')))).toBe('422 failed TargetNotFound')
    expect(here.heard).toHaveLength(1)
  })

  it('is refused by the API server with a header or a path that may not be', async () => {
    const here = await start()
    await expect(here.forwardTo({ headers: ['X-Fine', 'Authorization'] })).rejects.toThrow(/is never passed on/)
    await expect(here.forwardTo({ headers: ['COOKIE'] })).rejects.toThrow(/is never passed on/)
    await expect(here.forwardTo({ headers: ['X_Fine'] })).rejects.toThrow(/must be a header name/)
    for (const path of ['hook', '/a?b', '/a#b', '/a%2fb', '/a b', 'http://192.0.2.1/']) {
      await expect(here.forwardTo({ path })).rejects.toThrow(/must be a path that begins with/)
    }
    for (const path of ['/..', '/a/../b', '/./a', '/a/.']) {
      await expect(here.forwardTo({ path })).rejects.toThrow(/must not have "\." or/)
    }
    for (const timeout of ['99ms', '3001ms', '1m']) {
      await expect(here.forwardTo({ timeout })).rejects.toThrow(/must be between 100ms and 3s/)
    }
    for (const port of [0, 65_536, '8080', 'HTTP', '']) {
      await expect(here.forwardTo({ service: { name: 'jenkins', port } })).rejects.toThrow(
        /must be a port of the Service/,
      )
    }
  })
})

it.each(realServers)('%s lets nobody add an address of the host or the link to a Service', async () => {
  const { api, namespace } = await cluster()
  const add = async (address: string): Promise<number> => {
    const slice = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { generateName: 'jenkins-', labels: { 'kubernetes.io/service-name': 'jenkins' } },
      addressType: address.includes(':') ? 'IPv6' : 'IPv4',
      endpoints: [{ addresses: [address] }],
      ports: [{ port: 80 }],
    }
    const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`
    const body = JSON.stringify(slice)
    return (await api.request({ method: 'POST', path, body, lane: 'bulk', timeoutMs: 10_000 })).status
  }
  for (const address of ['169.254.169.254', '127.0.0.1', '::1', 'fe80::1']) expect(await add(address)).toBe(422)
  // It is a limit of what the page on attackers says: this may be a node.
  expect(await add('192.0.2.10')).toBe(201)
})

it.each(realServers)('%s gives no Service an address that is not of its range', async () => {
  const here = await cluster()
  for (const clusterIP of ['169.254.169.254', '127.0.0.1', '192.0.2.10']) {
    await expect(createService(here, 'other', { clusterIP })).rejects.toThrow(
      /not in the valid range|invalid|loopback/i,
    )
  }
})
