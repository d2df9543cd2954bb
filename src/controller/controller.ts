/**
 * The controller role. One elected leader reconciles every ReceiverHook: it mints the token, publishes
 * the URL, and writes conditions and the report of deliveries into the status.
 *
 * - It alone holds the signing key, and it alone writes a status.
 * - It writes only what differs, so a restart or a new leader changes no URL and writes nothing.
 * - It never imports the trigger: the two roles meet in the API server.
 *
 * `queue.ts` decides when a hook is reconciled, `reconcile.ts` does it.
 */
import { accountsIn } from '../api/bind-command.ts'
import type { Clock, Environment } from '../environment/environment.ts'
import { wait } from '../environment/wait.ts'
import { watchedCache, type Cache } from '../kube/cache.ts'
import { definitionsOf } from '../kube/definitions.ts'
import { elect, type Term } from '../kube/election.ts'
import { eventRecorder } from '../kube/events.ts'
import type { Follow } from '../kube/follow.ts'
import type { ServiceAccount } from '../kube/reviews.ts'
import { configMaps, records, secrets } from '../kube/resources.ts'
import type { Check } from '../operations/checks.ts'
import { controllerLease, publicKeysConfigMap, signingKeysSecret } from '../token/published.ts'
import { createVerifier } from '../token/verify.ts'
import { watchAutoscalers } from './autoscalers.ts'
import { isNew, isRefusing, deliveryReportOf } from './deliveries.ts'
import { expressionChecks } from './expression-checks.ts'
import { whileLeading } from './fence.ts'
import { hookStore } from './hook-store.ts'
import { hookKey, mayAimAt, namespaceAndName, type KeptHook } from './hooks.ts'
import { keyKeeper } from './keys.ts'
import { orOutOfDate } from './out-of-date.ts'
import { workQueue, type ReconcileKey, type WorkQueue } from './queue.ts'
import { reconcileHook } from './reconcile.ts'
import { reportWork } from './report.ts'
import { StatusPacer } from './status-pacer.ts'
import { TriggerRights } from './trigger-rights.ts'

export interface ControllerOptions {
  /** The product's own namespace: keys and lease are there. */
  readonly namespace: string
  /** Who this process is, in the lease and in Events. */
  readonly identity: string
  /** What trigger URLs begin with, without a slash at the end. */
  readonly publicURL: string
  /** As whom the trigger runs, whose rights each hook needs: `itself` as this process does. Absent: nobody asks for them. */
  readonly trigger?: ServiceAccount | 'itself'
  /** The one namespace whose hooks are looked after; all when absent. */
  readonly watchNamespace?: string
  /** How hooks and public keys are followed, where others in this process follow them as well. */
  readonly follow?: Follow
}

export interface ControllerRole {
  /** What must be so before this process can lead: hooks and keys have been read, and the lease can be held. */
  readonly checks: readonly Check[]
  /** Watches, and reconciles while it leads, until `stop` is aborted. */
  run(stop: AbortSignal): Promise<void>
}

/** How many hooks are looked at at a time. A look is two or three round trips, so this many keep two cores busy. */
const hookWorkers = 16

/** How often a cache is asked whether it has synced, and how long autoscalers are waited for, in milliseconds. */
const syncPollMs = 10
const autoscalerSyncMs = 10_000

/** How long a read of a custom kind's definition may take, in milliseconds. */
const definitionReadWithinMs = 10_000

const keysKey = 'signing-keys'

/**
 * The controller: of all that run, the elected one mints tokens and writes statuses; the others keep their caches warm.
 * It alone has the signing keys.
 */
