import { Buffer } from 'node:buffer'
import { at, isObject, listAt, numberAt, stringAt, type JsonObject } from '../src/api/json.ts'
import * as columns from './columns.ts'
import { define, type Admitted, type ResourceDefinition, type ScalePaths } from './definition.ts'
import { coreEvent, eventFields, modernEvent } from './events.ts'
import { ownableInSpec } from './fields.ts'
import { equal, stringMapAt, withMember, without } from './members.ts'
import { selectorText } from './selectors.ts'
import { admitService } from './service.ts'
import { badRequest, invalidValue, requiredValue, type Cause } from './status.ts'

const accepted = (object: JsonObject, causes: readonly Cause[] = []): Admitted => ({
  object,
  causes,
  unknownFields: [],
})

const scale: ScalePaths = {
  specReplicas: ['spec', 'replicas'],
  statusReplicas: ['status', 'replicas'],
  selector: object => selectorText(at(object, 'spec', 'selector')),
}

/**
 * Returns what is wrong with the count, the selector and the pod template of a workload. Checks
 * only what the real server checks first.
 */
const templateCauses = (object: JsonObject): Cause[] => {
  const causes: Cause[] = []
  const replicas = numberAt(object, 'spec', 'replicas') ?? 0
  if (replicas < 0) causes.push(invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0'))
  const selector = at(object, 'spec', 'selector')
  const labels = stringMapAt(object, 'spec', 'template', 'metadata', 'labels')
  const wanted = Object.entries(stringMapAt(selector, 'matchLabels'))
  if (!isObject(selector)) causes.push(requiredValue('spec.selector'))
  if (!isObject(selector) || wanted.some(([name, value]) => labels[name] !== value)) {
    const found = Object.keys(labels).length === 0 ? null : labels
    causes.push(invalidValue('spec.template.metadata.labels', found, '`selector` does not match template `labels`'))
  }
  return [...causes, ...templateContainers(object, ['spec', 'template'])]
}

/** Returns the error of a pod template without containers. `path` is the place of the template. */
const templateContainers = (object: JsonObject, path: readonly string[]): Cause[] => {
  const containers = [...path, 'spec', 'containers']
  return listAt(object, ...containers).length === 0 ? [requiredValue(containers.join('.'))] : []
}

const withReplicas = (object: JsonObject): JsonObject =>
  numberAt(object, 'spec', 'replicas') === undefined ? withMember(object, ['spec', 'replicas'], 1) : object

const admitWorkload = (sent: JsonObject): Admitted => {
  const object = withReplicas(sent)
  return accepted(object, templateCauses(object))
}

const rollout = {
  strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
  revisionHistoryLimit: 10,
  progressDeadlineSeconds: 600,
}

const admitDeployment = (sent: JsonObject): Admitted => {
  const spec = isObject(sent['spec']) ? sent['spec'] : {}
  return admitWorkload({ ...sent, spec: { ...rollout, ...spec } })
}

const admitReplicationController = (sent: JsonObject): Admitted => {
  const object = withReplicas(sent)
  const replicas = numberAt(object, 'spec', 'replicas') ?? 0
  return accepted(
    object,
    replicas < 0 ? [invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0')] : [],
  )
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

const admitSecret = (sent: JsonObject): Admitted => {
  for (const value of Object.values(stringMapAt(sent, 'data'))) {
    if (!base64.test(value)) {
      throw badRequest('Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 0')
    }
  }
  const written = Object.entries(stringMapAt(sent, 'stringData')).map(([name, value]) => [
    name,
    Buffer.from(value).toString('base64'),
  ])
  const data: unknown =
    written.length === 0 ? sent['data'] : { ...stringMapAt(sent, 'data'), ...Object.fromEntries(written) }
  const object = withMember(without(sent, 'stringData'), ['data'], data)
  return accepted({ ...object, type: stringAt(sent, 'type') ?? 'Opaque' })
}

const admitNamespace = (sent: JsonObject): Admitted => {
  const name = stringAt(sent, 'metadata', 'name') ?? ''
  const labels = { ...stringMapAt(sent, 'metadata', 'labels'), 'kubernetes.io/metadata.name': name }
  return accepted({
    ...withMember(sent, ['metadata', 'labels'], labels),
    spec: { finalizers: ['kubernetes'] },
    status: { phase: stringAt(sent, 'status', 'phase') ?? 'Active' },
  })
}

const admitAutoscaler = (sent: JsonObject): Admitted => {
  const object =
    numberAt(sent, 'spec', 'minReplicas') === undefined ? withMember(sent, ['spec', 'minReplicas'], 1) : sent
  const min = numberAt(object, 'spec', 'minReplicas') ?? 1
  const max = numberAt(object, 'spec', 'maxReplicas') ?? 0
  const causes: Cause[] = []
  if (min < 1 && !mayScaleToZero(object)) {
    causes.push(invalidValue('spec.minReplicas', min, 'must be greater than or equal to 1'))
  }
  if (max < 1) causes.push(invalidValue('spec.maxReplicas', max, 'must be greater than 0'))
  if (max < min) causes.push(invalidValue('spec.maxReplicas', max, 'must be greater than or equal to `minReplicas`'))
  return accepted(object, causes)
}

/** Returns whether an autoscaler has a metric that is there without pods: only then may its minimum be 0. */
const mayScaleToZero = (object: JsonObject): boolean => {
  const metrics = at(object, 'spec', 'metrics')
  return Array.isArray(metrics) && metrics.some(metric => ['External', 'Object'].includes(String(at(metric, 'type'))))
}

const immutableSelector =
  (admit: (object: JsonObject) => Admitted) =>
  (sent: JsonObject, old: JsonObject | undefined): Admitted => {
    const { object, causes } = admit(sent)
    const selector = at(object, 'spec', 'selector')
    if (!old || equal(selector, at(old, 'spec', 'selector'))) return accepted(object, causes)
    return accepted(object, [...causes, invalidValue('spec.selector', selector, 'field is immutable')])
  }

const core = { group: '', version: 'v1' }
const apps = { group: 'apps', version: 'v1' }
const workload = {
  ...apps,
  categories: ['all'],
  subresources: ['status', 'scale'],
  scale,
  generation: true,
  admit: immutableSelector(admitWorkload),
} as const
const batch = {
  group: 'batch',
  version: 'v1',
  categories: ['all'],
  subresources: ['status'],
  generation: true,
} as const
const events = {
  resource: 'events',
  kind: 'Event',
  kept: 'events',
  shortNames: ['ev'],
  fields: eventFields,
  columns: columns.event,
} as const

/** The built-in resources. {@link define} fills in what a row leaves out. */
export const builtin: readonly ResourceDefinition[] = [
  define({
    ...core,
    resource: 'namespaces',
    kind: 'Namespace',
    namespaced: false,
    shortNames: ['ns'],
    subresources: ['status'],
    columns: columns.namespace,
    fields: { 'status.phase': ['status', 'phase'] },
    admit: admitNamespace,
  }),
  define({ ...core, resource: 'configmaps', kind: 'ConfigMap', shortNames: ['cm'], columns: columns.configMap }),
  define({
    ...core,
    resource: 'secrets',
    kind: 'Secret',
    columns: columns.secret,
    fields: { type: ['type'] },
    admit: admitSecret,
  }),
  define({ ...core, ...events }),
  define({
    ...core,
    resource: 'serviceaccounts',
    kind: 'ServiceAccount',
    shortNames: ['sa'],
    columns: columns.nameAndAge,
  }),
  define({
    ...core,
    resource: 'resourcequotas',
    kind: 'ResourceQuota',
    shortNames: ['quota'],
    subresources: ['status'],
    columns: columns.nameAndAge,
  }),
  define({
    ...core,
    resource: 'services',
    kind: 'Service',
    shortNames: ['svc'],
    categories: ['all'],
    subresources: ['status'],
    columns: columns.service,
    admit: admitService,
  }),
  define({
    ...core,
    resource: 'pods',
    kind: 'Pod',
    shortNames: ['po'],
    categories: ['all'],
    subresources: ['status'],
    columns: columns.pod,
    unsupported: {
      log: 'there is no log: no container runs in the in-memory API server',
      exec: 'there is nothing to run it in: no container runs in the in-memory API server',
      attach: 'there is nothing to attach to: no container runs in the in-memory API server',
      portforward: 'there is no port: no container runs in the in-memory API server',
    },
    fields: { 'status.phase': ['status', 'phase'], 'spec.nodeName': ['spec', 'nodeName'] },
  }),
  define({
    ...core,
    resource: 'replicationcontrollers',
    kind: 'ReplicationController',
    shortNames: ['rc'],
    categories: ['all'],
    subresources: ['status', 'scale'],
    scale,
    generation: true,
    columns: columns.replicated,
    admit: admitReplicationController,
  }),
  define({
    ...workload,
    resource: 'deployments',
    kind: 'Deployment',
    shortNames: ['deploy'],
    columns: columns.deployment,
    admit: immutableSelector(admitDeployment),
  }),
  define({
    ...workload,
    resource: 'statefulsets',
    kind: 'StatefulSet',
    shortNames: ['sts'],
    columns: columns.statefulSet,
  }),
  define({ ...workload, resource: 'replicasets', kind: 'ReplicaSet', shortNames: ['rs'], columns: columns.replicated }),
  define({
    ...apps,
    resource: 'daemonsets',
    kind: 'DaemonSet',
    shortNames: ['ds'],
    categories: ['all'],
    subresources: ['status'],
    generation: true,
    columns: columns.daemonSet,
    admit: object => accepted(object, templateCauses(object)),
  }),
  define({
    ...batch,
    resource: 'jobs',
    kind: 'Job',
    fields: { 'status.successful': ['status', 'succeeded'] },
    columns: columns.job,
    admit: object => accepted(object, templateContainers(object, ['spec', 'template'])),
  }),
  define({
    ...batch,
    resource: 'cronjobs',
    kind: 'CronJob',
    shortNames: ['cj'],
    columns: columns.cronJobs,
    admit: object => accepted(object, templateContainers(object, ['spec', 'jobTemplate', 'spec', 'template'])),
  }),
  define({
    group: 'autoscaling',
    version: 'v2',
    resource: 'horizontalpodautoscalers',
    kind: 'HorizontalPodAutoscaler',
    shortNames: ['hpa'],
    categories: ['all'],
    subresources: ['status'],
    columns: columns.autoscaler,
    ownable: ownableInSpec(['minReplicas', 'maxReplicas']),
    admit: admitAutoscaler,
  }),
  define({
    group: 'coordination.k8s.io',
    version: 'v1',
    resource: 'leases',
    kind: 'Lease',
    versionRequired: true,
    columns: columns.lease,
  }),
  define({ ...events, group: 'events.k8s.io', version: 'v1', decode: coreEvent, encode: modernEvent }),
]
