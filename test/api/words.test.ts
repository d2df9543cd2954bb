import { describe, expect, it } from 'vitest'
import { at } from '../../src/api/json.ts'
import type { ApiRequest } from '../../src/environment/environment.ts'
import { objectPath, type ResourceType } from '../../src/kube/paths.ts'
import { send } from '../../src/kube/requests.ts'
import { autoscalers } from '../../src/kube/resources.ts'
import { notification } from '../support/alertmanager.ts'
import { defineFleets, look, make, makeAutoscaler } from '../support/counted.ts'
import { fleets } from '../support/fleets.ts'
import { cluster, deployments, post, product } from '../support/product.ts'

/** What an alert has changed is taken back only while nobody but hooks has written the count since: each kind of such a write. */
const merge = 'application/merge-patch+json'
const json = 'application/json-patch+json'
const apply = 'application/apply-patch+yaml'

interface Write {
  readonly under?: string
  readonly contentType: string
  readonly by: string
  readonly force?: boolean
  readonly body: unknown
}

/** A kind whose count is 2, and which hooks take to 4 and then to 5. */
interface Kind {
  readonly type: ResourceType
  readonly target: object
  readonly field: string
  readonly make: (here: Awaited<ReturnType<typeof cluster>>) => Promise<unknown>
}

const kinds: Readonly<Record<string, Kind>> = {
  Deployment: {
    type: deployments,
    target: { name: 'web' },
    field: 'replicas',
    make: here => here.createDeployment('web', 2),
  },
  Fleet: {
    type: fleets,
    target: { apiVersion: 'counts.example.com/v1', kind: 'Fleet', name: 'web' },
    field: 'size',
    make: async here => {
      await defineFleets(here.api)
      await make(here, fleets, 'web', { size: 2 })
    },
  },
  HorizontalPodAutoscaler: {
    type: autoscalers,
    target: { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', name: 'web' },
    field: 'minReplicas',
    make: here => makeAutoscaler(here, 'web', { minReplicas: 2, maxReplicas: 20 }),
  },
  'HorizontalPodAutoscaler that is its maximum': {
    type: autoscalers,
    target: { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', name: 'web', count: 'max' },
    field: 'maxReplicas',
    make: here => makeAutoscaler(here, 'web', { minReplicas: 1, maxReplicas: 2 }),
  },
}

const setUp = async ({ field, make: made, target, type }: Kind) => {
  const here = await cluster()
  await made(here)
  await product(here)
  await here.createHook('up', { target, by: 2, max: 20 }, { onResolved: 'undo' })
  await here.createHook('other', { target, by: 1, max: 20 })
  const [up, other] = [await here.url('up'), await here.url('other')]
  const path = objectPath(type, here.namespace, 'web')
  const write = ({ body, by, contentType, force = false, under = '' }: Write) => {
    const query = { fieldManager: by, ...(force && { force: 'true' }) }
    const request: ApiRequest = {
      ...{ method: 'PATCH', path: `${path}${under}`, query, contentType, lane: 'bulk', timeoutMs: 10_000 },
      body: JSON.stringify(body),
    }
    return send(here.api, request)
  }
  const count = () => look(here, type, 'web', 'spec', field)
  return { ...here, up, other, write, count }
}

const firing = notification('firing', 'New group')
const resolved = notification('resolved', 'All alerts resolved')

/** Returns what a server-side apply of a count sends. */
const config = ({ field, target, type }: Kind, count: number) => ({
  apiVersion: at(target, 'apiVersion') ?? 'apps/v1',
  kind: type.kind,
  metadata: { name: 'web' },
  spec: { [field]: count },
})

type Making = (kind: Kind) => Write

const scaled =
  (replicas: number): Making =>
  () => ({
    under: '/scale',
    contentType: merge,
    by: 'kubectl',
    body: { spec: { replicas } },
  })

interface Way {
  readonly what: string
  readonly made: Making
  /** The kinds that have it; all, if nothing is said. */
  readonly only?: readonly string[]
}

const scales = ['Deployment', 'Fleet']

/** The writes that say what the count is, and what it is then. */
const words: readonly (Way & { readonly now: number })[] = [
  { what: 'kubectl scale', made: scaled(7), now: 7, only: scales },
  { what: 'kubectl scale to 0', made: scaled(0), now: 0, only: scales },
  {
    what: 'kubectl edit',
    made: ({ field }) => ({ contentType: merge, by: 'kubectl-edit', body: { spec: { [field]: 7 } } }),
    now: 7,
  },
  {
    what: 'kubectl patch',
    made: ({ field }) => ({
      contentType: json,
      by: 'kubectl-patch',
      body: [{ op: 'replace', path: `/spec/${field}`, value: 7 }],
    }),
    now: 7,
  },
  {
    what: 'a forced apply',
    made: kind => ({ contentType: apply, by: 'gitops', force: true, body: config(kind, 7) }),
    now: 7,
  },
  {
    what: 'an apply of the same number',
    made: kind => ({ contentType: apply, by: 'gitops', body: config(kind, 4) }),
    now: 4,
    // The in-memory API server tracks the owners of counts that have a /scale alone.
    only: scales,
  },
]

/** The writes that do not. */
const silent: readonly Way[] = [
  {
    what: 'kubectl annotate',
    made: () => ({ contentType: merge, by: 'kubectl-annotate', body: { metadata: { annotations: { note: 'x' } } } }),
  },
  {
    what: 'kubectl set image',
    made: () => ({
      contentType: json,
      by: 'kubectl-set',
      body: [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: 'other:2' }],
    }),
    only: ['Deployment'],
  },
  {
    what: 'a status',
    made: () => ({
      under: '/status',
      contentType: merge,
      by: 'controller',
      body: { status: { observedGeneration: 1 } },
    }),
    only: ['Deployment'],
  },
  { what: 'kubectl scale to the number that it is', made: scaled(4), only: scales },
]

describe.each(Object.entries(kinds))('the count of a %s', (name, kind) => {
  const isOf = ({ only = [name] }: Way): boolean => only.includes(name)

  it.each(words.filter(isOf))('stands after $what', async ({ made, now }) => {
    const { count, up, write } = await setUp(kind)
    expect(await post(up, firing)).toMatchObject({ body: { from: 2, to: 4 } })
    await write(made(kind))
    expect(await post(up, resolved)).toMatchObject({ status: 200, body: { outcome: 'skipped', reason: 'SetByOthers' } })
    expect(await count()).toBe(now)
  })

  it.each(words.filter(isOf))('stands after $what and a step of another hook', async ({ made, now }) => {
    const { count, other, up, write } = await setUp(kind)
    await post(up, firing)
    await write(made(kind))
    expect(await post(other)).toMatchObject({ body: { from: now, to: now + 1 } })
    expect(await post(up, resolved)).toMatchObject({ body: { reason: 'SetByOthers' } })
    expect(await count()).toBe(now + 1)
  })

  it.each(silent.filter(isOf))('goes back after $what and a step of another hook', async ({ made }) => {
    const { count, other, up, write } = await setUp(kind)
    await post(up, firing)
    await write(made(kind))
    expect(await post(other)).toMatchObject({ body: { from: 4, to: 5 } })
    expect(await post(up, resolved)).toMatchObject({ body: { reason: 'Undone', from: 5, to: 3 } })
    expect(await count()).toBe(3)
  })
})
