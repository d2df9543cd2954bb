import { describe, expect, it } from 'vitest'
import { at, stringAt } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import type { ApiConnection } from '../../src/environment/environment.ts'
import { create, read } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import { listAt } from '../deploy/manifests.ts'
import { approving } from '../support/approving.ts'
import { deployments, post, product } from '../support/product.ts'

const setUp = async (
  through: (api: ApiConnection) => ApiConnection = api => api,

  spec: object = { driver: 'redeploy', redeploy: { selector: { matchLabels: { app: 'shop' } }, tags: { glob: '*' } } },
) => {
  const here = await approving({}, true, through)
  const { api, namespace } = here
  const run = async (name: string, image: string): Promise<void> => {
    const labels = { app: 'shop', part: name }
    const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image }] } }
    const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, labels } }
    await create(api, deployments, namespace, { ...deployment, spec: { selector: { matchLabels: labels }, template } })
  }
  await run('api', 'acme/shop:1')
  await run('front', 'acme/shop:1')
  const hook = {
    apiVersion,
    kind: hookKind,
    metadata: { name: 'push' },
    spec: { approval: { within: '15m' }, ...spec },
  }
  await create(api, hooks, namespace, hook)
  const images = async (): Promise<readonly unknown[]> =>
    await Promise.all(
      ['api', 'front'].map(async name => {
        const [container] = listAt(
          await read(api, deployments, namespace, name),
          'spec',
          'template',
          'spec',
          'containers',
        )
        return at(container, 'image')
      }),
    )
  const set = async (name: string, image: string): Promise<void> =>
    void (await here.patch(deployments, name, {
      spec: { template: { spec: { containers: [{ name: 'main', image }] } } },
    }))
  const to = await here.url('push')
  const push = async (image: string): Promise<string> => {
    const answer = await post(
      to,
      { image },
      { headers: { 'idempotency-key': image, 'content-type': 'application/json' } },
    )
    expect([answer.status, at(answer.body, 'reason')]).toEqual([202, 'AwaitingApproval'])
    return stringAt(answer.body, 'request') ?? ''
  }
  return { ...here, images, push, run, set, to }
}

const both =
  'would have rolled out acme/shop:2 in 2 workloads: Deployment/api main from acme/shop:1 to acme/shop:2; Deployment/front main from acme/shop:1 to acme/shop:2'

