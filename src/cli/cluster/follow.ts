import { at, stringAt, tryParseJson } from '../../api/json.ts'
import { isStoredObject, type StoredObject } from '../../api/object.ts'
import { Unreachable, WatchRefused } from '../../environment/unreachable.ts'
import { wait } from '../../environment/wait.ts'
import { collectionPath, type ResourceType } from '../../kube/paths.ts'
import type { Clock } from '../../environment/environment.ts'
import type { Cluster } from './cluster.ts'
import { listObjects, patienceMs } from './hooks.ts'

/** How long to wait before a watch that was cut is opened again, in milliseconds. */
const againMs = 1_000

export type ObjectChange =
  /** All there is, at the beginning and whenever the API server no longer knows what happened since. */
  | { readonly change: 'list'; readonly objects: readonly StoredObject[] }
  | { readonly change: 'put' | 'removed'; readonly object: StoredObject }

/** Yields what is there and what changes, until it is stopped. Throws if the first list fails. */
export async function* followObjects(
  cluster: Pick<Cluster, 'api'>,
  type: ResourceType,
  namespace: string | undefined,
  selectors: Readonly<Record<string, string>>,
  clock: Clock,
  stop: AbortSignal,
): AsyncGenerator<ObjectChange> {
  let listed = false
  while (!stop.aborted) {
    try {
      const { items, version } = await listObjects(cluster, type, namespace, selectors)
      listed = true
      yield { change: 'list', objects: items }
      yield* changesSince(cluster, collectionPath(type, namespace), selectors, version, stop)
    } catch (error) {
      const passes = error instanceof Unreachable || (error instanceof WatchRefused && error.status !== 403)
      if (!listed || !passes) throw error
    }
    if (!stop.aborted) await wait(clock, againMs, stop)
  }
}

/** Where an event has the version of an object that is too large to be read. */
const largeVersion = 'object.metadata.resourceVersion'

/** Ends when the API server ends the watch, or says that the version is too old. */
async function* changesSince(
  { api }: Pick<Cluster, 'api'>,
  path: string,
  selectors: Readonly<Record<string, string>>,
  from: string,
  stop: AbortSignal,
): AsyncGenerator<ObjectChange> {
  let version = from
  for (;;) {
    const query = { watch: 'true', allowWatchBookmarks: 'true', resourceVersion: version, ...selectors }
    const pick = [largeVersion]
    const request = { method: 'GET', path, query, pick, lane: 'watch', timeoutMs: patienceMs } as const
    for await (const line of api.watch(request, stop)) {
      if (typeof line !== 'string') {
        version = line.get(largeVersion) ?? version
        continue
      }
      const event = tryParseJson(line)
      const [type, object] = [stringAt(event, 'type'), at(event, 'object')]
      if (type === 'ERROR') return
      version = stringAt(object, 'metadata', 'resourceVersion') ?? version
      if (type === 'BOOKMARK' || !isStoredObject(object)) continue
      yield { change: type === 'DELETED' ? 'removed' : 'put', object }
    }
    if (stop.aborted) return
  }
}
