import { describe, expect, it } from 'vitest'
import { at, stringAt } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import type { StoredObject } from '../../src/api/object.ts'
import { objectPath, collectionPath } from '../../src/kube/paths.ts'
import { create, read, send } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import { cluster, deployments, post, product, untilDone, type Posted } from '../support/product.ts'

const note = 'pushed.receiverhooks.dev/restarted.at'

/** Starts a product, and Deployments whose controller is this test. */
const start = async () => {
  const here = await cluster()
  await product(here)
  const get = async (name: string): Promise<StoredObject> => {
    const object = await read(here.api, deployments, here.namespace, name)
    if (!object) throw new Error(`there is no Deployment/${name}`)
    return object
  }
  /** Reports the rollout of a Deployment as complete, or so many of its two pods as new. */
  const report = async (name: string, updated = 2): Promise<void> => {
    const { metadata } = await get(name)
    const reason = updated === 2 ? 'NewReplicaSetAvailable' : 'ReplicaSetUpdated'
    const now = '2026-01-01T00:00:00Z'
    const status = {
      observedGeneration: metadata.generation,
      replicas: 2,
      readyReplicas: 2,
      availableReplicas: 2,
      updatedReplicas: updated,
      conditions: [
        { type: 'Progressing', status: 'True', reason, message: '', lastUpdateTime: now, lastTransitionTime: now },
      ],
    }
    await send(here.api, {
      method: 'PATCH',
      path: objectPath(deployments, here.namespace, name, 'status'),
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({ status }),
    })
  }
  const patch = async (name: string, body: object): Promise<void> => {
    await send(here.api, {
      method: 'PATCH',
      path: objectPath(deployments, here.namespace, name),
      contentType: 'application/merge-patch+json',
      body: JSON.stringify(body),
    })
  }
  return {
    get,
    patch,
    report,
    make: async (name: string, spec: object = {}): Promise<void> => {
      const labels = { app: name, team: 'web' }
      const template = { metadata: { labels }, spec: { containers: [{ name: 'app', image: 'acme/web:1' }] } }
      const object = {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name, labels },
        spec: { replicas: 2, selector: { matchLabels: { app: name } }, template, ...spec },
      }
      await send(here.api, {
        method: 'POST',
        path: collectionPath(deployments, here.namespace),
        body: JSON.stringify(object),
      })
      await report(name)
    },
    hook: async (restart: object, name = 'restart-web', more: object = {}) => {
      const spec = { driver: 'restart', restart, ...more }
      await create(here.api, hooks, here.namespace, { apiVersion, kind: hookKind, metadata: { name }, spec })
      const url = await here.url(name)
      return (id: string, query = ''): Promise<Posted> =>
        post(url + query, { some: 'alert' }, { headers: { 'content-type': 'application/json', 'idempotency-key': id } })
    },
    restarts: async (name: string): Promise<unknown> =>
      at(await get(name), 'spec', 'template', 'metadata', 'annotations', note),
  }
}

const said = ({ body, status }: Posted): string =>
  `${status} ${stringAt(body, 'outcome') ?? '-'} ${stringAt(body, 'reason') ?? '-'}`