export const controllerRole = (environment: Environment, options: ControllerOptions): ControllerRole => {
  const { clock } = environment
  const { identity, namespace, publicURL, watchNamespace } = options
  const watched = watchNamespace === undefined ? {} : { namespace: watchNamespace }
  const store = hookStore(environment, { publicURL, ...watched, follow: options.follow })
  const keyCaches = keyCachesOf(environment, options)
  const recordCache = watchedCache(environment, { type: records, ...watched, keep: deliveryReportOf })
  const autoscalers = watchAutoscalers(environment, watchNamespace)
  const definitions = definitionsOf(environment, { lane: 'bulk', timeoutMs: definitionReadWithinMs })
  // A hook is looked at every few minutes: to remember its signature would cost more memory than it saves time.
  const verifier = createVerifier({ remember: 0 })
  let leading: { readonly keys: WorkQueue; readonly hooks: WorkQueue; readonly deliveries: WorkQueue } | undefined
  const expressions = expressionChecks(environment, key => leading?.hooks.add(key))
  const { trigger } = options
  const rights = trigger && new TriggerRights(environment, trigger === 'itself' ? undefined : trigger)
  /** What a hook is held against. */
  const asked = {
    autoscalers,
    definitions,
    expressions,
    rights,
    accounts: accountsIn(namespace, { single: trigger === 'itself' }),
  }
  const pacer = new StatusPacer(clock, key => leading?.deliveries.add(key))

  const addHooks = (which: (hook: KeptHook) => boolean): void => {
    for (const hook of store.cache.values()) {
      if (which(hook)) leading?.hooks.add(hookKey(hook.metadata.namespace, hook.metadata.name))
    }
  }

  for (const cache of keyCaches) cache.subscribe(() => leading?.keys.add(keysKey))
  store.onChange(key => leading?.hooks.add(key))
  recordCache.subscribe(({ namespace, name, now }) => {
    if (!now || !leading) return
    pacer.changed(hookKey(namespace, name), now.newestAt)
    // The hook may still be Ready: its rights were taken after it was looked at.
    if (!rights || now.reported?.lastDelivery.reason !== 'Forbidden') return
    rights.doubt(namespace)
    leading.hooks.add(hookKey(namespace, name))
  })
  autoscalers.subscribe((namespace, { kind, name }) =>
    addHooks(hook => hook.metadata.namespace === namespace && mayAimAt(hook, `${kind}/${name}`)),
  )

  /** Finds a hook and its delivery report, if the status does not have all of the report. */
  const unreported = (key: string) => {
    const hook = store.newest(key)
    const report = recordCache.get(...namespaceAndName(key))
    return hook && report && (isNew(hook, report) || isRefusing(hook, report)) ? { hook, report } : undefined
  }

  const ready = (): boolean => store.cache.synced() && keyCaches.every(cache => cache.synced())
  let impossible: string | undefined
  const unread = (caches: readonly Cache<unknown>[], what: string): string | undefined => {
    const waited = caches.find(cache => !cache.synced())
    return waited && (waited.trouble() ?? `the ${what} are still being read`)
  }

  const lead = async (term: Term): Promise<void> => {
    const { stop } = term
    const api = whileLeading(environment.api, () => term.holds())
    const fenced = { ...environment, api }
    const events = eventRecorder(fenced, { controller: 'receiver-hooks', instance: identity })
    const keys = keyKeeper(fenced, namespace, events, () => addHooks(() => true))
    const reconcile: ReconcileKey = async (key, attempts) => {
      const ring = keys.ring()
      const hook = store.newest(key)
      if (!ring || !hook) return { settled: true }
      const context = { ...fenced, ...asked, events, publicURL, ring, verifier, wrote: store.wrote }
      return await orOutOfDate(reconcileHook(context, hook, attempts))
    }
    const reports = reportWork({ clock, api, events, wrote: store.wrote }, unreported, stop)
    await until(clock, ready, stop)
    await autoscalersRead(stop)
    leading = {
      keys: workQueue(environment, { controller: 'signing-keys', workers: 1 }, () => keys.reconcile()),
      hooks: workQueue(environment, { controller: 'receiverhook', workers: hookWorkers }, reconcile),
      deliveries: workQueue(environment, { controller: 'receiverhook-deliveries', workers: 1 }, reports),
    }
    leading.keys.add(keysKey)
    for (const { metadata } of store.cache.values()) {
      const key = hookKey(metadata.namespace, metadata.name)
      if (unreported(key)) leading.deliveries.add(key)
    }
    await Promise.all(Object.values(leading).map(queue => queue.run(stop)))
    leading = undefined
    pacer.stop()
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
    checks: [
      { name: 'controller/hooks', failure: () => unread([store.cache], 'hooks') },
      { name: 'controller/keys', failure: () => unread(keyCaches, 'keys') },
      { name: 'controller/lease', failure: () => impossible },
    ],
    run: async stop => {
      stop.addEventListener('abort', () => expressions.close(), { once: true })
      await Promise.all([
        ...[store.cache, recordCache, ...keyCaches, autoscalers].map(cache => cache.run(stop)),
        elect(
          environment,
          { namespace, name: controllerLease, identity, impossible: why => (impossible = why) },
          lead,
          stop,
        ),
      ])
    },
  }
}

/** Makes the caches that notice a change of the signing keys or the public keys. */
const keyCachesOf = (environment: Environment, { follow, namespace }: ControllerOptions): readonly Cache<true>[] => {
  const keep = (): true => true
  return [
    watchedCache(environment, { type: secrets, namespace, ...named(signingKeysSecret), keep }),
    watchedCache(environment, { type: configMaps, namespace, ...named(publicKeysConfigMap), keep }, follow),
  ]
}

const named = (name: string) => ({ fieldSelector: `metadata.name=${name}` })

/** Resolves when `condition` holds, when `stop` is aborted, or after `atMostMs`. */
const until = async (clock: Clock, condition: () => boolean, stop: AbortSignal, atMostMs = Infinity): Promise<void> => {
  const end = clock.monotonic() + atMostMs
  while (!condition() && !stop.aborted && clock.monotonic() < end) await wait(clock, syncPollMs, stop)
}
