import { at, isObject, listAt, numberAt, stringAt, type JsonObject } from '../src/api/json.ts'
import type { Column } from './definition.ts'
import { age } from '../cli/output/times.ts'
import { stringMapAt } from './members.ts'
import { selectorText } from './selectors.ts'

/** The columns of `kubectl get` for the built-in resources, equal to the real server's. */

const name: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  cell: object => stringAt(object, 'metadata', 'name'),
}
const ageColumn: Column = {
  name: 'Age',
  type: 'string',
  cell: (object, now) => age(stringAt(object, 'metadata', 'creationTimestamp'), now),
}
const text = (column: string, cell: Column['cell'], priority = 0): Column => ({
  name: column,
  type: 'string',
  priority,
  cell,
})
const count = (column: string, ...path: readonly string[]): Column => ({
  name: column,
  type: 'integer',
  cell: object => numberAt(object, ...path) ?? 0,
})

const orNone = (value: string): string => (value === '' ? '<none>' : value)

const containers = (member: string) => (object: JsonObject) =>
  listAt(object, 'spec', 'template', 'spec', 'containers')
    .map(container => stringAt(container, member) ?? '')
    .join(',')

const pairs = (map: Readonly<Record<string, string>>): string =>
  Object.entries(map)
    .map(([key, value]) => `${key}=${value}`)
    .join(',')

const workload = (...own: readonly Column[]): Column[] => [
  name,
  ...own,
  ageColumn,
  text('Containers', containers('name'), 1),
  text('Images', containers('image'), 1),
]
const selector = text('Selector', object => orNone(selectorText(at(object, 'spec', 'selector'))), 1)
const ready = text(
  'Ready',
  object => `${numberAt(object, 'status', 'readyReplicas') ?? 0}/${numberAt(object, 'spec', 'replicas') ?? 0}`,
)
const members = text('Data', object => String(Object.keys(stringMapAt(object, 'data')).length))

export const nameAndAge = [name, ageColumn]
export const deployment = [
  ...workload(
    ready,
    count('Up-to-date', 'status', 'updatedReplicas'),
    count('Available', 'status', 'availableReplicas'),
  ),
  selector,
]
export const statefulSet = workload(ready)
export const replicated = [
  ...workload(
    count('Desired', 'spec', 'replicas'),
    count('Current', 'status', 'replicas'),
    count('Ready', 'status', 'readyReplicas'),
  ),
  selector,
]
export const daemonSet = [
  ...workload(
    count('Desired', 'status', 'desiredNumberScheduled'),
    count('Current', 'status', 'currentNumberScheduled'),
    count('Ready', 'status', 'numberReady'),
    count('Up-to-date', 'status', 'updatedNumberScheduled'),
    count('Available', 'status', 'numberAvailable'),
    text('Node Selector', object => orNone(pairs(stringMapAt(object, 'spec', 'template', 'spec', 'nodeSelector')))),
  ),
  selector,
]
export const configMap = [name, members, ageColumn]
export const secret = [name, text('Type', object => stringAt(object, 'type') ?? ''), members, ageColumn]
export const lease = [name, text('Holder', object => stringAt(object, 'spec', 'holderIdentity') ?? ''), ageColumn]
export const namespace = [name, text('Status', object => stringAt(object, 'status', 'phase') ?? ''), ageColumn]
export const pod = [
  name,
  text('Ready', object => {
    const all = listAt(object, 'spec', 'containers').length
    const up = listAt(object, 'status', 'containerStatuses').filter(status => at(status, 'ready') === true).length
    return `${up}/${all}`
  }),
  text('Status', object => {
    const [waiting] = listAt(object, 'status', 'containerStatuses').flatMap(
      status => stringAt(status, 'state', 'waiting', 'reason') ?? [],
    )
    return waiting ?? stringAt(object, 'status', 'phase') ?? 'Pending'
  }),
  text('Restarts', () => '0'),
  ageColumn,
]
export const service = [
  name,
  text('Type', object => stringAt(object, 'spec', 'type') ?? 'ClusterIP'),
  text('Cluster-IP', object => stringAt(object, 'spec', 'clusterIP') ?? '<none>'),
  text('External-IP', () => '<none>'),
  text('Port(s)', object =>
    orNone(
      listAt(object, 'spec', 'ports')
        .map(port => `${numberAt(port, 'port') ?? 0}/${stringAt(port, 'protocol') ?? 'TCP'}`)
        .join(','),
    ),
  ),
  ageColumn,
  text('Selector', object => orNone(pairs(stringMapAt(object, 'spec', 'selector'))), 1),
]

