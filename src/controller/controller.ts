import type { ReceiverHook } from '../api/hook.ts'
import type { StoredObject } from '../api/object.ts'
import type { Clock, Environment } from '../environment/environment.ts'
import { wait } from '../environment/wait.ts'
import { watchedCache } from '../kube/cache.ts'
import { elect, type Term } from '../kube/election.ts'
import { isStatus } from '../kube/errors.ts'
import { eventRecorder } from '../kube/events.ts'
import type { Follow } from '../kube/follow.ts'
import { pauseAfter } from '../kube/make-way.ts'
import { configMaps, hooks, records, secrets } from '../kube/resources.ts'
import { controllerLease, publicKeysConfigMap, signingKeysSecret, triggerPath } from '../token/published.ts'
import { createVerifier } from '../token/verify.ts'
import { watchAutoscalers } from './autoscalers.ts'
import { eventsOf, isNew, pacer, taleOf, tell } from './deliveries.ts'
import { whileLeading } from './fence.ts'
import { hookOf, isNews, kept, keyOf, mayAimAt, nameOf, otherConditions, whole, type KeptHook } from './hooks.ts'
import { keyKeeper } from './keys.ts'
import { outOfDate, workQueue, type Work, type WorkQueue } from './queue.ts'
import { reconcileHook } from './reconcile.ts'
import { writtenHooks } from './written.ts'

export interface ControllerOptions {
  /** The product's own namespace: keys and lease are there. */
  readonly namespace: string
  /** Who this process is, in the lease and in Events. */
  readonly identity: string
  /** What trigger URLs begin with, without a slash at the end. */
  readonly publicURL: string
  /** The one namespace whose hooks are looked after; all when absent. */
  readonly watchNamespace?: string
  /** How hooks and public keys are followed, where others in this process follow them as well. */
  readonly follow?: Follow
}

export interface ControllerRole {
  /** Whether hooks and keys have been read, so that this process could lead. */
  ready(): boolean
  /** Watches, and reconciles while it leads, until `stop` is aborted. */
  run(stop: AbortSignal): Promise<void>
}

/** How many hooks are looked at at a time. A look is two or three round trips, so this many keep two cores busy. */
const hookWorkers = 16

/** How often a cache is asked whether it has synced, and how long autoscalers are waited for, in milliseconds. */
const syncPollMs = 10
const autoscalerSyncMs = 10_000

/** Deliveries are told with one worker and at least this pause, in milliseconds: at most fifty statuses a second. */
const tellPauseMs = 20

const keysKey = 'signing-keys'

/**
 * The controller: of all that run, the elected one mints tokens and writes statuses; the others keep their caches warm.
 * It alone has the signing keys.
 */