describe('a hook that restarts', () => {
  it('restarts its target once for each delivery, and not at all on a dry run', async () => {
    const here = await start()
    await here.make('web')
    const send = await here.hook({ target: { name: 'web' } })
    expect(said(await send('first', '?dryRun=true'))).toBe('200 applied Restarted')
    expect(await here.restarts('web')).toBeUndefined()
    expect((await send('first')).body).toMatchObject({
      outcome: 'applied',
      reason: 'Restarted',
      changes: [{ object: 'Deployment/web', to: 'restarted' }],
    })
    const first = await here.restarts('web')
    expect(first).toEqual(expect.any(String))
    await here.report('web')
    expect(said(await send('first'))).toBe('200 skipped Duplicate')
    expect(await here.restarts('web')).toBe(first)
    expect(said(await send('second'))).toBe('200 applied Restarted')
    expect(await here.restarts('web')).not.toBe(first)
  })

  it('restarts nothing on top of a rollout that is running, and the next post after it does', async () => {
    const here = await start()
    await here.make('web')
    const send = await here.hook({ target: { name: 'web' } })
    expect(said(await send('first'))).toBe('200 applied Restarted')
    const first = await here.restarts('web')
    // Its controller has not seen it yet; then it replaces the first pod.
    const refused = await send('second')
    expect(said(refused)).toBe('200 skipped RolloutRunning')
    expect(refused.body['message']).toBe(
      'a rollout of Deployment/web is still running: nothing is restarted on top of it',
    )
    await here.report('web', 1)
    expect(said(await send('third'))).toBe('200 skipped RolloutRunning')
    expect(await here.restarts('web')).toBe(first)
    await here.report('web')
    expect(said(await send('fourth'))).toBe('200 applied Restarted')
  })

  it('of three posts at once runs as many as its limit lets through, and of later ones none', async () => {
    const here = await start()
    await here.make('web')
    const limits = [{ most: 1, within: '1h' }]
    const send = await here.hook({ target: { name: 'web' } }, 'restart-web', { limits })
    const answers = await Promise.all(['first', 'second', 'third'].map(id => untilDone(() => send(id))))
    expect(answers.map(said).toSorted()).toEqual([
      '200 applied Restarted',
      '200 skipped LimitReached',
      '200 skipped LimitReached',
    ])
    await here.report('web')
    expect(said(await send('fourth'))).toBe('200 skipped LimitReached')
  })

  it('of two posts at once restarts for one', async () => {
    const here = await start()
    await here.make('web')
    const send = await here.hook({ target: { name: 'web' } })
    const other = await here.hook({ target: { name: 'web' } }, 'restart-web-too')
    const posts = [send, other].flatMap(hook => ['first', 'second'].map(id => () => hook(id)))
    const answers = await Promise.all(posts.map(sent => untilDone(sent)))
    // Any of them may come first. A post accepted before the first one is answered that it came too
    // late.
    const skipped: unknown = expect.toBeOneOf(['200 skipped RolloutRunning', '200 skipped Superseded'])
    expect(answers.map(said).toSorted()).toEqual(['200 applied Restarted', skipped, skipped, skipped])
  })

  it('restarts what its selector selects, and says what it has passed over', async () => {
    const here = await start()
    await here.make('web')
    await here.make('shop')
    await here.make('paused', { paused: true })
    await here.report('shop', 1)
    const send = await here.hook({ selector: { matchLabels: { team: 'web' } }, kinds: ['Deployment'] })
    const { body } = await send('first')
    expect(body).toMatchObject({ outcome: 'applied', reason: 'Restarted' })
    expect(JSON.stringify(body)).toContain(
      '; Deployment/paused, Deployment/shop not, since a rollout is running, paused or manual there',
    )
    expect(await here.restarts('shop')).toBeUndefined()
  })

  it('says that a paused Deployment would start no pods', async () => {
    const here = await start()
    await here.make('web', { paused: true })
    const send = await here.hook({ target: { name: 'web' } })
    expect(said(await send('first'))).toBe('422 failed RolloutPaused')
    expect(await here.restarts('web')).toBeUndefined()
  })

  it('answers a post 422 until a person has resumed the Deployment, and restarts for the same post then', async () => {
    const here = await start()
    await here.make('web', { paused: true })
    const send = await here.hook({ target: { name: 'web' } })
    for (const query of ['', '', '?wait=1s']) expect(said(await send('first', query))).toBe('422 failed RolloutPaused')
    await here.patch('web', { spec: { paused: false } })
    await here.report('web')
    expect(said(await send('first'))).toBe('200 applied Restarted')
  })

  it.each([
    ['a value that no label can have', { app: 'my app' }],
    ['a value that adds a requirement', { app: 'web,tier' }],
    ['a name that turns the requirement round', { 'app!': 'web' }],
  ])('is not stored with %s in its selector', async (_what, matchLabels) => {
    const here = await start()
    await here.make('web')
    await expect(here.hook({ selector: { matchLabels } })).rejects.toThrow(/label/)
  })
})
