import { at, isObject, parseJson, stringAt, type JsonObject } from '../../src/api/json.ts'
import { createApiServer, type ApiServer } from '../../apiserver/server.ts'
import { fakeClock, type FakeClock } from '../support/clock.ts'
import { definitionOf } from '../support/definition.ts'
import { seededRandom } from '../support/random.ts'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: JsonObject
}

export type Query = Readonly<Record<string, string>>

/** A server in fake time, and short ways to ask it. */
export interface Asked {
  readonly server: ApiServer
  readonly clock: FakeClock
  readonly get: (path: string, query?: Query, accept?: string) => Answer
  readonly post: (path: string, object: unknown, query?: Query) => Answer
  readonly put: (path: string, object: unknown, query?: Query) => Answer
  readonly patch: (path: string, type: keyof typeof patchTypes, patch: unknown, query?: Query) => Answer
  readonly remove: (path: string, options?: unknown, query?: Query) => Answer
  /** Opens a watch; the events arrive in `events`, and `ended` becomes true at its end. */
  readonly watch: (path: string, query?: Query, accept?: string) => Watched
}

export interface Watched {
  readonly events: JsonObject[]
  readonly ended: boolean
  readonly cancel: () => void
}

const patchTypes = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const

export const ask = (historyMs?: number): Asked => {
  const clock = fakeClock()
  const server = createApiServer({
    clock,
    random: seededRandom(1),
    ...(historyMs === undefined ? {} : { historyMs }),
  })
  const call = (method: string, path: string, extra: object): Answer => {
    const { status, headers, body } = server.handle({ method, path, userAgent: 'test/1', ...extra })
    const parsed = parseJson(body)
    return { status, headers, body: isObject(parsed) ? parsed : {} }
  }
  const send = (method: string, contentType: string, path: string, body: unknown, query: Query): Answer =>
    call(method, path, { query, contentType, body: JSON.stringify(body) })
  return {
    server,
    clock,
    get: (path, query = {}, accept = 'application/json') => call('GET', path, { query, accept }),
    post: (path, object, query = {}) => send('POST', 'application/json', path, object, query),
    put: (path, object, query = {}) => send('PUT', 'application/json', path, object, query),
    patch: (path, type, patch, query = {}) => send('PATCH', patchTypes[type], path, patch, query),
    remove: (path, options = {}, query = {}) => send('DELETE', 'application/json', path, options, query),
    watch: (path, query = {}, accept = 'application/json') => {
      const watched = { events: new Array<JsonObject>(), ended: false, cancel: (): void => undefined }
      const opened = server.watch(
        { method: 'GET', path, accept, query: { watch: 'true', ...query } },
        {
          line: text => {
            const event = parseJson(text)
            if (isObject(event)) watched.events.push(event)
          },
          end: () => {
            watched.ended = true
          },
        },
      )
      if (typeof opened !== 'function') throw new Error(`the watch was refused: ${opened.body}`)
      watched.cancel = opened
      return watched
    },
  }
}

export const configMaps = '/api/v1/namespaces/default/configmaps'
export const deployments = '/apis/apps/v1/namespaces/default/deployments'
export const widgets = '/apis/example.dev/v1/namespaces/default/widgets'
export const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

export const configMap = (name: string, data: object = {}, metadata: object = {}) => ({
  metadata: { name, ...metadata },
  data,
})

export const deployment = (name: string, replicas?: number) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    ...(replicas === undefined ? {} : { replicas }),
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'web', image: 'nginx:1' }] },
    },
  },
})

export const widget = (name: string, spec: object = {}, more: object = {}) => ({
  apiVersion: 'example.dev/v1',
  kind: 'Widget',
  metadata: { name },
  spec,
  ...more,
})

/** Returns a CRD of Widgets whose spec has this schema; `version` is merged into its one version. */
export const widgetCrd = (spec: object, version: object = {}) =>
  definitionOf(
    { group: 'example.dev', version: 'v1', resource: 'widgets', kind: 'Widget' },
    { type: 'object', properties: { spec, status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } },
    version,
    { shortNames: ['wd'] },
  )

export const versionOf = (object: unknown): string => stringAt(object, 'metadata', 'resourceVersion') ?? ''

export const namesIn = (list: JsonObject): (string | undefined)[] => {
  const items = list['items']
  return Array.isArray(items) ? items.map(item => stringAt(item, 'metadata', 'name')) : []
}

/** Events as `TYPE name`. */
export const eventsOf = ({ events }: Watched): string[] =>
  events.map(event => `${stringAt(event, 'type')} ${stringAt(event, 'object', 'metadata', 'name') ?? ''}`.trim())

/** Returns owners of the count as `manager operation subresource`. */
export const owners = (object: JsonObject): string[] => {
  const entries = at(object, 'metadata', 'managedFields')
  return (Array.isArray(entries) ? entries : []).map(entry =>
    ['manager', 'operation', 'subresource'].map(member => stringAt(entry, member) ?? '-').join(' '),
  )
}
