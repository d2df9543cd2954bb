import { at, stringAt, tryParseJson } from '../../../src/api/json.ts'
import type { ApiConnection, ApiRequest, ApiResponse } from '../../../src/environment/environment.ts'
import { nodeClock } from '../../../src/environment/node.ts'
import { Unreachable } from '../../../src/environment/unreachable.ts'
import { wait } from '../../../src/environment/wait.ts'
import { objectPath } from '../../../src/kube/paths.ts'
import type { Rng } from '../../simulation/seed.ts'
import { deployments } from '../../support/product.ts'
import type { OutsideWrite } from './history.ts'

/** How long it rests between two writes, at most, in milliseconds. */
const longestRestMs = 60

/** How far it moves a count, at most. */
const farthest = 20

/**
 * Somebody else scales targets by and by until `stop` is aborted, each time from the version that was read. `note` is told
 * of what was written, and of what may have been.
 */
export const scaleOutside = async (
  {
    api,
    namespace,
    targets,
  }: { readonly api: ApiConnection; readonly namespace: string; readonly targets: readonly string[] },
  rng: Rng,
  note: (write: OutsideWrite) => void,
  stop: AbortSignal,
): Promise<void> => {
  while (!stop.aborted && targets.length > 0) {
    await wait(nodeClock, rng.int(1, longestRestMs), stop)
    const target = rng.pick(targets)
    const path = objectPath(deployments, namespace, target, 'scale')
    const found = tryParseJson((await asked(api, { method: 'GET', path }))?.body ?? '')
    const base = stringAt(found, 'metadata', 'resourceVersion')
    if (base === undefined) continue
    const count = Number(at(found, 'spec', 'replicas') ?? 0)
    const to = Math.max(0, count + rng.int(1, farthest) * rng.pick([1, -1]))
    if (to === count) continue
    const sentAt = Math.floor(nodeClock.monotonic())
    const answer = await asked(api, { method: 'PATCH', path, ...scaleTo(rng, target, base, to) })
    const endedAt = Math.ceil(nodeClock.monotonic())
    if (answer && answer.status >= 300 && answer.status < 500) continue
    const made = answer?.status === 200 ? stringAt(tryParseJson(answer.body), 'metadata', 'resourceVersion') : undefined
    note({ target, base, to, sentAt, endedAt, ...(made !== undefined && { made }) })
  }
}

/** A count is set as `kubectl scale` does it, or as GitOps does. */
const scaleTo = (rng: Rng, name: string, resourceVersion: string, replicas: number) => {
  const scale = { metadata: { name, resourceVersion }, spec: { replicas } }
  return rng.chance(0.5)
    ? {
        contentType: 'application/merge-patch+json',
        query: { fieldManager: 'kubectl' },
        body: JSON.stringify(scale),
      }
    : {
        contentType: 'application/apply-patch+yaml',
        query: { fieldManager: 'gitops', force: 'true' },
        body: JSON.stringify({ apiVersion: 'autoscaling/v1', kind: 'Scale', ...scale }),
      }
}

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
