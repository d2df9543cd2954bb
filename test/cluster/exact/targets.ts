import { wholeLines } from '../../support/lines.ts'
import { at, isObject, stringAt, tryParseJson } from '../../../src/api/json.ts'
import { isStoredObject, type StoredObject } from '../../../src/api/object.ts'
import type { ApiConnection, ApiResponse } from '../../../src/environment/environment.ts'
import { nodeClock } from '../../../src/environment/node.ts'
import { Unreachable } from '../../../src/environment/unreachable.ts'
import { wait } from '../../../src/environment/wait.ts'
import { collectionPath } from '../../../src/kube/paths.ts'
import type { Version } from './history.ts'
import { countOf, type TargetKind } from './kinds.ts'

/** How long after a failed request the API server is tried again, in milliseconds. */
const retryMs = 50

/** The versions of all targets of a namespace, as they are stored. */
export interface Followed {
  /** Resolves with all versions from the first to the present ones, when they have been seen; and follows no more. */
  readonly end: () => Promise<readonly Version[]>
}

/** Follows every version of the objects of these kinds. */
export const followTargets = (api: ApiConnection, namespace: string, kinds: readonly TargetKind[]): Followed => {
  const followed = kinds.map(kind => follow(api, namespace, kind))
  return { end: async () => (await Promise.all(followed.map(({ end }) => end()))).flat() }
}

/** A version of a target, and the one before it; undefined as long as that is not known. */
interface Seen {
  readonly version: Version
  before: string | undefined
}

/** The versions of a target, by their resourceVersion. */
interface Target {
  /** The one that was there when it was first looked at. */
  readonly first: string
  newest: string
  readonly versions: Map<string, Seen>
}

/**
 * Follows by the API server's own watch, which leaves no version out. A watch cannot be resumed
 * after a restart of the API server. What was missed meanwhile is then read from its history, from
 * the version after the gap back to the last one seen.
 */
const follow = (api: ApiConnection, namespace: string, kind: TargetKind): Followed => {
  const collection = collectionPath(kind.type, namespace)
  const targets = new Map<string, Target>()
  const stop = new AbortController()
  let filling: Promise<unknown> = Promise.resolve()

  /** Takes note of the newest version of a target. `isNext`: none can have been between it and the one noted before. */
  const saw = (object: unknown, isNext: boolean): void => {
    const version = versionOf(kind, object)
    const { resourceVersion, target } = version
    const known = targets.get(target)
    if (!known) {
      const versions = new Map([[resourceVersion, { version, before: undefined }]])
      targets.set(target, { first: resourceVersion, newest: resourceVersion, versions })
    } else if (!known.versions.has(resourceVersion)) {
      known.versions.set(resourceVersion, { version, before: isNext ? known.newest : undefined })
      known.newest = resourceVersion
    }
  }

  /** Returns the list at a version; as it is now when that is undefined. */
  const list = async (extra: Readonly<Record<string, string>> = {}): Promise<{ items: unknown[]; version: string }> => {
    const listed = tryParseJson((await surely(api, collection, extra)).body)
    const items = at(listed, 'items')
    return {
      items: Array.isArray(items) ? items : [],
      version: stringAt(listed, 'metadata', 'resourceVersion') ?? '',
    }
  }

  /** Reads the version before each one whose predecessor is not known. */
  const fill = async ({ first, versions }: Target): Promise<void> => {
    const open = [...versions.values()].filter(
      ({ before, version }) => before === undefined && version.resourceVersion !== first,
    )
    for (let seen = open.pop(); seen; seen = open.pop()) {
      const { resourceVersion, target } = seen.version
      const { items } = await list({
        fieldSelector: `metadata.name=${target}`,
        resourceVersion: String(BigInt(resourceVersion) - 1n),
        resourceVersionMatch: 'Exact',
      })
      const earlier = { version: versionOf(kind, items[0]), before: undefined }
      seen.before = earlier.version.resourceVersion
      if (versions.has(seen.before)) continue
      versions.set(seen.before, earlier)
      open.push(earlier)
    }
  }

  const fillAll = (): Promise<unknown> =>
    (filling = filling.then(() => Promise.all([...targets.values()].map(target => fill(target)))))

  const run = async (): Promise<void> => {
    let from: string | undefined
    while (!stop.signal.aborted) {
      if (from === undefined) {
        const { items, version } = await list()
        for (const item of items) saw(item, false)
        from = version
        void fillAll()
      }
      from = await watch(api, collection, from, object => saw(object, true), stop.signal)
      await wait(nodeClock, retryMs, stop.signal)
    }
  }

  const running = run()
  return {
    end: async () => {
      stop.abort()
      await running
      const { items } = await list()
      for (const item of items) saw(item, false)
      await fillAll()
      return [...targets.values()].flatMap(chainOf)
    },
  }
}

/** Returns all versions of a target from the first to the newest, each the one that the next was made from. */
const chainOf = ({ first, newest, versions }: Target): readonly Version[] => {
  const chain: Version[] = []
  for (let name: string | undefined = newest; ;) {
    const seen: Seen | undefined = versions.get(name ?? '')
    if (!seen) throw new Error(`the versions of ${versions.get(first)?.version.target} before ${name} were not seen`)
    chain.unshift(seen.version)
    if (name === first) break
    name = seen.before
  }
  if (chain.length !== versions.size) throw new Error(`not all versions of ${chain[0]?.target} follow one another`)
  return chain
}

const versionOf = (kind: TargetKind, object: unknown): Version => {
  if (!isStoredObject(object)) throw new Error(`no object was found where a ${kind.type.kind} was expected`)
  return { ...identityOf(object), count: countOf(kind, object), owners: kind.owners(object) }
}

const identityOf = ({ metadata: { generation, name, resourceVersion } }: StoredObject) => ({
  target: name,
  resourceVersion,
  ...(generation !== undefined && { generation }),
  seenAt: Math.ceil(nodeClock.monotonic()),
})

/** Watches until it is cut. Resolves with the version to go on from, or nothing where there is no going on. */
const watch = async (
  api: ApiConnection,
  path: string,
  from: string,
  saw: (object: unknown) => void,
  stop: AbortSignal,
): Promise<string | undefined> => {
  let last = from
  const query = { watch: 'true', allowWatchBookmarks: 'true', resourceVersion: from }
  try {
    const watch = api.watch({ method: 'GET', path, query, lane: 'watch', timeoutMs: 5000 }, stop)
    for await (const line of wholeLines(watch)) {
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
