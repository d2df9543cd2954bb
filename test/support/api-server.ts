import { wholeLines } from './lines.ts'
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, inject } from 'vitest'
import { at, isObject, parseJson, stringAt, type JsonObject } from '../../src/api/json.ts'
import type { ApiRequest, ApiResponse } from '../../src/environment/environment.ts'
import { connect, nodeClock } from '../../src/environment/node.ts'
import { wait } from '../../src/environment/wait.ts'
import { loadAccess } from '../../src/kube/access.ts'
import { definitionOf } from './definition.ts'

export interface Answer {
  readonly status: number
  readonly body: JsonObject
}

export type Query = Record<string, string>

export type Call = (
  method: ApiRequest['method'],
  path: string,
  body?: unknown,
  extra?: Partial<ApiRequest>,
) => Promise<Answer>

/** The API server of this run, with a namespace and an API group of its own. */
export interface ApiServer {
  readonly namespace: string
  readonly group: string
  readonly deployments: string
  readonly configMaps: string
  /** Custom resources of the CRD {@link widgetCrd}. */
  readonly widgets: string
  readonly request: (request: Partial<ApiRequest>) => Promise<ApiResponse>
  readonly call: Call
  /** Creates, and fails the test where that fails. */
  readonly made: (path: string, object: unknown) => Promise<JsonObject>
  readonly read: (path: string, query?: Query) => Promise<JsonObject>
  readonly merge: (path: string, patch: unknown, query?: Query) => Promise<Answer>
  /** The events of a watch that lasts two seconds. */
  readonly watch: (path: string, query: Query) => Promise<JsonObject[]>
  readonly widget: (name: string, spec: object) => object
}

/** Prepares the server before the first test, and cleans up after the last. Call it while tests are being defined. */
export const apiServer = (): ApiServer => {
  const id = randomBytes(4).toString('hex')
  const namespace = `api-server-${id}`
  const group = `${id}.example.dev`
  const widgets = `/apis/${group}/v1/namespaces/${namespace}/widgets`
  const connecting = loadAccess({ kubeconfig: inject('kubeconfig'), env: {} }).then(connect)

  const request: ApiServer['request'] = async extra =>
    (await connecting).request({ method: 'GET', path: '/', lane: 'bulk', timeoutMs: 10_000, ...extra })
  const call: Call = async (method, path, body, extra = {}) => {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) }
    const response = await request({ method, path, ...sent, ...extra })
    const answer: unknown = response.body.startsWith('{') ? parseJson(response.body) : {}
    if (!isObject(answer)) throw new Error(`${method} ${path} answered ${response.body}`)
    return { status: response.status, body: answer }
  }
  const made: ApiServer['made'] = async (path, object) => {
    const { status, body } = await call('POST', path, object)
    expect([status, body['message'] ?? '']).toEqual([201, ''])
    return body
  }

  beforeAll(async () => {
    await made('/api/v1/namespaces', { metadata: { name: namespace } })
    await made(crds, widgetCrd(group))
    // A real API server serves a new kind a moment after it has stored it.
    for (let tries = 0; (await call('GET', widgets)).status !== 200; tries++) {
      if (tries === 200) throw new Error('the custom resource is not served')
      await wait(nodeClock, 50)
    }
  })
  afterAll(async () => {
    await call('DELETE', `${crds}/widgets.${group}`)
    await call('DELETE', `/api/v1/namespaces/${namespace}`)
    await (await connecting).close()
  })

  return {
    namespace,
    group,
    deployments: `/apis/apps/v1/namespaces/${namespace}/deployments`,
    configMaps: `/api/v1/namespaces/${namespace}/configmaps`,
    widgets,
    request,
    call,
    made,
    read: async (path, query = {}) => (await call('GET', path, undefined, { query })).body,
    merge: (path, patch, query = {}) =>
      call('PATCH', path, patch, { contentType: 'application/merge-patch+json', query }),
    watch: async (path, query) => {
      const events: JsonObject[] = []
      const asked = { watch: 'true', timeoutSeconds: '2', allowWatchBookmarks: 'true', ...query }
      const opened: ApiRequest = { method: 'GET', path, query: asked, lane: 'watch', timeoutMs: 5000 }
      const watching = (await connecting).watch(opened, new AbortController().signal)
      for await (const line of wholeLines(watching)) {
        const event = parseJson(line)
        if (isObject(event)) events.push(event)
      }
      return events
    },
    widget: (name, spec) => ({ apiVersion: `${group}/v1`, kind: 'Widget', metadata: { name }, spec }),
  }
}

const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

export const versionOf = (object: JsonObject): string => stringAt(object, 'metadata', 'resourceVersion') ?? ''

export const configMap = (name: string, x: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data: { x },
})

/** Returns who owns the count of a Deployment, as `manager operation subresource`. */
export const owners = (object: JsonObject): string[] => {
  const entries = at(object, 'metadata', 'managedFields')
  return (Array.isArray(entries) ? entries : [])
    .filter(entry => at(entry, 'fieldsV1', 'f:spec', 'f:replicas') !== undefined)
    .map(entry => ['manager', 'operation', 'subresource'].map(member => stringAt(entry, member) ?? '-').join(' '))
}

/** Returns a kind with what the product's own has: defaults, bounds, rules on values, objects and former values. */
const widgetCrd = (group: string) =>
  definitionOf(
    { group, version: 'v1', resource: 'widgets', kind: 'Widget' },
    {
      type: 'object',
      required: ['spec'],
      properties: {
        spec: {
          type: 'object',
          required: ['driver'],
          properties: {
            driver: { type: 'string', enum: ['scale', 'other'] },
            count: { type: 'integer' },
            min: { type: 'integer', minimum: 0, default: 1 },
            max: { type: 'integer', minimum: 1 },
            by: {
              'x-kubernetes-int-or-string': true,
              anyOf: [{ type: 'integer' }, { type: 'string' }],
              maxLength: 10,
              'x-kubernetes-validations': [
                {
                  rule: "type(self) == int ? self >= 1 : self.matches('^[1-9][0-9]?%$')",
                  message: 'must be a count of 1 or more, or a share such as 25%',
                },
              ],
            },
            token: {
              type: 'object',
              default: {},
              properties: {
                rotation: {
                  type: 'integer',
                  default: 0,
                  'x-kubernetes-validations': [{ rule: 'self >= oldSelf', message: 'cannot be lowered' }],
                },
              },
            },
          },
          'x-kubernetes-validations': [
            {
              rule: '!has(self.max) || self.min <= self.max',
              fieldPath: '.max',
              message: 'min must not be above max',
            },
            {
              rule: "self.driver != 'scale' || has(self.max)",
              fieldPath: '.max',
              reason: 'FieldValueRequired',
              message: 'must be set, because driver is scale',
            },
          ],
        },
        status: {
          type: 'object',
          default: { observedGeneration: -1 },
          properties: { observedGeneration: { type: 'integer' }, count: { type: 'integer' } },
        },
      },
    },
    {
      subresources: { status: {}, scale: { specReplicasPath: '.spec.count', statusReplicasPath: '.status.count' } },
    },
  )
