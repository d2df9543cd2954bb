import { noDefinitions } from '../support/environment.ts'
import { describe, expect, it } from 'vitest'
import { connectInProcess } from '../../apiserver/connection.ts'
import type { ApiConnection, ApiRequest } from '../../src/environment/environment.ts'
import type { Redeploy } from '../../src/drivers/redeploy/schema.ts'
import { workloadKind } from '../../src/drivers/rollouts/kinds.ts'
import { lookAtWorkloads } from '../../src/drivers/rollouts/look.ts'
import { planOfNothing } from '../../src/drivers/rollouts/plan.ts'
import { planImages } from '../../src/drivers/redeploy/images.ts'
import { rollOutAll } from '../../src/drivers/rollouts/roll-out.ts'
import { rollOut } from '../../src/drivers/rollouts/write.ts'
import { wantedBy } from '../../src/drivers/redeploy/wanted.ts'
import { findWorkloads, type Workset } from '../../src/drivers/rollouts/workloads.ts'
import { read } from '../../src/kube/requests.ts'
import type { StoredObject } from '../../src/api/object.ts'
import { ask } from '../apiserver/ask.ts'
import { fakeClock } from '../support/clock.ts'

const member: Redeploy = { selector: {}, kinds: ['Deployment'], pin: 'tag', withoutImage: 'skip' }
const deployments = { group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment' } as const
const path = '/apis/apps/v1/namespaces/shop/deployments'

const deployment = (name: string, annotations: object, fat: number) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, annotations },
  spec: {
    selector: { matchLabels: { app: name } },
    template: {
      metadata: {
        labels: { app: name },
        annotations: { 'pushed.receiverhooks.dev/web': 'digest', other: 'x'.repeat(1000) },
      },
      spec: { containers: [{ name: 'web', image: 'acme/web:1', env: [{ name: 'FAT', value: 'x'.repeat(fat) }] }] },
    },
  },
})

const setUp = () => {
  const { server, post } = ask()
  post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } })
  const real = connectInProcess(server)
  const asked: ApiRequest[] = []
  const api: ApiConnection = {
    ...real,
    request: request => {
      asked.push(request)
      return real.request(request)
    },
  }
  const make = (name: string, annotations = {}, fat = 50_000) => void post(path, deployment(name, annotations, fat))
  return { api, asked, make }
}

const worksetOf = async (api: ApiConnection): Promise<Workset> => {
  const found = await findWorkloads(api, 'shop', member)
  if ('reason' in found) throw new Error(found.message)
  return found
}

const noPods = () => Promise.resolve(undefined)

