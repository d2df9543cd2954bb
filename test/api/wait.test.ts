import { describe, expect, it } from 'vitest'
import { at, stringAt } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import type { StoredObject } from '../../src/api/object.ts'
import { collectionPath, objectPath } from '../../src/kube/paths.ts'
import { create, read, send } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import { cluster, deployments, post, postUntilDone, product, until, type Posted } from '../support/product.ts'

/** Sets up a product, a Deployment whose controller is this test, and a hook that is sent pushes. */
const setUp = async (more: object = {}) => {
  const here = await cluster()
  const { api, namespace } = here
  const first = await product(here)
  const labels = { app: 'web' }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'app', image: 'acme/web:1.0.0' }] } }
  await send(api, {
    method: 'POST',
    path: collectionPath(deployments, namespace),
    body: JSON.stringify({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', labels },
      spec: { replicas: 2, selector: { matchLabels: labels }, template },
    }),
  })
  const get = async (): Promise<StoredObject> => {
    const object = await read(api, deployments, namespace, 'web')
    if (!object) throw new Error('there is no Deployment/web')
    return object
  }
  const patch = async (body: object, ...subresource: readonly string[]): Promise<void> => {
    await send(api, {
      method: 'PATCH',
      path: objectPath(deployments, namespace, 'web', ...subresource),
      contentType: 'application/merge-patch+json',
      body: JSON.stringify(body),
    })
  }
  const spec = { driver: 'redeploy', redeploy: { target: { name: 'web' }, tags: { semver: '*' } }, ...more }
  await create(api, hooks, namespace, { apiVersion, kind: hookKind, metadata: { name: 'push' }, spec })
  const url = await here.url('push')
  const runs = async (): Promise<unknown> => at(await get(), 'spec', 'template', 'spec', 'containers')
  /** Posts a push with a key. */
  const push = (key: string, tag: string, query = '', to = url): Promise<Posted> => {
    const headers = { 'content-type': 'application/json', ...(key !== '' && { 'idempotency-key': key }) }
    return postUntilDone(to + query, undefined, { headers, body: JSON.stringify({ image: `acme/web:${tag}` }) })
  }
  return {
    ...here,
    here,
    first,
    url,
    get,
    runs,
    push,
    image: async (image: string) => patch({ spec: { template: { spec: { containers: [{ name: 'app', image }] } } } }),
    pause: (paused: boolean) => patch({ spec: { paused } }),
    /** Says how many of two pods are new and available. */
    report: async (updated: number): Promise<void> => {
      const { metadata } = await get()
      const time = '2026-01-01T00:00:00Z'
      const reason = updated === 2 ? 'NewReplicaSetAvailable' : 'ReplicaSetUpdated'
      const conditions = [
        { type: 'Progressing', status: 'True', reason, message: '', lastUpdateTime: time, lastTransitionTime: time },
      ]
      const counts = { replicas: 2, readyReplicas: 2, availableReplicas: 2, updatedReplicas: updated }
      await patch({ status: { observedGeneration: metadata.generation, ...counts, conditions } }, 'status')
    },
  }
}

const said = ({ body, status }: Posted): string =>
  `${status} ${stringAt(body, 'state') ?? '-'} ${stringAt(body, 'reason')}`

