import { describe, expect, it } from 'vitest'
import { ask, crds, deployment, deployments, owners, versionOf, widget, widgetCrd, widgets, type Asked } from './ask.ts'

const scale = (replicas: number, metadata: object = {}, name = 'web') => ({
  apiVersion: 'autoscaling/v1',
  kind: 'Scale',
  metadata: { name, ...metadata },
  spec: { replicas },
})

const mark = ({ patch }: Asked, manager: string, replicas: number, metadata: object = {}) =>
  patch(`${deployments}/web/scale`, 'apply', scale(replicas, metadata), { fieldManager: manager, force: 'true' })

const scaled = (replicas = 1): Asked => {
  const asked = ask()
  asked.post(deployments, deployment('web', replicas))
  return asked
}

describe('the owners of a count', () => {
  const steps: readonly (readonly [string, (asked: Asked) => unknown, readonly string[]])[] = [
    ['a create', () => undefined, ['test Update -']],
    ['an apply of another count', asked => mark(asked, 'a', 2), ['a Apply scale']],
    ['an apply of the same count', asked => mark(asked, 'a', 1), ['a Apply scale', 'test Update -']],
    [
      'a patch of /scale',
      asked => asked.patch(`${deployments}/web/scale`, 'merge', { spec: { replicas: 2 } }),
      ['test Update scale'],
    ],
    [
      'a patch of the object',
      asked => asked.patch(`${deployments}/web`, 'merge', { spec: { replicas: 2 } }),
      ['test Update -'],
    ],
    [
      'a patch of something else',
      asked => asked.patch(`${deployments}/web`, 'merge', { spec: { paused: true } }),
      ['test Update -'],
    ],
    [
      'a patch of the same count',
      asked => asked.patch(`${deployments}/web`, 'merge', { spec: { replicas: 1 } }, { fieldManager: 'x' }),
      ['test Update -'],
    ],
    [
      'a write of the status',
      asked => asked.patch(`${deployments}/web/status`, 'merge', { status: { replicas: 2 } }),
      ['test Update -'],
    ],
    ['a second mark', asked => [mark(asked, 'a', 2), mark(asked, 'b', 3)], ['b Apply scale']],
    [
      'a second mark of the same count',
      asked => [mark(asked, 'a', 2), mark(asked, 'b', 2)],
      ['a Apply scale', 'b Apply scale'],
    ],
    [
      'a mark, then another writer',
      asked => [
        mark(asked, 'a', 2),
        asked.patch(`${deployments}/web/scale`, 'json', [{ op: 'replace', path: '/spec/replicas', value: 5 }]),
      ],
      ['test Update scale'],
    ],
    ['a mark at 0', asked => mark(asked, 'a', 0), ['a Apply scale']],
    [
      'an apply that no longer says the count',
      asked => [
        mark(asked, 'a', 1),
        asked.patch(`${deployments}/web/scale`, 'apply', { ...scale(1), spec: {} }, { fieldManager: 'a' }),
      ],
      ['test Update -'],
    ],
  ]
  it.each(steps)('after %s', (_, step, expected) => {
    const asked = scaled()
    step(asked)
    expect(owners(asked.get(`${deployments}/web`).body)).toEqual(expected)
  })
})

describe('an apply on /scale', () => {
  it('counts a generation only where the count changes', () => {
    const asked = scaled(2)
    mark(asked, 'a', 2)
    expect(asked.get(`${deployments}/web`).body).toMatchObject({ metadata: { generation: 1 } })
    mark(asked, 'a', 3)
    expect(asked.get(`${deployments}/web`).body).toMatchObject({ metadata: { generation: 2 }, spec: { replicas: 3 } })
  })

  it('of the version that is there is done; the same once more is stale', () => {
    const asked = scaled()
    const resourceVersion = versionOf(asked.get(`${deployments}/web`).body)
    expect(mark(asked, 'a', 2, { resourceVersion }).status).toBe(200)
    expect(mark(asked, 'b', 2, { resourceVersion }).status).toBe(409)
  })

  it('of another uid is 409', () => {
    expect(mark(scaled(), 'a', 2, { uid: 'x' })).toMatchObject({ status: 409, body: { reason: 'Conflict' } })
  })

  it.each<[string, object, number]>([
    ['another kind', { ...scale(2), apiVersion: 'apps/v1', kind: 'Deployment' }, 400],
    ['another name', scale(2, {}, 'other'), 400],
    ['a negative count', scale(-1), 422],
  ])('of %s is refused', (_, body, status) => {
    const { patch } = scaled()
    expect(patch(`${deployments}/web/scale`, 'apply', body, { fieldManager: 'a', force: 'true' }).status).toBe(status)
  })

  it('needs a field manager, and only an apply may be forced', () => {
    const { patch } = scaled()
    expect(patch(`${deployments}/web/scale`, 'apply', scale(2), { force: 'true' }).status).toBe(422)
    expect(patch(`${deployments}/web/scale`, 'merge', scale(2), { force: 'true' }).status).toBe(422)
  })

  it('without force names every owner that it would take the count from', () => {
    const asked = scaled()
    mark(asked, 'a', 2)
    mark(asked, 'b', 2)
    const { status, body } = asked.patch(`${deployments}/web/scale`, 'apply', scale(3), { fieldManager: 'c' })
    expect(status).toBe(409)
    expect(body['message']).toBe(
      'Apply failed with 2 conflicts: conflicts with "a" with subresource "scale":\n- .spec.replicas\nconflicts with "b" with subresource "scale":\n- .spec.replicas',
    )
  })
})

