import { controllerOf, type KubeObject, type StoredObject } from '../../api/object.ts'
import type { ApiConnection } from '../../environment/environment.ts'
import { pagesOf, type Listing } from '../../kube/pager.ts'
import { collectionPath } from '../../kube/paths.ts'
import { read } from '../../kube/requests.ts'
import { bytesOf } from '../../kube/written.ts'
import { workloadKind, workloadKinds, type Workloads } from './kinds.ts'
import { neededOf } from './plan.ts'
import type { Reach } from './schema.ts'

/** The time limit of one request, in milliseconds. */
export const rolloutRequestMs = 3000

/** The maximum number of workloads of one delivery. */
const maxWorkloads = 1000

/**
 * How much of workloads one delivery may read, in bytes, and keep, in characters. A thousand
 * ordinary workloads are 10 MB and 0.5 MB. Somebody who has more made them large on purpose.
 */
const maxReadBytes = 32 * 1024 * 1024
const maxHeldChars = 2 * 1024 * 1024

export interface FoundWorkload {
  readonly workloads: Workloads
  readonly object: StoredObject
  /** The size of the workload in bytes. If it was read in a list, the average there. */
  readonly bytes: number
}

export interface WorkloadProblem {
  readonly reason: 'TargetNotFound' | 'TargetBeingDeleted' | 'OwnedByController' | 'TooLarge'
  readonly message: string
}

export interface Workset {
  readonly found: readonly FoundWorkload[]
  /** The names of workloads that are too large to be read, such as `Deployment/web`. */
  readonly large: readonly string[]
  /** The names of workloads that are left out. */
  readonly passed: readonly string[]
}

/**
 * Reads the workloads of a hook: its target, or those that its selector matches, which may be {@link
 * maxWorkloads} at most. Selected workloads that a controller would reset, or that are being deleted, are
 * left out. Throws the API server's errors.
 */
export const findWorkloads = async (
  api: ApiConnection,
  namespace: string,
  { kinds, selector, target }: Reach,
): Promise<Workset | WorkloadProblem> => {
  if (target) {
    const workloads = workloadKind(target.kind)
    if (!workloads) throw new TypeError(`not a valid target.kind: ${target.kind}`)
    const object = await read(api, workloads.type, namespace, target.name, { lane: 'act', timeoutMs: rolloutRequestMs })
    return object
      ? (workloadProblem(object, workloads) ?? {
          found: [{ workloads, object, bytes: bytesOf(JSON.stringify(object)) }],
          large: [],
          passed: [],
        })
      : missingWorkload(target, namespace)
  }
  const meant = workloadKinds.filter(({ type }) => kinds?.includes(type.kind) ?? true)
  const labels = Object.entries(selector?.matchLabels ?? {}).map(([name, value]) => `${name}=${value}`)
  const found: FoundWorkload[] = []
  const [large, passed]: readonly [string[], string[]] = [[], []]
  let [readBytes, held] = [0, 0]
  for (const workloads of meant) {
    const { kind, resource } = workloads.type
    const listing: Listing = {
      resource,
      path: collectionPath(workloads.type, namespace),
      query: labels.length === 0 ? {} : { labelSelector: labels.join(',') },
      lane: 'act',
      timeoutMs: rolloutRequestMs,
    }
    for await (const page of pagesOf(api, listing)) {
      for (const object of page.objects) {
        if (workloadProblem(object, workloads)) {
          passed.push(`${kind}/${object.metadata.name}`)
          continue
        }
        if (found.length === maxWorkloads) return tooMany
        const needed = neededOf(object, workloads)
        held += JSON.stringify(needed).length
        found.push({ workloads, object: needed, bytes: page.bytes / Math.max(1, page.objects.length) })
      }
      if (page.large) large.push(`${kind}/${page.large.metadata.name}`)
      readBytes += page.bytes
      if (readBytes > maxReadBytes || held > maxHeldChars) return tooMuch
    }
  }
  return { found, large, passed }
}

const tooMuch: WorkloadProblem = {
  reason: 'TooLarge',
  message: `the workloads that the selector could match take more than ${maxReadBytes / 1024 / 1024} MiB: remove large parts of them, such as annotations, or name one workload as target`,
}

const tooMany: WorkloadProblem = {
  reason: 'TooLarge',
  message: `the selector matches more than ${maxWorkloads} workloads, so none is rolled out: narrow it with matchLabels or kinds`,
}

export const missingWorkload = ({ kind, name }: NonNullable<Reach['target']>, namespace: string): WorkloadProblem => ({
  reason: 'TargetNotFound',
  message: `there is no ${kind}/${name} in namespace ${namespace}`,
})

/** Returns why a change of a workload would be reset or useless, or undefined. */
export const workloadProblem = (object: KubeObject, { type }: Workloads): WorkloadProblem | undefined => {
  const name = `${type.kind}/${object.metadata.name}`
  if (object.metadata.deletionTimestamp !== undefined) {
    return { reason: 'TargetBeingDeleted', message: `${name} is being deleted` }
  }
  const owner = controllerOf(object)
  return owner && { reason: 'OwnedByController', message: `${owner.kind}/${owner.name} controls ${name} and resets it` }
}