describe('a push that nobody waits for', () => {
  const states = (hook: StoredObject | undefined): readonly string[] => {
    const recent = at(hook, 'status', 'recent')
    return Array.isArray(recent) ? recent.map(each => `${stringAt(each, 'reason')} ${stringAt(each, 'state')}`) : []
  }

  it('is asked for without a body and without `wait` too: the answer says what the delivery has come to', async () => {
    const { push, runs, url } = await setUp()
    expect(await push('one', '1.1.0')).toMatchObject({ status: 200, body: { outcome: 'applied' } })
    const asking = (key: string) => postUntilDone(url, undefined, { headers: { 'idempotency-key': key } })
    const asked = await asking('one')
    expect(asked.body).toMatchObject({ outcome: 'skipped', reason: 'Duplicate' })
    expect(stringAt(asked.body, 'message')).toContain('rolled out Deployment/web')
    for (let times = 0; times < 2; times++) {
      expect((await asking('two')).body).toMatchObject({ outcome: 'skipped', reason: 'NotForThisHook' })
    }
    expect(await push('two', '1.2.0')).toMatchObject({ status: 200, body: { outcome: 'applied' } })
    expect(await runs()).toMatchObject([{ image: 'acme/web:1.2.0' }])
  })

  it('shows its outcome in the status, in the metrics, and in an Event if it stalls', async () => {
    const { api, first, hook, namespace, pause, push, report } = await setUp()
    await push('one', '1.0.1')
    await pause(true)
    const stalled = await until(
      () => hook('push'),
      now => states(now).includes('RolledOut stalled'),
    )
    expect(stringAt(stalled, 'status', 'lastDelivery', 'stateMessage')).toContain('is paused')
    const path = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`
    const { body } = await until(
      () => api.request({ method: 'GET', path, lane: 'bulk', timeoutMs: 5000 }),
      events => events.body.includes('RolloutStalled'),
    )
    expect(body).toContain('the rollout of Deployment/web is paused')
    // What has stalled may go on.
    await pause(false)
    await report(2)
    const complete = await until(
      () => hook('push'),
      now => states(now).includes('RolledOut complete'),
    )
    expect(stringAt(complete, 'status', 'lastDelivery', 'state')).toBe('complete')
    expect(stringAt(complete, 'status', 'lastDelivery', 'stateMessage')).toBeUndefined()
    const metrics = await (await fetch(`${first.operations}/metrics`)).text()
    for (const state of ['stalled', 'complete']) {
      expect(metrics).toContain(`receiverhooks_settled_seconds_count{driver="redeploy",state="${state}"} 1`)
    }
  })

  it('shows only the outcome of its own change', async () => {
    const { hook, image, push } = await setUp()
    await push('', '1.0.1')
    await image('acme/web:hotfix')
    const replaced = await until(
      () => hook('push'),
      now => stringAt(now, 'status', 'lastDelivery', 'state') !== undefined,
    )
    expect(states(replaced)).toEqual(['RolledOut replaced'])
  })
})

describe('a push with wait', () => {
  it('is answered when its pods are there; the same again asks again, of any process, and runs nothing', async () => {
    const { first, get, here, push, report, url } = await setUp()
    expect(said(await push('one', '1.0.1', '?wait=0s'))).toBe('202 progressing RolloutProgressing')
    const written = (await get()).metadata.generation
    await report(1)
    const half = await push('one', '1.0.1', '?wait=0s')
    expect(half).toMatchObject({ status: 202, body: { state: 'progressing', ready: 1, of: 2, driver: 'redeploy' } })
    const waits = push('one', '1.0.1', '?wait=1m')
    await report(2)
    const done = await waits
    expect(said(done)).toBe('200 complete RolloutComplete')
    expect(done.body).toMatchObject({ ready: 2, of: 2, message: 'Deployment/web: 2 of 2 new pods are available' })

    // Another process finds the same in the record, and the first one is gone.
    const second = await product(here, { controller: false })
    await first.stop()
    const elsewhere = `http://127.0.0.1:${second.triggerPort}${new URL(url).pathname}`
    expect(said(await push('one', '1.0.1', '?wait=0s', elsewhere))).toBe('200 complete RolloutComplete')
    // Without a body it is the same question, and with another one it is a mistake.
    const bare = { headers: { 'idempotency-key': 'one' } }
    expect(said(await post(`${elsewhere}?wait=0s`, undefined, bare))).toBe('200 complete RolloutComplete')
    expect(said(await push('one', '1.0.9', '?wait=0s', elsewhere))).toBe('422 - KeyReused')
    expect((await get()).metadata.generation).toBe(written)
  })

  it('asks where the hook is suspended, filtered or edited since, and is in no list of deliveries', async () => {
    const { hook, patchHook, push, report } = await setUp()
    await push('one', '1.0.1')
    await report(2)
    await patchHook('push', { spec: { suspend: true, when: 'false', cooldown: '1h' } })
    await until(
      () => push('dry', '1.0.2', '?dryRun=true'),
      ({ body }) => body['reason'] === 'Suspended',
    )
    const suspended = await push('other', '1.0.2', '?wait=0s')
    // A pipeline must not take a skip for a rollout.
    expect(said(suspended)).toBe('409 - Suspended')
    for (let time = 0; time < 3; time++) {
      expect(said(await push('one', '1.0.1', '?wait=0s'))).toBe('200 complete RolloutComplete')
    }
    const recent = await until(
      async () => at(await hook('push'), 'status', 'recent'),
      list => Array.isArray(list) && list.some(each => stringAt(each, 'reason') === 'Suspended'),
    )
    const reasons = Array.isArray(recent) ? recent.map(each => stringAt(each, 'reason')) : []
    expect(new Set(reasons)).toEqual(new Set(['RolledOut', 'Suspended']))
    expect(reasons.filter(reason => reason === 'RolledOut')).toHaveLength(1)
  })

  it('is superseded by a later push, replaced by somebody else, and stalled while it is paused', async () => {
    const { image, pause, push, report } = await setUp()
    await push('one', '1.0.1')
    await push('two', '1.0.2')
    await report(2)
    expect(said(await push('one', '1.0.1', '?wait'))).toBe('200 superseded Superseded')
    expect(said(await push('two', '1.0.2', '?wait'))).toBe('200 complete RolloutComplete')
    await pause(true)
    expect(said(await push('two', '1.0.2', '?wait'))).toBe('422 stalled RolloutStalled')
    await pause(false)
    await image('acme/web:hotfix')
    expect(said(await push('two', '1.0.2', '?wait'))).toBe('409 replaced Replaced')
  })

  it('says what was skipped and why, first and again', async () => {
    const { push } = await setUp()
    await push('two', '1.0.2')
    for (let time = 0; time < 2; time++) {
      expect(said(await push('one', '1.0.1', '?wait=0s'))).toBe('200 superseded Superseded')
      expect(said(await push('other', 'latest', '?wait=0s'))).toBe('409 - NotForThisHook')
    }
  })

  it('waits without a key too, and says that it cannot be asked again', async () => {
    const { push } = await setUp()
    const { body, status } = await push('', '1.0.1', '?wait=0s')
    expect([status, body['state']]).toEqual([202, 'progressing'])
    expect(body['message']).toContain('Without the header Idempotency-Key')
    // The body names the delivery, and no result is kept that could be read later.
    expect(said(await push('', '1.0.1', '?wait=0s'))).toBe('200 - Duplicate')
  })

  it('is 400 and does nothing where it may be misread', async () => {
    const { get, push } = await setUp()
    const { generation } = (await get()).metadata
    for (const query of ['?wait=25', '?wait=11m', '?Wait=25s', '?wait=1s&dryRun=true']) {
      expect(said(await push('one', '1.0.1', query))).toBe('400 - BadQuery')
    }
    expect((await get()).metadata.generation).toBe(generation)
  })

  it('is answered at once when its process ends', async () => {
    const { first, push, url } = await setUp()
    expect((await push('one', '1.0.1')).status).toBe(200)
    const headers = { 'idempotency-key': 'one' }
    const waits = fetch(`${url}?wait=10m`, { method: 'POST', headers })
    const polls = async (): Promise<number> => {
      const text = await (await fetch(`${first.operations}/metrics`)).text()
      return Number(/^receiverhooks_polls_total\{.*\} (\d+)$/m.exec(text)?.[1] ?? 0)
    }
    await until(polls, count => count >= 1)
    await first.stop()
    const answer = await waits
    expect([answer.status, answer.headers.get('connection')]).toEqual([202, 'close'])
  })
})