export const job = [
  name,
  text(
    'Completions',
    object => `${numberAt(object, 'status', 'succeeded') ?? 0}/${numberAt(object, 'spec', 'completions') ?? 1}`,
  ),
  ageColumn,
]
export const cronJobs = [
  name,
  text('Schedule', object => stringAt(object, 'spec', 'schedule') ?? ''),
  text('Suspend', object => (at(object, 'spec', 'suspend') === true ? 'True' : 'False')),
  { ...count('Active'), cell: (object: JsonObject) => listAt(object, 'status', 'active').length },
  ageColumn,
]

const metric = (object: JsonObject) => (spec: unknown, index: number) => {
  const current = numberAt(
    listAt(object, 'status', 'currentMetrics')[index],
    'resource',
    'current',
    'averageUtilization',
  )
  const target = numberAt(spec, 'resource', 'target', 'averageUtilization')
  const resource = stringAt(spec, 'resource', 'name')
  if (resource === undefined || target === undefined) return '<unknown>'
  return `${resource}: ${current === undefined ? '<unknown>' : `${current}%`}/${target}%`
}
export const autoscaler = [
  name,
  text(
    'Reference',
    object =>
      `${stringAt(object, 'spec', 'scaleTargetRef', 'kind') ?? ''}/${stringAt(object, 'spec', 'scaleTargetRef', 'name') ?? ''}`,
  ),
  text('Targets', object => orNone(listAt(object, 'spec', 'metrics').map(metric(object)).join(', '))),
  text('MinPods', object => String(numberAt(object, 'spec', 'minReplicas') ?? '<unset>')),
  text('MaxPods', object => String(numberAt(object, 'spec', 'maxReplicas') ?? 0)),
  text('Replicas', object => String(numberAt(object, 'status', 'currentReplicas') ?? 0)),
  ageColumn,
]

const firstSeen = (object: JsonObject): string | undefined =>
  stringAt(object, 'firstTimestamp') ?? stringAt(object, 'eventTime')
const lastSeen = (object: JsonObject): string | undefined =>
  stringAt(object, 'series', 'lastObservedTime') ?? stringAt(object, 'lastTimestamp') ?? firstSeen(object)
const source = (object: JsonObject): string =>
  [
    stringAt(object, 'source', 'component') ?? stringAt(object, 'reportingComponent'),
    stringAt(object, 'source', 'host') ?? stringAt(object, 'reportingInstance'),
  ]
    .filter(part => part !== undefined && part !== '')
    .join(', ')
/** The columns of events in the form of core `v1`, in which they are stored. */
export const event = [
  text('Last Seen', (object, now) => age(lastSeen(object), now)),
  text('Type', object => stringAt(object, 'type') ?? ''),
  text('Reason', object => stringAt(object, 'reason') ?? ''),
  text('Object', object => {
    const involved = at(object, 'involvedObject')
    const kind = (stringAt(involved, 'kind') ?? '').toLowerCase()
    return isObject(involved) ? `${kind}/${stringAt(involved, 'name') ?? ''}` : ''
  }),
  text('Subobject', object => stringAt(object, 'involvedObject', 'fieldPath') ?? '', 1),
  text('Source', source, 1),
  text('Message', object => (stringAt(object, 'message') ?? '').trim()),
  text('First Seen', (object, now) => age(firstSeen(object), now), 1),
  text('Count', object => String(numberAt(object, 'series', 'count') ?? numberAt(object, 'count') ?? 1), 1),
  { ...name, priority: 1 },
]
