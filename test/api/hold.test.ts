import { describe, expect, it } from 'vitest'
import { listObjects } from '../../cli/cluster/hooks.ts'
import { at } from '../../src/api/json.ts'
import type { StoredObject } from '../../src/api/object.ts'
import { objectPath, type ResourceType } from '../../src/kube/paths.ts'
import { create, read, send } from '../../src/kube/requests.ts'
import { autoscalers, events, hooks } from '../../src/kube/resources.ts'
import { notification } from '../support/alertmanager.ts'
import { makeAutoscaler } from '../support/counted.ts'
import { cluster, deployments, post, postUntilDone, product, type Cluster } from '../support/product.ts'

const cronJobs: ResourceType = { group: 'batch', version: 'v1', resource: 'cronjobs', kind: 'CronJob' }

const makeCronJob = (here: Cluster, suspend?: boolean): Promise<StoredObject> => {
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'report', image: 'report' }] } }
  return create(here.api, cronJobs, here.namespace, {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'report' },
    spec: { schedule: '0 3 1 1 *', ...(suspend !== undefined && { suspend }), jobTemplate: { spec: { template } } },
  })
}

/** Changes an object as a person does. */
const patch = (here: Cluster, type: ResourceType, name: string, body: object): Promise<StoredObject> =>
  send(here.api, {
    method: 'PATCH',
    path: objectPath(type, here.namespace, name),
    query: { fieldManager: 'kubectl-edit' },
    contentType: 'application/merge-patch+json',
    body: JSON.stringify(body),
  })

const report = { apiVersion: 'batch/v1', kind: 'CronJob', name: 'report' }

const hook = (here: Cluster, name: string, hold: object, spec: object = {}): Promise<StoredObject> =>
  here.createHook(name, {}, { driver: 'hold', scale: undefined, hold, for: '2h', ...spec })

/** Ends all that a hook holds, as `kubectl receiverhook end` does. */
const end = (here: Cluster, name: string): Promise<StoredObject> =>
  here.patchHook(name, { spec: { endBefore: new Date(Date.now() + 1000).toISOString() } })

const leaseStates = (hook: unknown): readonly unknown[] => {
  const shown = at(hook, 'status', 'leases', 'shown')
  return Array.isArray(shown) ? shown.map(lease => at(lease, 'state')) : []
}

/** Times in a status are whole seconds, so a hold has to begin in an earlier one than it is overruled. */
const untilNextSecond = async (here: Cluster): Promise<void> => {
  const now = Date.now()
  await here.until(
    () => Promise.resolve(Math.floor(Date.now() / 1000) * 1000),
    second => second > now,
  )
}

const seen = async (here: Cluster, type: ResourceType, name: string, path: readonly string[]): Promise<unknown> =>
  at(await read(here.api, type, here.namespace, name), ...path)