describe('a push to a hook with approval', () => {
  it('rolls out once it is approved what was shown, and nothing before', async () => {
    const { decide, images, push, status, to } = await setUp()
    const name = await push('acme/shop:2')
    expect(await status(name, 'Awaiting')).toMatchObject({
      effect: { text: both, changes: [{ object: 'Deployment/api' }, {}] },
    })
    expect(await images()).toEqual(['acme/shop:1', 'acme/shop:1'])
    await decide(name, 'Approved')
    expect(await status(name, 'Done')).toMatchObject({ answer: { outcome: 'applied', reason: 'RolledOut' } })
    expect(await images()).toEqual(['acme/shop:2', 'acme/shop:2'])
    expect(await post(to, { image: 'acme/shop:2' }, { headers: { 'idempotency-key': 'acme/shop:2' } })).toMatchObject({
      body: { reason: 'Duplicate' },
    })
  })

  it('changes nothing if it is denied, and is not rolled out by a copy', async () => {
    const { decide, images, push, status } = await setUp()
    const name = await push('acme/shop:2')
    await decide(name, 'Denied')
    expect(await status(name, 'Done')).toMatchObject({ answer: { outcome: 'skipped', reason: 'Denied' } })
    expect(await images()).toEqual(['acme/shop:1', 'acme/shop:1'])
  })

  it('is shown again if a workload has changed since, and void is what was approved', async () => {
    const { decide, images, push, set, status } = await setUp()
    const name = await push('acme/shop:2')
    const shown = await status(name, 'Awaiting')
    await set('front', 'acme/shop:9')
    await decide(name, 'Approved', shown)
    const again = await status(name, 'Awaiting', found => at(found, 'effect', 'asked') === 2)
    expect(again).toMatchObject({
      effect: { text: expect.stringContaining('front main from acme/shop:9 to acme/shop:2') as unknown },
    })
    expect(await images()).toEqual(['acme/shop:1', 'acme/shop:9'])
    await decide(name, 'Approved', again)
    await status(name, 'Done')
    expect(await images()).toEqual(['acme/shop:2', 'acme/shop:2'])
  })

  it('is answered at once if there is nothing to roll out', async () => {
    const { to } = await setUp()
    expect(await post(to, { image: 'acme/other:2' })).toMatchObject({ status: 200, body: { outcome: 'skipped' } })
  })

  it('is finished by a later try if a part of it was done, without another approval', async () => {
    let isApproved = false
    let trials = 0
    // The second workload can't be written until a further try has looked at what is left.
    const { decide, images, push, status } = await setUp(api => ({
      ...api,
      request: async request => {
        const isTrial = request.query?.['dryRun'] === 'All'
        if (!isApproved || request.method !== 'PATCH' || !request.path.endsWith('/deployments/front'))
          return await api.request(request)
        if (isTrial) trials += 1
        return isTrial || trials > 1 ? await api.request(request) : { status: 503, headers: {}, body: '' }
      },
    }))
    const name = await push('acme/shop:2')
    const shown = await status(name, 'Awaiting')
    isApproved = true
    await decide(name, 'Approved', shown)
    expect(await status(name, 'Done')).toMatchObject({ answer: { outcome: 'applied' }, effect: { asked: 1 } })
    expect(trials).toBeGreaterThan(1)
    expect(await images()).toEqual(['acme/shop:2', 'acme/shop:2'])
  })

  it('fails, and changes nothing, if the API server refuses the dry run or the hook was edited since', async () => {
    let refuses = false
    const { decide, images, patch, push, status } = await setUp(api => ({
      ...api,
      request: async request =>
        refuses && request.method === 'PATCH' && request.path.endsWith('/deployments/front')
          ? { status: 400, headers: {}, body: '{"kind":"Status","message":"no dry run"}' }
          : await api.request(request),
    }))
    const name = await push('acme/shop:2')
    const shown = await status(name, 'Awaiting')
    await patch(hooks, 'push', { spec: { approval: { within: '20m' } } })
    refuses = true
    await decide(name, 'Approved', shown)
    expect(await status(name, 'Done')).toMatchObject({ answer: { outcome: 'failed', reason: 'PartlyDone' } })
    expect(await images()).toEqual(['acme/shop:1', 'acme/shop:1'])
  })

  it('is rolled out once by two triggers, of several in their order', async () => {
    const here = await setUp()
    const { decide, images, push, status } = here
    await product(here, { controller: false, requests: true })
    for (const tag of ['2', '3', '4']) {
      const name = await push(`acme/shop:${tag}`)
      await decide(name, 'Approved')
      expect(await status(name, 'Done')).toMatchObject({ answer: { outcome: 'applied' } })
      expect(await images()).toEqual([`acme/shop:${tag}`, `acme/shop:${tag}`])
    }
  })

  it('cannot be approved by half: what is too much to be shown is refused', async () => {
    const { images, run, to } = await setUp()
    for (let i = 0; i < 63; i++) await run(`part-${i}`, `acme/shop:1`)
    expect(await post(to, { image: 'acme/shop:2' })).toMatchObject({
      status: 422,
      body: { reason: 'TooLargeToApprove' },
    })
    expect(await images()).toEqual(['acme/shop:1', 'acme/shop:1'])
  })
})

describe('a restart with approval', () => {
  it('waits, and restarts once', async () => {
    const { api, decide, namespace, status, to } = await setUp(api => api, {
      driver: 'redeploy',
      redeploy: { target: { name: 'api' }, withoutImage: 'restart' },
    })
    const answer = await post(to)
    expect(answer).toMatchObject({
      status: 202,
      body: { message: expect.stringContaining('would have restarted Deployment/api') as unknown },
    })
    const template = async (): Promise<unknown> =>
      at(await read(api, deployments, namespace, 'api'), 'spec', 'template', 'metadata', 'annotations')
    expect(await template()).toBeUndefined()
    const name = stringAt(answer.body, 'request') ?? ''
    await decide(name, 'Approved')
    expect(await status(name, 'Done')).toMatchObject({ answer: { outcome: 'applied', reason: 'Restarted' } })
    expect(await template()).toBeDefined()
  })
})
