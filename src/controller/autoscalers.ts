import { stringAt } from '../api/json.ts'
import { controllerOf, type StoredObject } from '../api/object.ts'
import type { Environment } from '../environment/environment.ts'
import type { Follow } from '../kube/follow.ts'
import { cacheIn } from '../kube/cache-in.ts'
import { waitUntil } from '../environment/wait.ts'
import { freshReads } from '../environment/single-flight.ts'
import { listPages } from '../kube/list.ts'
import type { ResourceType } from '../kube/paths.ts'
import { autoscalers } from '../kube/resources.ts'

/** An autoscaler, identified by its target. */
export interface Autoscaler {
  /**
   * The API group of the target. Its version does not matter: an autoscaler may name any version
   * that ever existed.
   */
  readonly group: string
  readonly kind: string
  readonly name: string
  /**
   * The object that a person must change: `HorizontalPodAutoscaler/web`, or the `ScaledObject/web`
   * that created it.
   */
  readonly shownAs: string
}

export interface Autoscalers {
  synced(): boolean
  /**
   * Returns the autoscaler that sets an object's count, as in `shownAs`, or undefined. Reads the
   * cache if it is proven to be current, or if autoscalers were never listed. Otherwise sends a
   * list request that several callers can share. Throws the API server's errors.
   */
  of(namespace: string, type: ResourceType, name: string): Promise<string | undefined>
  /**
   * Calls `changed` when the autoscaler of an object is created, deleted, or gets another target or
   * owner.
   */
  subscribe(changed: (namespace: string, target: Autoscaler) => void): void
  run(stop: AbortSignal): Promise<void>
}

/** Watches the autoscalers in these namespaces, or in all if there are none. */
export const watchAutoscalers = (
  environment: Environment,
  namespaces: readonly string[],
  follow?: Follow,
): Autoscalers => {
  const source = { type: autoscalers, pick, keep: autoscalerOf, keepLarge: autoscalerOf }
  const cache = cacheIn<Autoscaler>(environment, namespaces, source, follow)
  /** What to show of each autoscaler, by its target and then by its own name. */
  const byTarget = new Map<string, Map<string, string>>()

  const known = (namespace: string, { group, kind }: ResourceType, name: string): string | undefined =>
    firstOf(byTarget.get(scaledKey(namespace, { group, kind, name }))?.values() ?? [])

  const shared = freshReads<readonly Autoscaler[]>()
  const listNow = async (namespace: string): Promise<readonly Autoscaler[]> => {
    const found: Autoscaler[] = []
    for await (const { large, objects } of listPages(environment.api, { type: autoscalers, namespace, pick })) {
      const listed = large ? [...objects, large] : objects
      found.push(...listed.map(autoscalerOf).filter(autoscaler => autoscaler !== undefined))
    }
    return found
  }

  const listed = async (
    namespace: string,
    { group, kind }: ResourceType,
    name: string,
  ): Promise<string | undefined> => {
    const key = scaledKey(namespace, { group, kind, name })
    const all = await shared(namespace, () => listNow(namespace))
    return firstOf(all.filter(autoscaler => scaledKey(namespace, autoscaler) === key).map(({ shownAs }) => shownAs))
  }

  cache.subscribe(({ namespace, name, before, now }) => {
    if (before) {
      const key = scaledKey(namespace, before)
      const others = byTarget.get(key)
      others?.delete(name)
      if (others?.size === 0) byTarget.delete(key)
    }
    if (!now) return
    const key = scaledKey(namespace, now)
    const all = byTarget.get(key) ?? new Map<string, string>()
    byTarget.set(key, all.set(name, now.shownAs))
  })

  return {
    synced: cache.synced,
    of: async (namespace, type, name) =>
      // If autoscalers cannot be listed at all, the cache is empty and hooks still work.
      cache.proven(namespace) || !cache.synced(namespace)
        ? known(namespace, type, name)
        : await listed(namespace, type, name),
    subscribe: changed =>
      cache.subscribe(({ namespace, before, now }) => {
        // An autoscaler's status changes every few seconds, its target almost never.
        if (
          before &&
          now &&
          scaledKey(namespace, before) === scaledKey(namespace, now) &&
          before.shownAs === now.shownAs
        )
          return
        for (const target of [before, now]) if (target) changed(namespace, target)
      }),
    run: cache.run,
  }
}

/** How long a new leader waits for the cache of autoscalers, and how often it looks, in milliseconds. */
const syncWithinMs = 10_000
const syncPollMs = 10

/**
 * Resolves once the cache of autoscalers is synced, or after {@link syncWithinMs}. Hooks work
 * without the cache, but no condition then shows an autoscaler.
 */
export const autoscalersRead = async (
  { clock, log }: Pick<Environment, 'clock' | 'log'>,
  cache: Pick<Autoscalers, 'synced'>,
  stop: AbortSignal,
): Promise<void> => {
  await waitUntil(clock, () => cache.synced(), syncPollMs, stop, syncWithinMs)
  if (cache.synced() || stop.aborted) return
  log.warn(
    { seconds: syncWithinMs / 1000 },
    "can't list HorizontalPodAutoscalers yet: hooks whose target has one do not show it",
  )
}

/**
 * The members that are read even if an autoscaler is too large for the cache. Such an autoscaler
 * still scales its target.
 */
const pick = ['apiVersion', 'kind', 'name'].map(member => `spec.scaleTargetRef.${member}`)

/**
 * Returns the first autoscaler in alphabetical order, or undefined. If a target has several, the
 * choice is always the same, because a condition's message must not change by itself.
 */
const firstOf = (shown: Iterable<string>): string | undefined => [...shown].sort()[0]

const scaledKey = (namespace: string, { group, kind, name }: Omit<Autoscaler, 'shownAs'>): string =>
  [namespace, group, kind, name].join('/')

const autoscalerOf = (object: StoredObject): Autoscaler | undefined => {
  const apiVersion = stringAt(object, 'spec', 'scaleTargetRef', 'apiVersion') ?? ''
  const kind = stringAt(object, 'spec', 'scaleTargetRef', 'kind')
  const name = stringAt(object, 'spec', 'scaleTargetRef', 'name')
  if (kind === undefined || name === undefined) return undefined
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
  const owner = controllerOf(object)
  const shownAs =
    owner?.kind === 'ScaledObject' ? `${owner.kind}/${owner.name}` : `${autoscalers.kind}/${object.metadata.name}`
  return { group, kind, name, shownAs }
}
