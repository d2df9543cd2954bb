import { stringAt, tryParseJson } from '../../../src/api/json.ts'
import { isStoredObject, type StoredObject } from '../../../src/api/object.ts'
import type { ApiConnection, ApiRequest, ApiResponse } from '../../../src/environment/environment.ts'
import { nodeClock } from '../../../src/environment/node.ts'
import { Unreachable } from '../../../src/environment/unreachable.ts'
import { wait } from '../../../src/environment/wait.ts'
import { apiVersionOf, objectPath } from '../../../src/kube/paths.ts'
import type { Rng } from '../../simulation/seed.ts'
import type { OutsideWrite } from './history.ts'
import { countOf, type OutsideWay, type TargetKind } from './kinds.ts'
import type { PlannedTarget } from './plan.ts'

/** How long it rests between two writes, at most, in milliseconds. */
const maxRestMs = 60

/** How far it moves a count, at most. */
const farthest = 20

/**
 * Scales targets as another client, one after another, until `stop` is aborted, each time from the version that was read. `note` receives
 * of what was written, and of what may have been.
 */
export const scaleOutside = async (
  {
    api,
    namespace,
    targets,
  }: { readonly api: ApiConnection; readonly namespace: string; readonly targets: readonly PlannedTarget[] },
  rng: Rng,
  note: (write: OutsideWrite) => void,
  stop: AbortSignal,
): Promise<void> => {
  while (!stop.aborted && targets.length > 0) {
    await wait(nodeClock, rng.int(1, maxRestMs), stop)
    const { kind, name } = rng.pick(targets)
    const found = tryParseJson(
      (await asked(api, { method: 'GET', path: objectPath(kind.type, namespace, name) }))?.body ?? '',
    )
    if (!isStoredObject(found)) continue
    const count = countOf(kind, found)
    const to = Math.max(kind.least ?? 0, count + rng.int(1, farthest) * rng.pick([1, -1]))
    if (to === count) continue
    const sentAt = Math.floor(nodeClock.monotonic())
    const answer = await asked(api, { method: 'PATCH', ...writes[rng.pick(kind.outside)](kind, namespace, found, to) })
    const endedAt = Math.ceil(nodeClock.monotonic())
    if (answer && answer.status >= 300 && answer.status < 500) continue
    const made = answer?.status === 200 ? stringAt(tryParseJson(answer.body), 'metadata', 'resourceVersion') : undefined
    const base = found.metadata.resourceVersion
    note({ target: name, base, to, sentAt, endedAt, ...(made !== undefined && { made }) })
  }
}

type Write = Omit<ApiRequest, 'method' | 'lane' | 'timeoutMs'>

/** The write of a count by somebody else, at the version that was read and at no other. */
const writes: Readonly<
  Record<OutsideWay, (kind: TargetKind, namespace: string, found: StoredObject, to: number) => Write>
> = {
  'merge to /scale': ({ type }, namespace, { metadata: { name, resourceVersion } }, replicas) => ({
    path: objectPath(type, namespace, name, 'scale'),
    contentType: 'application/merge-patch+json',
    query: { fieldManager: 'kubectl' },
    body: JSON.stringify({ metadata: { name, resourceVersion }, spec: { replicas } }),
  }),
  'apply to /scale': ({ type }, namespace, { metadata: { name, resourceVersion } }, replicas) => ({
    path: objectPath(type, namespace, name, 'scale'),
    ...applied({
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name, resourceVersion },
      spec: { replicas },
    }),
  }),
  apply: ({ pointer, type }, namespace, { metadata: { name, resourceVersion } }, to) => ({
    path: objectPath(type, namespace, name),
    ...applied({
      apiVersion: apiVersionOf(type),
      kind: type.kind,
      metadata: { name, resourceVersion },
      ...nested(pointer.split('/').slice(1), to),
    }),
  }),
  patch: ({ pointer, type }, namespace, { metadata: { name, resourceVersion } }, to) => ({
    path: objectPath(type, namespace, name),
    contentType: 'application/json-patch+json',
    query: { fieldManager: 'kubectl' },
    body: JSON.stringify([
      { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion },
      { op: 'add', path: pointer, value: to },
    ]),
  }),
}

const applied = (object: object): Omit<Write, 'path'> => ({
  contentType: 'application/apply-patch+yaml',
  query: { fieldManager: 'gitops', force: 'true' },
  body: JSON.stringify(object),
})

/** Returns an object that holds a value, and nothing else, behind these names. */
const nested = (names: readonly string[], value: number): object =>
  names.reduceRight<object>((inner, name, index) => ({ [name]: index === names.length - 1 ? value : inner }), {})

const asked = async (
  api: ApiConnection,
  request: Omit<ApiRequest, 'lane' | 'timeoutMs'>,
): Promise<ApiResponse | undefined> => {
  try {
    return await api.request({ ...request, lane: 'step', timeoutMs: 10_000 })
  } catch (error) {
    if (error instanceof Unreachable) return undefined
    throw error
  }
}