describe('a switch', () => {
  it('is on while any hook holds it, and then what it was before', async () => {
    const here = await cluster()
    await product(here)
    await makeCronJob(here, false)
    for (const name of ['one', 'other']) await hook(here, name, { target: report })
    const [one, other] = [await here.url('one'), await here.url('other')]
    const suspended = () => seen(here, cronJobs, 'report', ['spec', 'suspend'])

    expect((await post(`${one}?dryRun=true`)).body['message']).toMatch(/^would have suspended CronJob\/report, until /)
    expect(await suspended()).toBe(false)
    const first = await post(one)
    expect([first.status, first.body['outcome'], first.body['reason']]).toEqual([200, 'applied', 'Held'])
    expect(first.body['message']).toMatch(/^suspended CronJob\/report, until /)
    expect(first.body['until']).toBeTypeOf('string')
    expect((await post(other)).body['message']).toMatch(/^suspended CronJob\/report, as 1 more does, until /)
    expect(await suspended()).toBe(true)

    await end(here, 'one')
    await here.until(
      () => here.hook('one'),
      now => at(now, 'status', 'lastDelivery', 'reason') === 'LeaseEnded',
    )
    expect(await suspended()).toBe(true)
    await end(here, 'other')
    await here.until(suspended, now => now === false)
    const ended = await here.until(
      () => here.hook('other'),
      now => at(now, 'status', 'lastDelivery', 'reason') === 'LeaseEnded',
    )
    expect(at(ended, 'status', 'lastDelivery', 'summary')).toBe('CronJob/report suspend=true: nobody holds it any more')
  })

  it('answers a copy, and a post that asks for the outcome, in words of the field', async () => {
    const here = await cluster()
    await product(here)
    await makeCronJob(here, false)
    await hook(here, 'one', { target: report })
    const url = await here.url('one')
    const init = { headers: { 'idempotency-key': 'once' } }
    expect((await post(url, undefined, init)).body['reason']).toBe('Held')
    const words = /^the same delivery was decided at \S+: it began holding CronJob\/report suspend=true$/
    expect((await post(url, undefined, init)).body['message']).toMatch(words)
    const asked = await post(`${url}?wait=0s`, undefined, init)
    expect(asked.body['summary']).toBe('it began holding CronJob/report suspend=true')
    expect(asked.body).not.toHaveProperty('from')
  })

  it('says why it is held', async () => {
    const here = await cluster()
    await product(here)
    await makeCronJob(here, false)
    await hook(here, 'one', { target: report })
    expect((await post(`${await here.url('one')}?reason=database%20migration`)).body['reason']).toBe('Held')
    const shown = await here.until(
      () => here.hook('one'),
      now => at(now, 'status', 'leases') !== undefined,
    )
    expect(at(shown, 'status', 'leases', 'shown')).toEqual([
      expect.objectContaining({
        object: 'CronJob/report suspend=true',
        of: 'plain: database migration',
        state: 'open',
      }),
    ])
  })

  it('stays as a person has set it', async () => {
    const here = await cluster()
    await product(here)
    await makeCronJob(here, true)
    await hook(here, 'one', { target: report })
    const url = await here.url('one')
    const already = await post(url)
    expect([already.body['outcome'], already.body['reason']]).toEqual(['unchanged', 'AlreadySo'])
    expect(already.body['message']).toMatch(/^CronJob\/report: spec.suspend is already true\. /)
    expect(already.body['until']).toBeUndefined()

    await patch(here, cronJobs, 'report', { spec: { suspend: false } })
    expect((await post(url)).body['reason']).toBe('Held')
    await patch(here, cronJobs, 'report', { spec: { suspend: false } })
    await end(here, 'one')
    await here.until(
      () => here.hook('one'),
      now => at(now, 'status', 'leases') === undefined,
    )
    expect(await seen(here, cronJobs, 'report', ['spec', 'suspend'])).toBe(false)
  })

  it('says who has overruled it, and that the hold is over', async () => {
    const here = await cluster()
    await product(here)
    await makeCronJob(here, false)
    await hook(here, 'one', { target: report })
    const url = await here.url('one')
    expect((await post(url)).body['reason']).toBe('Held')
    await here.until(
      () => here.hook('one'),
      now => at(now, 'status', 'leases') !== undefined,
    )
    await untilNextSecond(here)
    await patch(here, cronJobs, 'report', { spec: { suspend: false } })
    // The controller looks at what a hook holds when it validates the hook.
    await here.patchHook('one', { spec: { dedupeWindow: '41s' } })
    const overruled = await here.until(
      () => here.hook('one'),
      now => leaseStates(now).includes('overruled'),
    )
    expect(at(overruled, 'status', 'conditions')).toContainEqual(
      expect.objectContaining({
        type: 'Overruled',
        status: 'True',
        message: expect.stringMatching(
          /^kubectl-edit has set spec\.suspend of CronJob\/report to false at \S+Z, so this hook's hold on it is over$/,
        ) as unknown,
      }),
    )
    await here.until(
      () => listObjects(here, events, here.namespace),
      found => found.some(({ reason, type }) => reason === 'Overruled' && type === 'Warning'),
    )

    expect((await post(url)).body['reason']).toBe('Held')
    await here.patchHook('one', { spec: { dedupeWindow: '42s' } })
    await here.until(
      () => here.hook('one'),
      now => !JSON.stringify(now).includes('"Overruled"') && leaseStates(now).join() === 'open',
    )
  })

  it('of an autoscaler stops scale-in, and is the default of the server again', async () => {
    const here = await cluster()
    await product(here)
    await here.createDeployment('web', 2)
    await makeAutoscaler(here, 'web')
    await hook(here, 'no-scale-in', {
      target: { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', name: 'web' },
    })
    const policy = () => seen(here, autoscalers, 'web', ['spec', 'behavior', 'scaleDown', 'selectPolicy'])
    expect((await post(await here.url('no-scale-in'))).body['message']).toMatch(
      /^stopped scale-in of HorizontalPodAutoscaler\/web, until /,
    )
    expect(await policy()).toBe('Disabled')
    await end(here, 'no-scale-in')
    await here.until(policy, now => now !== 'Disabled')
  })

  it('goes back with the hook that holds it', async () => {
    const here = await cluster()
    await product(here)
    await makeCronJob(here)
    await hook(here, 'one', { target: report })
    expect((await post(await here.url('one'))).body['reason']).toBe('Held')
    await here.api.request({
      method: 'DELETE',
      path: objectPath(hooks, here.namespace, 'one'),
      lane: 'bulk',
      timeoutMs: 5000,
    })
    await here.until(
      () => seen(here, cronJobs, 'report', ['spec', 'suspend']),
      now => now !== true,
    )
  })

  it('is released when the alert is over', async () => {
    const here = await cluster()
    await product(here)
    await here.createDeployment('web', 2)
    await hook(here, 'freeze', { target: { name: 'web' } }, { onResolved: 'undo' })
    const url = await here.url('freeze')
    const paused = () => seen(here, deployments, 'web', ['spec', 'paused'])
    expect((await post(url, notification('firing', 'first notification'))).body['message']).toMatch(
      /^paused rollouts of Deployment\/web, until /,
    )
    expect(await paused()).toBe(true)
    expect((await post(url, notification('resolved', 'all alerts resolved'))).body['message']).toBe(
      'ended the hold on spec.paused of Deployment/web at true',
    )
    expect(await paused()).toBeUndefined()
  })
})

describe('a count', () => {
  it('sleeps and is kept awake, steps wait meanwhile, and it is back at its own in the morning', async () => {
    const here = await cluster()
    await product(here)
    await here.createDeployment('web', 5)
    await hook(here, 'sleep', { target: { name: 'web' }, to: 0 })
    await hook(here, 'awake', { target: { name: 'web' }, to: 'base' })
    await here.createHook('web-up', {})
    const [sleep, awake, up] = await Promise.all(['sleep', 'awake', 'web-up'].map(name => here.url(name)))
    expect((await post(sleep ?? '')).body['message']).toMatch(/^held spec\.replicas of Deployment\/web at 0, until /)
    expect(await here.replicas('web')).toBe(0)
    expect((await post(up ?? '')).body).toMatchObject({ outcome: 'unchanged', from: 0, to: 0 })
    expect((await post(awake ?? '')).body['reason']).toBe('Held')
    expect(await here.replicas('web')).toBe(5)
    await end(here, 'awake')
    await here.until(
      () => here.replicas('web'),
      count => count === 0,
    )
    await end(here, 'sleep')
    await here.until(
      () => here.replicas('web'),
      count => count === 5,
    )
    expect((await post(up ?? '')).body).toMatchObject({ outcome: 'applied', from: 5, to: 6 })
  })

  it('of a workload with an autoscaler may be 0, and no other number', async () => {
    const here = await cluster()
    await product(here)
    await here.createDeployment('web', 2)
    await makeAutoscaler(here, 'web')
    await hook(here, 'sleep', { target: { name: 'web' }, to: 0 })
    await hook(here, 'three', { target: { name: 'web' }, to: 3 })
    const ready = (name: string, reason: string) =>
      here.until(
        () => here.hook(name),
        now => JSON.stringify(now ?? {}).includes(`"${reason}"`),
      )
    await ready('three', 'ManagedByAutoscaler')
    expect((await post(await here.url('sleep'))).body['reason']).toBe('Held')
    expect(await here.replicas('web')).toBe(0)
  })
})

describe('a selector', () => {
  const labelled = (here: Cluster, name: string, tier: string) =>
    patch(here, deployments, name, { metadata: { labels: { tier } } })

  /** Makes three workloads of the tier dev, one of another, and a CronJob. */
  const tiers = async () => {
    const here = await cluster()
    const running = await product(here)
    for (const [name, replicas] of [
      ['one', 1],
      ['two', 2],
      ['three', 3],
      ['other', 4],
    ] as const) {
      await here.createDeployment(name, replicas)
      await labelled(here, name, name === 'other' ? 'prod' : 'dev')
    }
    await makeCronJob(here, false)
    await patch(here, cronJobs, 'report', { metadata: { labels: { tier: 'dev' } } })
    const dev = { selector: { matchLabels: { tier: 'dev' } } }
    const counts = () => Promise.all(['one', 'two', 'three', 'other'].map(name => here.replicas(name)))
    const suspended = () => seen(here, cronJobs, 'report', ['spec', 'suspend'])
    return { here, running, dev, counts, suspended }
  }

  it('puts all to sleep once, however often the post is sent, and wakes each at its own count', async () => {
    const { counts, dev, here, suspended } = await tiers()
    await hook(here, 'sleep', { ...dev, kinds: ['Deployment', 'CronJob'], to: 0 })
    const url = await here.url('sleep')
    expect((await post(`${url}?dryRun=true`)).body['message']).toMatch(/^would have held 4 at 0, until /)
    expect(await counts()).toEqual([1, 2, 3, 4])
    const init = { headers: { 'idempotency-key': 'tonight' } }
    const slept = await postUntilDone(url, undefined, init)
    // On a busy machine, the work may go on after an answer of 503, and is done before the next try.
    const held = { outcome: 'applied', reason: 'Held', summary: 'held 4 at 0' }
    const isCopy = slept.body['reason'] === 'Duplicate'
    expect(slept.body).toMatchObject(isCopy ? { outcome: 'skipped' } : held)
    const changes: unknown = isCopy ? [{ object: 'Deployment/two', to: '0' }] : slept.body['changes']
    expect(changes).toContainEqual({ object: 'Deployment/two', to: '0' })
    expect([await counts(), await suspended()]).toEqual([[0, 0, 0, 4], true])
    const copy = await post(url, undefined, init)
    expect(copy.body).toMatchObject({ outcome: 'skipped', reason: 'Duplicate' })
    const holds = await seen(here, deployments, 'two', ['metadata', 'annotations', 'receiverhooks.dev/holds'])
    expect(holds).toContain('"n":{"0":1}')
    await end(here, 'sleep')
    await here.until(counts, now => now.join() === '1,2,3,4')
    await here.until(suspended, now => now === false)
  })

  it('puts all to sleep for an alert, and none twice for its further reports', async () => {
    const { counts, dev, here } = await tiers()
    await hook(here, 'sleep', { ...dev, to: 0 })
    const url = await here.url('sleep')
    const first = await post(url, notification('firing', 'first notification'))
    expect(first.body).toMatchObject({ reason: 'Held', summary: 'held 3 at 0' })
    const again = await post(url, notification('firing', 'repeat interval elapsed'))
    expect(again.body['outcome']).toBe('skipped')
    expect(await counts()).toEqual([0, 0, 0, 4])
    const holds = await seen(here, deployments, 'two', ['metadata', 'annotations', 'receiverhooks.dev/holds'])
    expect(holds).toContain('"n":{"0":1}')
    await end(here, 'sleep')
    await here.until(counts, now => now.join() === '1,2,3,4')
  })

  it('is woken where another hook needs it', async () => {
    const { counts, dev, here } = await tiers()
    await hook(here, 'sleep', { ...dev, to: 0 })
    await hook(here, 'awake', { target: { name: 'two' }, to: 'base' })
    expect((await post(await here.url('sleep'))).body['summary']).toBe('held 3 at 0')
    expect((await post(await here.url('awake'))).body['reason']).toBe('Held')
    expect(await counts()).toEqual([0, 2, 0, 4])
    await end(here, 'sleep')
    await here.until(counts, now => now.join() === '1,2,3,4')
  })

  it('says what somebody else has set of what it holds', async () => {
    const { counts, dev, here } = await tiers()
    await hook(here, 'sleep', { ...dev, to: 0 })
    const url = await here.url('sleep')
    expect((await post(url)).body['summary']).toBe('held 3 at 0')
    await here.until(
      () => here.hook('sleep'),
      now => leaseStates(now).length === 3,
    )
    await untilNextSecond(here)
    for (const name of ['two', 'three']) await patch(here, deployments, name, { spec: { replicas: 7 } })
    await here.patchHook('sleep', { spec: { dedupeWindow: '41s' } })
    const conditions = (now: unknown) => JSON.stringify(at(now, 'status', 'conditions') ?? [])
    const said =
      /kubectl-edit has set spec\.replicas of Deployment\/(?:two|three) to 7 at \S+Z, so this hook's hold on it is over; the same goes for 1 more"/
    await here.until(
      () => here.hook('sleep'),
      now => said.test(conditions(now)),
    )
    await here.patchHook('sleep', { spec: { suspend: true } })
    await here.until(
      () => post(url),
      ({ body }) => body['reason'] === 'Suspended',
    )
    const reported = await here.until(
      () => here.hook('sleep'),
      now => at(now, 'status', 'lastDelivery', 'reason') === 'Suspended',
    )
    expect(conditions(reported)).toMatch(said)
    await end(here, 'sleep')
    await here.until(counts, now => now.join() === '1,7,7,4')
    await here.until(
      () => here.hook('sleep'),
      now => !conditions(now).includes('Overruled'),
    )
  })

  it('passes over what a controller owns, and holds none of too many', async () => {
    const { counts, dev, here } = await tiers()
    const owner = { apiVersion: 'example.com/v1', kind: 'Shop', name: 'shop', uid: 'u1', controller: true }
    await patch(here, deployments, 'one', { metadata: { ownerReferences: [owner] } })
    await hook(here, 'sleep', { ...dev, to: 0 })
    expect((await post(await here.url('sleep'))).body['summary']).toBe('held 2 at 0, skipped 1 (Deployment/one)')
    expect(await counts()).toEqual([1, 0, 0, 4])
    for (let index = 0; index < 48; index++) {
      await here.createDeployment(`more-${index}`, 0)
      await labelled(here, `more-${index}`, 'crowd')
    }
    await hook(here, 'all', { selector: {}, to: 0 })
    const all = await post(await here.url('all'))
    expect([all.status, all.body['reason']]).toEqual([422, 'TooManyTargets'])
    expect(await here.replicas('other')).toBe(4)
  })
})

describe('a hook that cannot hold', () => {
  it.each([
    ['for', { hold: { target: report }, for: undefined }, /spec\.for.*must be set/],
    ['a kind', { hold: { target: { kind: 'StatefulSet', name: 'web' } } }, /has no switch that can be held/],
    ['a count', { hold: { target: report, to: 0 } }, /a count can be held only for/],
    ['a switch', { hold: { target: report, switch: 'scaleIn' } }, /only keda\.sh\/v1alpha1 ScaledObject/],
    ['a number', { hold: { target: { name: 'web' }, to: 'none' } }, /a count of at least 0, or "base"/],
    ['neither', { hold: { to: 0 } }, /must have either target or selector/],
    ['no count', { hold: { selector: {} } }, /spec\.hold\.to.*must be set with selector/],
    ['a woken CronJob', { hold: { selector: {}, kinds: ['CronJob'], to: 'base' } }, /only with to: 0/],
    ['undo', { hold: { selector: {}, to: 0 }, onResolved: 'undo' }, /cannot be undo with selector/],
    ['an account', { hold: { target: report }, serviceAccountName: 'hooks' }, /spec\.onDelete.*must be keep/],
  ])('is refused for %s', async (_what, spec, message) => {
    const here = await cluster()
    await expect(hook(here, 'one', {}, spec)).rejects.toThrow(message)
  })
})