describe('an apply on an object', () => {
  const apply = ({ patch }: Asked, body: object, query: Record<string, string> = {}, name = 'web') =>
    patch(`${deployments}/${name}`, 'apply', body, { fieldManager: 'flux', ...query })
  const replicas = (count: number) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: { replicas: count },
  })

  it('creates what is not there', () => {
    const asked = ask()
    expect(apply(asked, deployment('web', 2)).status).toBe(201)
    expect(owners(asked.get(`${deployments}/web`).body)).toEqual(['flux Apply -'])
  })

  it.each(['minReplicas', 'maxReplicas'])('owns the %s of an autoscaler', member => {
    const { patch } = ask()
    const path = '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers/web'
    const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }
    const spec = { scaleTargetRef, maxReplicas: 6, minReplicas: 2 }
    const body = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: 'web' }, spec }
    const made = patch(path, 'apply', body, { fieldManager: 'flux' })
    expect(owners(made.body)).toEqual(['flux Apply -'])
    const other = patch(path, 'apply', { ...body, spec: { ...spec, [member]: 4 } }, { fieldManager: 'other' })
    expect(other.body['message']).toContain(`.spec.${member}`)
  })

  it('merges into what is there', () => {
    const asked = scaled()
    const { body } = apply(asked, { ...replicas(1), metadata: { name: 'web', labels: { a: 'b' } } })
    expect(body).toMatchObject({ metadata: { labels: { a: 'b' } }, spec: { template: { spec: { containers: [{}] } } } })
  })

  it('takes a marked count only by force', () => {
    const asked = scaled()
    mark(asked, 'a', 2)
    expect(apply(asked, replicas(5)).body['message']).toBe(
      'Apply failed with 1 conflict: conflict with "a" with subresource "scale": .spec.replicas',
    )
    expect(apply(asked, replicas(5), { force: 'true' }).status).toBe(200)
    expect(owners(asked.get(`${deployments}/web`).body)).toEqual(['flux Apply -'])
  })

  it('of a uid where there is nothing is 409', () => {
    const { status, body } = apply(ask(), { ...replicas(1), metadata: { name: 'web', uid: 'x' } })
    expect(status).toBe(409)
    expect(body['message']).toContain('uid mismatch')
  })

  it('reads YAML', () => {
    const { server } = scaled()
    const { status, body } = server.handle({
      method: 'PATCH',
      path: `${deployments}/web/scale`,
      contentType: 'application/apply-patch+yaml',
      query: { fieldManager: 'a', force: 'true' },
      body: 'apiVersion: autoscaling/v1\nkind: Scale\nmetadata:\n  name: web\nspec:\n  replicas: 4\n',
    })
    expect(status).toBe(200)
    expect(body).toContain('"replicas":4')
  })
})

describe('/scale', () => {
  it('leaves a count of 0 out, and names the pods by a selector', () => {
    const { post, get } = ask()
    const spec = deployment('web', 0).spec
    const matchExpressions = [{ key: 'tier', operator: 'In', values: ['b', 'a'] }]
    post(deployments, { ...deployment('web'), spec: { ...spec, selector: { ...spec.selector, matchExpressions } } })
    expect(get(`${deployments}/web/scale`).body).toMatchObject({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      spec: {},
      status: { replicas: 0, selector: 'app=web,tier in (a,b)' },
    })
    expect(get(`${deployments}/web/scale`).body['spec']).toEqual({})
  })

  it('shows and sets the count of a custom resource at its path, and cannot be applied to', () => {
    const { post, patch, get } = ask()
    const subresources = { status: {}, scale: { specReplicasPath: '.spec.count', statusReplicasPath: '.status.count' } }
    post(crds, widgetCrd({ type: 'object', properties: { count: { type: 'integer' } } }, { subresources }))
    post(widgets, widget('a', { count: 2 }))
    expect(get(`${widgets}/a/scale`).body).toMatchObject({ kind: 'Scale', spec: { replicas: 2 } })
    expect(patch(`${widgets}/a/scale`, 'merge', { spec: { replicas: 4 } }).status).toBe(200)
    expect(get(`${widgets}/a`).body).toMatchObject({ metadata: { generation: 2 }, spec: { count: 4 } })
    const query = { fieldManager: 'a', force: 'true' }
    expect(patch(`${widgets}/a/scale`, 'apply', scale(5, {}, 'a'), query).status).toBe(500)
    expect(patch(`${widgets}/a`, 'apply', widget('a', { count: 5 }), query).status).toBe(200)
    expect(owners(get(`${widgets}/a`).body)).toEqual(['a Apply -'])
  })

  it('is not there for what has no count', () => {
    const { get } = scaled()
    expect(get('/apis/apps/v1/namespaces/default/daemonsets/web/scale').status).toBe(404)
  })
})