describe('a count with wait', () => {
  const setUpCount = async () => {
    const here = await cluster()
    const { api, namespace } = here
    await here.createDeployment('web', 1)
    await product(here)
    await here.createHook('web-up', {})
    const url = await here.url('web-up')
    return {
      ...here,
      ask: async (key: string, query = '?wait=0s') =>
        said(await postUntilDone(url + query, undefined, key === '' ? {} : { headers: { 'idempotency-key': key } })),
      /** Says how many pods there are, and how many of them are available. */
      report: async (replicas: number, availableReplicas: number): Promise<void> => {
        const object = await read(api, deployments, namespace, 'web')
        const counts = { replicas, readyReplicas: availableReplicas, availableReplicas }
        await send(api, {
          method: 'PATCH',
          path: objectPath(deployments, namespace, 'web', 'status'),
          contentType: 'application/merge-patch+json',
          body: JSON.stringify({ status: { observedGeneration: object?.metadata.generation, ...counts } }),
        })
      },
    }
  }

  it('is complete once its pods are there, and the same again asks again and adds nothing', async () => {
    const { ask, replicas, report } = await setUpCount()
    await report(1, 1)
    expect(await ask('one')).toBe('202 progressing RolloutProgressing')
    await report(2, 1)
    expect(await ask('one')).toBe('202 progressing RolloutProgressing')
    await report(2, 2)
    expect(await ask('one', '?wait')).toBe('200 complete RolloutComplete')
    expect(await replicas('web')).toBe(2)
    expect(await ask('')).toBe('202 progressing RolloutProgressing')
    expect(await replicas('web')).toBe(3)
    // A later step does not change what this one was.
    expect(await ask('one')).toBe('202 progressing RolloutProgressing')
    await report(3, 2)
    expect(await ask('one')).toBe('200 complete RolloutComplete')
  })

  it('is replaced where another object has the name by now', async () => {
    const { api, ask, createDeployment, namespace } = await setUpCount()
    expect(await ask('one')).toBe('202 progressing RolloutProgressing')
    const path = objectPath(deployments, namespace, 'web')
    await api.request({ method: 'DELETE', path, lane: 'bulk', timeoutMs: 5000 })
    expect(await ask('one')).toBe('409 replaced Replaced')
    await createDeployment('web', 2)
    expect(await ask('one', '?wait')).toBe('409 replaced Replaced')
  })
})