export const controllerRole = (environment: Environment, options: ControllerOptions): ControllerRole => {
  const { clock } = environment
  const { identity, namespace, publicURL, watchNamespace } = options
  const watched = watchNamespace === undefined ? {} : { namespace: watchNamespace }
  const urlOf = (token: string): string => publicURL + triggerPath + token
  const keepHook = (object: StoredObject): KeptHook | undefined => {
    const hook = hookOf(object)
    return hook && kept(hook, urlOf)
  }
  const hookCache = watchedCache(environment, { type: hooks, ...watched, keep: keepHook }, options.follow)
  const keyCaches = [
    watchedCache(environment, { type: secrets, namespace, ...named(signingKeysSecret), keep: () => true }),
    watchedCache(
      environment,
      { type: configMaps, namespace, ...named(publicKeysConfigMap), keep: () => true },
      options.follow,
    ),
  ]
  const recordCache = watchedCache(environment, { type: records, ...watched, keep: taleOf })
  const autoscalers = watchAutoscalers(environment, watchNamespace)
  // A hook is looked at every few minutes: to remember its signature would cost more memory than it saves time.
  const verifier = createVerifier({ remember: 0 })
  let leading: { readonly keys: WorkQueue; readonly hooks: WorkQueue; readonly deliveries: WorkQueue } | undefined
  const written = writtenHooks()
  const wrote = (object: StoredObject): void => {
    const { name, namespace = '' } = object.metadata
    written.put(object, hookCache.get(namespace, name))
  }
  const hookNow = (key: string): ReceiverHook | undefined => {
    const cached = hookCache.get(...nameOf(key))
    return written.newest(key, cached && whole(cached, urlOf))
  }
  const pace = pacer(clock, key => leading?.deliveries.add(key))

  const addHooks = (which: (hook: KeptHook) => boolean): void => {
    for (const hook of hookCache.values()) {
      if (which(hook)) leading?.hooks.add(keyOf(hook.metadata.namespace, hook.metadata.name))
    }
  }

  for (const cache of keyCaches) cache.subscribe(() => leading?.keys.add(keysKey))
  hookCache.subscribe(({ namespace, name, before, now }) => {
    const key = keyOf(namespace, name)
    const isOwn = written.seen(key, now)
    if (isNews(before, now) || (!isOwn && otherConditions(before, now))) leading?.hooks.add(key)
  })
  recordCache.subscribe(({ namespace, name, now }) => {
    if (now && leading) pace.changed(keyOf(namespace, name))
  })
  autoscalers.subscribe((namespace, { kind, name }) =>
    addHooks(hook => hook.metadata.namespace === namespace && mayAimAt(hook, `${kind}/${name}`)),
  )

  /** A hook, and what its record tells of it and its status does not. */
  const newsOf = (key: string) => {
    const hook = hookNow(key)
    const tale = recordCache.get(...nameOf(key))
    return hook && tale && isNew(hook, tale) ? { hook, tale } : undefined
  }

  const ready = (): boolean => hookCache.synced() && keyCaches.every(cache => cache.synced())

  const lead = async (term: Term): Promise<void> => {
    const { stop } = term
    const api = whileLeading(environment.api, () => term.holds())
    const fenced = { ...environment, api }
    const events = eventRecorder(fenced, { controller: 'receiver-hooks', instance: identity })
    const keys = keyKeeper(fenced, namespace, events, () => addHooks(() => true))
    const reconcile: Work = async (key, attempts) => {
      const ring = keys.ring()
      const hook = hookNow(key)
      if (!ring || !hook) return { settled: true }
      const x = { ...fenced, autoscalers, publicURL, ring, verifier, wrote }
      return await orOutOfDate(reconcileHook(x, hook, attempts))
    }
    let tookMs = 0
    /** Tells what the record says; a hook that is gone, or not seen yet, is told of with its next delivery. */
    const tellDeliveries: Work = async key => {
      const news = newsOf(key)
      if (!news) return { settled: true }
      await wait(clock, pauseAfter(tookMs, tellPauseMs), stop)
      const began = clock.monotonic()
      const told = await orOutOfDate(tell(api, news.hook, news.tale))
      tookMs = clock.monotonic() - began
      if (told === outOfDate) return outOfDate
      wrote(told)
      for (const event of eventsOf(news.hook, news.tale)) events.emit(event)
      return { settled: true }
    }
    await until(clock, ready, stop)
    await autoscalersRead(stop)
    leading = {
      keys: workQueue(environment, { controller: 'signing-keys', workers: 1 }, () => keys.reconcile()),
      hooks: workQueue(environment, { controller: 'receiverhook', workers: hookWorkers }, reconcile),
      deliveries: workQueue(environment, { controller: 'receiverhook-deliveries', workers: 1 }, tellDeliveries),
    }
    leading.keys.add(keysKey)
    for (const { metadata } of hookCache.values()) {
      const key = keyOf(metadata.namespace, metadata.name)
      if (newsOf(key)) leading.deliveries.add(key)
    }
    await Promise.all(Object.values(leading).map(queue => queue.run(stop)))
    leading = undefined
    pace.stop()
  }

  /** Without them hooks work all the same: an autoscaler is then noticed by nobody. */
  const autoscalersRead = async (stop: AbortSignal): Promise<void> => {
    await until(clock, () => autoscalers.synced(), stop, autoscalerSyncMs)
    if (autoscalers.synced() || stop.aborted) return
    environment.log.warn(
      { seconds: autoscalerSyncMs / 1000 },
      'HorizontalPodAutoscalers cannot be listed yet: hooks on targets that have one are not told so',
    )
  }

  return {
    ready,
    run: async stop => {
      await Promise.all([
        ...[hookCache, recordCache, ...keyCaches, autoscalers].map(cache => cache.run(stop)),
        elect(environment, { namespace, name: controllerLease, identity }, lead, stop),
      ])
    },
  }
}

/** The cache is a moment behind: the hook has another version, or is gone. */
const orOutOfDate = async <T>(work: Promise<T>): Promise<T | typeof outOfDate> => {
  try {
    return await work
  } catch (error) {
    if (!isStatus(error, 409) && !isStatus(error, 404)) throw error
    return outOfDate
  }
}

const named = (name: string) => ({ fieldSelector: `metadata.name=${name}` })

/** Resolves when `condition` holds, when `stop` is aborted, or after `atMostMs`. */
const until = async (clock: Clock, condition: () => boolean, stop: AbortSignal, atMostMs = Infinity): Promise<void> => {
  const end = clock.monotonic() + atMostMs
  while (!condition() && !stop.aborted && clock.monotonic() < end) await wait(clock, syncPollMs, stop)
}
