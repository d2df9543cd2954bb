import { at, isObject, stringAt, tryParseJson } from '../../../src/api/json.ts'
import { isStoredObject, type StoredObject } from '../../../src/api/object.ts'
import type { ApiConnection, ApiResponse } from '../../../src/environment/environment.ts'
import { nodeClock } from '../../../src/environment/node.ts'
import { Unreachable } from '../../../src/environment/unreachable.ts'
import { wait } from '../../../src/environment/wait.ts'
import { collectionPath } from '../../../src/kube/paths.ts'
import { deployments } from '../../support/product.ts'
import type { Version } from './history.ts'

/** How long after a failed request the API server is tried again, in milliseconds. */
const retryMs = 50

/** The versions of all Deployments of a namespace, as they are stored. */
export interface Followed {
  /** Resolves with all versions from the first to the present ones, when they have been seen; and follows no more. */
  readonly end: () => Promise<readonly Version[]>
}

/**
 * Follows every version by the API server's own watch. A watch cannot be resumed past a restart of the API server: what
 * was missed meanwhile is then read from its history, from the present version of each target back to the last one seen.
 */
export const followTargets = (api: ApiConnection, namespace: string): Followed => {
  const targets = new Map<string, Map<number, Version>>()
  const stop = new AbortController()
  let filling: Promise<unknown> = Promise.resolve()

  const saw = (object: unknown): void => {
    if (!isStoredObject(object)) throw new Error('no object was found where a Deployment was expected')
    const version = versionOf(object)
    const versions = targets.get(version.target) ?? new Map<number, Version>()
    targets.set(version.target, versions)
    if (!versions.has(version.generation)) versions.set(version.generation, version)
  }

  /** The list at a version; as it is now when that is undefined. */
  const list = async (extra: Readonly<Record<string, string>> = {}): Promise<{ items: unknown[]; version: string }> => {
    const listed = tryParseJson((await surely(api, collectionPath(deployments, namespace), extra)).body)
    const items = at(listed, 'items')
    return {
      items: Array.isArray(items) ? items : [],
      version: stringAt(listed, 'metadata', 'resourceVersion') ?? '',
    }
  }

  const fill = async (versions: Map<number, Version>): Promise<void> => {
    const first = Math.min(...versions.keys())
    for (let generation = Math.max(...versions.keys()); generation > first; generation--) {
      const known = versions.get(generation)
      if (!known) throw new Error(`generation ${generation} of ${versions.get(first)?.target} is in no version`)
      if (versions.has(generation - 1)) continue
      const { items } = await list({
        fieldSelector: `metadata.name=${known.target}`,
        resourceVersion: String(BigInt(known.resourceVersion) - 1n),
        resourceVersionMatch: 'Exact',
      })
      for (const item of items) saw(item)
    }
  }

  const fillAll = (): Promise<unknown> =>
    (filling = filling.then(() => Promise.all([...targets.values()].map(versions => fill(versions)))))

  const run = async (): Promise<void> => {
    let from: string | undefined
    while (!stop.signal.aborted) {
      if (from === undefined) {
        const { items, version } = await list()
        for (const item of items) saw(item)
        from = version
        void fillAll()
      }
      from = await watch(api, namespace, from, saw, stop.signal)
      await wait(nodeClock, retryMs, stop.signal)
    }
  }

  const running = run()
  return {
    end: async () => {
      const { items } = await list()
      for (const item of items) saw(item)
      stop.abort()
      await running
      await fillAll()
      return [...targets.values()].flatMap(versions =>
        [...versions.values()].toSorted((a, b) => a.generation - b.generation),
      )
    },
  }
}

const versionOf = (object: StoredObject): Version => {
  const { generation = 0, managedFields = [], name, resourceVersion } = object.metadata
  return {
    target: name,
    resourceVersion,
    generation,
    count: Number(at(object, 'spec', 'replicas')),
    owners: managedFields
      .filter(entry => at(entry, 'fieldsV1', 'f:spec', 'f:replicas') !== undefined)
      .map(entry => stringAt(entry, 'manager') ?? ''),
    seenAt: Math.ceil(nodeClock.monotonic()),
  }
}

/** Watches until it is cut. Resolves with the version to go on from, or nothing where there is no going on. */
const watch = async (
  api: ApiConnection,
  namespace: string,
  from: string,
  saw: (object: unknown) => void,
  stop: AbortSignal,
): Promise<string | undefined> => {
  let last = from
  const query = { watch: 'true', allowWatchBookmarks: 'true', resourceVersion: from }
  const path = collectionPath(deployments, namespace)
  try {
    for await (const line of api.watch({ method: 'GET', path, query, lane: 'watch', timeoutMs: 5000 }, stop)) {
      const event = tryParseJson(line)
      const object = at(event, 'object')
      const type = stringAt(event, 'type')
      if (type === 'ERROR' || !isObject(object)) return undefined
      if (type !== 'BOOKMARK') saw(object)
      last = stringAt(object, 'metadata', 'resourceVersion') ?? last
    }
    return last
  } catch (error) {
    return error instanceof Unreachable ? last : undefined
  }
}

/** Reads until the API server answers. */
const surely = async (
  api: ApiConnection,
  path: string,
  query: Readonly<Record<string, string>>,
): Promise<ApiResponse> => {
  for (;;) {
    try {
      const response = await api.request({ method: 'GET', path, query, lane: 'bulk', timeoutMs: 10_000 })
      if (response.status === 200) return response
      if (response.status === 410) throw new Error(`the history of ${path} was compacted: the run took too long`)
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error
    }
    await wait(nodeClock, retryMs)
  }
}
