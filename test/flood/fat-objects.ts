import { apiVersion, hookKind } from '../../src/api/names.ts'
import type { ResourceType } from '../../src/kube/paths.ts'
import { autoscalers, events, hooks, records, secrets } from '../../src/kube/resources.ts'

/** Objects that any editor of one namespace may make, of any size that the API server takes. */

/** JSON writes this character in six, and etcd keeps it in one where the kind is stored as protobuf. */
const costly = '<'

const deployments: ResourceType = { group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment' }

/** Where they are made. */
export const fatNamespace = 'fat'

/** A hook of the same namespace, and the Secret that has its URL. */
export const pushHook = { name: 'push', secret: 'push-url' }

export interface FatKind {
  readonly kind: string
  readonly type: ResourceType
  /** An object with about so many bytes in it, as it is stored. A Secret is made to look like one of the hook with this uid. */
  readonly make: (name: string, bytes: number, text: string, hookUid: string) => object
  /** The largest that the API server takes, in bytes of text, and of which text. */
  readonly largest: readonly [bytes: number, text: string]
}

/** Returns labels with about so many bytes in them. Kubernetes bounds each, but not how many there are. */
const labels = (bytes: number) => {
  const domain = `${'p'.repeat(63)}.${'q'.repeat(63)}.${'r'.repeat(63)}.com`
  const value = 'v'.repeat(63)
  return Object.fromEntries(
    Array.from({ length: Math.ceil(bytes / (domain.length + 2 * value.length)) }, (_, index) => [
      `${domain}/${String(index).padStart(63, 'a')}`,
      value,
    ]),
  )
}

const annotated = (name: string, bytes: number, text: string) => ({ name, annotations: { fat: text.repeat(bytes) } })

export const fatKinds: readonly FatKind[] = [
  {
    kind: 'hooks',
    type: hooks,
    largest: [235_000, costly],
    make: (name, bytes, text) => ({
      apiVersion,
      kind: hookKind,
      metadata: annotated(name, bytes, text),
      spec: { driver: 'scale', scale: { target: { name: 'web' }, action: 'up', max: 10 } },
    }),
  },
  {
    kind: 'hooks with labels',
    type: hooks,
    largest: [1_300_000, 'x'],
    make: (name, bytes) => ({
      apiVersion,
      kind: hookKind,
      metadata: { name, labels: labels(bytes) },
      spec: { driver: 'scale', scale: { target: { name: 'web' }, action: 'up', max: 10 } },
    }),
  },
  {
    kind: 'autoscalers',
    type: autoscalers,
    largest: [255_000, costly],
    make: (name, bytes, text) => ({
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: annotated(name, bytes, text),
      spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name }, maxReplicas: 2 },
    }),
  },
  {
    kind: 'deployments',
    type: deployments,
    largest: [1_450_000, costly],
    make: (name, bytes, text) => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name },
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: name } },
        template: {
          metadata: { labels: { app: name } },
          spec: {
            containers: [{ name: 'web', image: 'acme/web:1', env: [{ name: 'FAT', value: text.repeat(bytes) }] }],
          },
        },
      },
    }),
  },
  {
    kind: 'secrets',
    type: secrets,
    largest: [1_040_000, 'x'],
    make: (name, bytes, text, uid) => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name,
        labels: { 'receiverhooks.dev/hook-uid': uid },
        ownerReferences: [{ apiVersion, kind: hookKind, name: pushHook.name, uid, controller: true }],
      },
      stringData: { fat: text.repeat(bytes) },
    }),
  },
  {
    kind: 'records',
    type: records,
    largest: [1_000_000, 'x'],
    make: (name, bytes, text) => ({
      apiVersion,
      kind: 'ReceiverHookRecord',
      metadata: { name },
      content: JSON.stringify({ recent: text.repeat(bytes) }),
    }),
  },
  {
    kind: 'Events',
    type: events,
    largest: [255_000, costly],
    make: (name, bytes, text) => ({
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: annotated(name, bytes, text),
      eventTime: '2026-01-01T00:00:00.000000Z',
      action: 'Step',
      reason: 'Stepped',
      type: 'Normal',
      reportingController: 'example.com/other',
      reportingInstance: 'other',
      regarding: { apiVersion, kind: hookKind, name: pushHook.name, namespace: fatNamespace },
      note: 'Deployment/web: 1 -> 2',
    }),
  },
]
