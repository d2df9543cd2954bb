import { describe, expect, it } from 'vitest'
import { at, stringAt, tryParseJson } from '../../src/api/json.ts'
import type { ApiResponse } from '../../src/environment/environment.ts'
import { collectionPath, objectPath } from '../../src/kube/paths.ts'
import { hooks } from '../../src/kube/resources.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { cluster, type Cluster } from '../support/product.ts'

const good = { target: { name: 'web' }, action: 'up', max: 10 }

const apply = ({ api, namespace }: Cluster, spec: object, name = 'web-up'): Promise<ApiResponse> =>
  api.request({
    method: 'POST',
    path: collectionPath(hooks, namespace),
    query: { fieldValidation: 'Strict' },
    body: JSON.stringify({ apiVersion, kind: hookKind, metadata: { name }, spec }),
    lane: 'bulk',
    timeoutMs: 5000,
  })

const message = (response: ApiResponse): string => stringAt(tryParseJson(response.body), 'message') ?? ''

describe('a manifest', () => {
  it.each<[string, object, number, string]>([
    ['without a driver', { scale: good }, 422, 'spec.driver: Required value'],
    ['with an unknown driver', { driver: 'skale', scale: good }, 422, 'supported values: "scale"'],
    [
      'without the member of its driver',
      { driver: 'scale' },
      422,
      'spec.scale: Required value: must be set, because driver is scale',
    ],
    [
      'with a member of no driver',
      { driver: 'scale', scale: good, scaleAll: {} },
      400,
      'unknown field "spec.scaleAll"',
    ],
    ['with a misspelt field', { driver: 'scale', scale: { ...good, mx: 4 } }, 400, 'unknown field "spec.scale.mx"'],
    [
      'with a step up without max',
      { driver: 'scale', scale: { ...good, max: undefined } },
      422,
      'spec.scale.max: Required value: must be set, because action is up',
    ],
    [
      'with a kind that has no count',
      { driver: 'scale', scale: { ...good, target: { kind: 'DaemonSet', name: 'web' } } },
      422,
      'spec.scale.target: Invalid value',
    ],
    [
      'with a kind in lower case',
      { driver: 'scale', scale: { ...good, target: { kind: 'deployment', name: 'web' } } },
      422,
      'cannot be scaled: use one of apps/v1 Deployment, apps/v1 StatefulSet',
    ],
    [
      'with a kind of another group',
      { driver: 'scale', scale: { ...good, target: { kind: 'ReplicationController', name: 'web' } } },
      422,
      'v1 ReplicationController, autoscaling/v2 HorizontalPodAutoscaler, keda.sh/v1alpha1 ScaledObject, or a custom resource',
    ],
    [
      'with a max that no count can be',
      { driver: 'scale', scale: { ...good, max: 3_000_000_000 } },
      422,
      'spec.scale.max in body should be less than or equal to 2147483647',
    ],
    [
      'with an expression written as a template',
      { driver: 'scale', scale: good, when: "{{ body.status == 'firing' }}" },
      422,
      "is an expression, not a template: write it without {{ }}, as in body.status == 'firing'",
    ],
    [
      'without a target',
      { driver: 'scale', scale: { action: 'up', max: 3 } },
      422,
      'spec.scale.target: Required value',
    ],
    [
      'with a target without a name',
      { driver: 'scale', scale: { ...good, target: {} } },
      422,
      'spec.scale.target.name: Required value',
    ],
    [
      'with a bad name',
      { driver: 'scale', scale: { ...good, target: { name: 'Web_1' } } },
      422,
      'must be an object name: lower-case letters',
    ],
    [
      'with another action',
      { driver: 'scale', scale: { ...good, action: 'left' } },
      422,
      'supported values: "up", "down"',
    ],
    [
      'with min above max',
      { driver: 'scale', scale: { ...good, min: 11 } },
      422,
      'must not be below min: raise max or lower min',
    ],
    [
      'with a negative min',
      { driver: 'scale', scale: { ...good, min: -1 } },
      422,
      'spec.scale.min in body should be greater than or equal to 0',
    ],
    [
      'with max 0',
      { driver: 'scale', scale: { ...good, max: 0, min: 0 } },
      422,
      'spec.scale.max in body should be greater than or equal to 1',
    ],
    [
      'with a step of 0',
      { driver: 'scale', scale: { ...good, by: 0 } },
      422,
      'must be a count of at least 1, or a share from "1%" to "999%"',
    ],
    [
      'with a step of "0%"',
      { driver: 'scale', scale: { ...good, by: '0%' } },
      422,
      'must be a count of at least 1, or a share from "1%" to "999%"',
    ],
    [
      'with a step of "five"',
      { driver: 'scale', scale: { ...good, by: 'five' } },
      422,
      'must be a count of at least 1, or a share from "1%" to "999%"',
    ],
    ['with a step of true', { driver: 'scale', scale: { ...good, by: true } }, 422, 'spec.scale.by'],
    [
      'with a bad duration',
      { driver: 'scale', scale: good, token: { overlap: '5 minutes' } },
      422,
      'must be a duration: a number and a unit (h, m, s, ms), as in 30s, 5m or 1h30m',
    ],
    [
      'with an overlap as long as the life',
      { driver: 'scale', scale: good, token: { overlap: '5m', expiresAfter: '5m' } },
      422,
      'must be shorter than expiresAfter',
    ],
    [
      'with a life of a second',
      { driver: 'scale', scale: good, token: { overlap: '0s', expiresAfter: '1s' } },
      422,
      'must be at least 1m',
    ],
    [
      'with two bad durations',
      { driver: 'scale', scale: good, token: { overlap: 'long', expiresAfter: 'longer' } },
      422,
      'must be a duration',
    ],
    [
      'with a bad Secret name',
      { driver: 'scale', scale: good, token: { secretName: 'a/b' } },
      422,
      'must be an object name',
    ],
    [
      'with another onResolved',
      { driver: 'scale', scale: good, onResolved: 'sometimes' },
      422,
      'supported values: "ignore", "run"',
    ],
    ['with a rate limit of none', { driver: 'scale', scale: good, rateLimit: { perSecond: 0 } }, 422, 'perSecond'],
    [
      'with no kind to roll out',
      { driver: 'redeploy', redeploy: { selector: {}, kinds: [], tags: { glob: '*' } } },
      422,
      'must have at least one kind; leave it out for all four',
    ],
    ['with a rotation below 0', { driver: 'scale', scale: good, token: { rotation: -1 } }, 422, 'spec.token.rotation'],
  ])('%s is refused with what to write', async (_name, spec, status, says) => {
    const here = await cluster()
    const response = await apply(here, spec)
    expect(message(response)).toContain(says)
    expect(response.status).toBe(status)
    expect(message(response)).not.toMatch(/type conversion|matches\(/)
  })

  it('with a bad name of its own is refused', async () => {
    const response = await apply(await cluster(), { driver: 'scale', scale: good }, 'Web_Up')
    expect(response.status).toBe(422)
    expect(message(response)).toContain('a lowercase RFC 1123 subdomain must consist of')
  })

  it('that is good is stored with its defaults', async () => {
    const response = await apply(await cluster(), { driver: 'scale', scale: good })
    expect(response.status).toBe(201)
    expect(at(tryParseJson(response.body), 'spec')).toEqual({
      driver: 'scale',
      scale: {
        target: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        action: 'up',
        by: 1,
        min: 1,
        max: 10,
        overshoot: 'clamp',
      },
      suspend: false,
      onResolved: 'ignore',
      cooldown: '0s',
      dedupeWindow: '40s',
      token: { rotation: 0, overlap: '5m' },
    })
    expect(at(tryParseJson(response.body), 'status')).toEqual({ observedGeneration: -1 })
  })
})

describe('a rotation', () => {
  it.each([
    ['lowered', { token: { rotation: 2 } }],
    ['removed', { token: { rotation: null } }],
    ['removed with its token', { token: null }],
  ])('cannot be %s', async (_name, spec) => {
    const here = await cluster()
    expect((await apply(here, { driver: 'scale', scale: good, token: { rotation: 3 } })).status).toBe(201)
    const response = await here.api.request({
      method: 'PATCH',
      path: objectPath(hooks, here.namespace, 'web-up'),
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({ spec }),
      lane: 'bulk',
      timeoutMs: 5000,
    })
    expect(response.status).toBe(422)
    expect(message(response)).toContain("can't be lowered: raise it to get a new URL; an old one never comes back")
  })
})