describe('the workloads of a selector', () => {
  it('are read page by page, and no more of them is held than what a plan needs', async () => {
    const { api, make } = setUp()
    const note = { 'pushed.receiverhooks.dev/web': '5 a b' }
    for (let i = 0; i < 8; i += 1) make(`w${i}`, { ...note, fat: 'y'.repeat(200_000) })
    const { found, large } = await worksetOf(api)
    expect([found.length, large]).toEqual([8, []])
    expect(JSON.stringify(found[0]?.object).length).toBeLessThan(1000)
    expect(found[0]?.object.metadata.annotations).toEqual(note)
  })

  it('have the same plan and patch as the whole object', async () => {
    const { api, make } = setUp()
    make('web', { 'pushed.receiverhooks.dev/web': '5 a b', other: 'z' })
    const [first] = (await worksetOf(api)).found
    const whole = await read(api, deployments, 'shop', 'web')
    const pushes = [{ path: 'acme/web', tag: '2', digest: `sha256:${'a'.repeat(64)}` }]
    const wanted = wantedBy({ ...member, tags: { exact: ['2'] } }, pushes, { id: 'c', at: 9 }, 9)
    if (!first || !whole || !wanted) throw new Error('there is no workload')
    const plan = (object: StoredObject) =>
      planImages(object, first.workloads, container => wanted.chosenFor(container), 'tag')
    expect(plan(first.object)).toEqual(plan(whole))
    expect(plan(whole).patch.length).toBeGreaterThan(3)
  })

  it('are written by one request, and not read again once it is answered', async () => {
    const { api, asked, make } = setUp()
    make('web')
    const [first] = (await worksetOf(api)).found
    const pushes = [{ path: 'acme/web', tag: '2' }]
    const wanted = wantedBy({ ...member, tags: { exact: ['2'] } }, pushes, { id: 'c', at: 9 }, 9)
    if (!first || !wanted) throw new Error('there is no workload')
    asked.length = 0
    const clock = fakeClock()
    const rolling = rollOut(
      first,
      object => planImages(object, first.workloads, container => wanted.chosenFor(container), 'tag'),
      { api, charge: () => {}, clock, namespace: 'shop', mayContinue: () => Promise.resolve(true) },
    )
    await clock.advance(1000)
    expect(await rolling).toMatchObject({ rolled: 'out', changes: [{ object: 'Deployment/web' }] })
    expect(asked.map(({ method }) => method)).toEqual(['PATCH'])
  })

  it('that are too large to be read are named, and are rolled out with none', async () => {
    const { api, make } = setUp()
    make('fat', { fat: 'y'.repeat(2_200_000) })
    make('web')
    const { found, large } = await worksetOf(api)
    expect([found.map(({ object }) => object.metadata.name), large]).toEqual([['web'], ['Deployment/fat']])
  })

  it('that have grown too large since are not taken for replaced when an outcome is asked for', async () => {
    const { api, make } = setUp()
    make('fat', { fat: 'y'.repeat(2_200_000) })
    make('web')
    const look = await lookAtWorkloads(member, {
      api,
      namespace: 'shop',
      hookName: 'push',
      changes: [],
      definitions: noDefinitions,
      pods: noPods,
    })
    expect(look.settlementOf({ at: 0, did: ['a'], n: 2 }, 0)).toEqual({
      state: 'progressing',
      message: "can't read Deployment/fat: remove large parts of it, such as annotations",
    })
  })

  it('that are more than one delivery reads are not read to their end', async () => {
    const { api, asked, make } = setUp()
    for (let i = 0; i < 60; i += 1) make(`w${i}`, { fat: 'y'.repeat(900_000) })
    expect(await findWorkloads(api, 'shop', member)).toMatchObject({ reason: 'TooLarge' })
    expect(asked.length).toBeLessThan(45)
  })

  it.each([
    [
      'grow too large',
      409,
      { status: 200, tooLarge: new Map<string, string>() },
      { rolled: 'refused', forbidden: false },
    ],
    ['may no longer be read', 409, { status: 403 }, { rolled: 'refused', forbidden: true }],
    [
      'are deleted',
      409,
      { status: 404, body: JSON.stringify({ kind: 'Status', code: 404, details: { name: 'web' } }) },
      { rolled: 'gone' },
    ],
    ['are hidden by a proxy', 409, { status: 404, body: 'no such host' }, { rolled: 'left' }],
    ['may no longer be written', 403, undefined, { rolled: 'refused', forbidden: true }],
    ['are refused by a webhook', 400, { status: 200 }, { rolled: 'refused', forbidden: false }],
    ['are too large to be written', 413, { status: 200 }, { rolled: 'refused', forbidden: false }],
  ])('that %s meanwhile are not tried for ever', async (_what, written, answer, expected) => {
    const { api, make } = setUp()
    make('web')
    const [first] = (await worksetOf(api)).found
    const workloads = workloadKind('Deployment')
    if (!first || !workloads) throw new Error('there is no workload')
    const stale: ApiConnection = {
      ...api,
      request: async request =>
        request.method === 'PATCH'
          ? { status: written, headers: {}, body: '{}' }
          : answer
            ? { headers: {}, body: '', ...answer }
            : await api.request(request),
    }
    const plan = () => ({ ...planOfNothing(), patch: [{ op: 'add', path: '/x', value: 1 } as const] })
    const clock = fakeClock()
    const mayContinue = () => Promise.resolve(clock.monotonic() < 5000)
    const rolling = rollOut(first, plan, { api: stale, charge: () => {}, clock, namespace: 'shop', mayContinue })
    await clock.advance(6000)
    expect(await rolling).toMatchObject(expected)
  })

  it.each([400, 404, 409, 418, 422, 429, 500, 503])(
    'that a webhook refuses with the status %i are refused at once, with what it says',
    async code => {
      const { api, make } = setUp()
      make('web')
      const [first] = (await worksetOf(api)).found
      if (!first) throw new Error('there is no workload')
      const message = 'admission webhook "freeze.example.com" denied the request: not on Fridays'
      const against: ApiConnection = {
        ...api,
        request: async request =>
          request.method === 'PATCH'
            ? { status: code, headers: {}, body: JSON.stringify({ kind: 'Status', code, message }) }
            : await api.request(request),
      }
      let [charged, tries] = [0, 0]
      const rolled = await rollOut(
        first,
        () => ({ ...planOfNothing(), patch: [{ op: 'add', path: '/x', value: 1 } as const] }),
        {
          api: against,
          charge: bytes => void (charged += bytes),
          clock: fakeClock(),
          namespace: 'shop',
          mayContinue: () => Promise.resolve(tries++ < 2),
        },
      )
      expect(rolled).toEqual({
        rolled: 'refused',
        forbidden: false,
        message: `changing the workload: the API server answered ${code}: ${message}`,
      })
      expect(charged).toBe(0)
    },
  )

  /** Rolls a workload out for ten seconds. `written` is the status of each answer to a write, by its number. */
  const rolledOutWith = async (written: (write: number) => number) => {
    const { api, make } = setUp()
    make('web')
    const [first] = (await worksetOf(api)).found
    if (!first) throw new Error('there is no workload')
    const clock = fakeClock()
    let writes = 0
    const answering: ApiConnection = {
      ...api,
      request: async request => {
        const status = request.method === 'PATCH' ? written(writes++) : 200
        if (status === 200) return await api.request(request)
        await new Promise<void>(resolve => void clock.after(2, resolve))
        return { status, headers: {}, body: JSON.stringify({ kind: 'Status', code: status, message: 'not now' }) }
      },
    }
    const plan = () => ({ ...planOfNothing(), patch: [{ op: 'add', path: '/metadata/labels', value: {} } as const] })
    const mayContinue = () => Promise.resolve(clock.monotonic() < 10_000)
    const rolling = rollOut(first, plan, { api: answering, charge: () => {}, clock, namespace: 'shop', mayContinue })
    await clock.advance(12_000)
    return { rolled: await rolling, writes }
  }

  it('are rolled out though an API server that has just started forbids it at first', async () => {
    const { rolled, writes } = await rolledOutWith(write => (write < 3 ? 403 : 200))
    expect(rolled).toMatchObject({ rolled: 'out' })
    expect(writes).toBe(4)
  })

  it.each([409, 422])('are not written without a pause, where each write is answered %i', async status => {
    const { rolled, writes } = await rolledOutWith(() => status)
    expect(['left', 'refused']).toContain(rolled.rolled)
    expect(writes).toBeLessThan(150)
  })

  const rollAll = async (api: ApiConnection) => {
    const plan = () => ({ ...planOfNothing(), patch: [{ op: 'add', path: '/metadata/labels', value: {} } as const] })
    const execution = { api, charge: () => {}, clock: fakeClock(), hook: { namespace: 'shop' } }
    return await rollOutAll(member, { what: undefined, plan }, execution, {
      isNamed: true,
      mayContinue: () => Promise.resolve(true),
      progress: () => {},
    })
  }

  it('are rolled out if they are 1,000, and none of them if they are 1,001', async () => {
    const { api, asked, make } = setUp()
    for (let i = 0; i < 1000; i += 1) make(`w${i}`, {}, 1)
    expect((await worksetOf(api)).found.length).toBe(1000)
    asked.length = 0
    await rollAll(api)
    expect(asked.filter(({ method }) => method === 'PATCH').length).toBe(1000)
    make('one-more', {}, 1)
    asked.length = 0
    expect(await rollAll(api)).toMatchObject({ worked: 'failed', outcome: { outcome: 'failed', reason: 'TooLarge' } })
    expect(asked.filter(({ method }) => method === 'PATCH')).toEqual([])
  })

  it('are said to be unreadable for good, where the API server cannot read their selector', async () => {
    const { api } = setUp()
    const body = JSON.stringify({ kind: 'Status', code: 400, message: 'unable to parse requirement' })
    const unreadable = { ...api, request: () => Promise.resolve({ status: 400, headers: {}, body }) }
    expect(await rollAll(unreadable)).toMatchObject({
      worked: 'failed',
      outcome: {
        outcome: 'failed',
        reason: 'InvalidHook',
        message: 'list of deployments: the API server answered 400: unable to parse requirement',
      },
    })
  })
})
