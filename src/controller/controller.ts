/**
 * The controller role. One elected leader reconciles every ReceiverHook: it mints the token,
 * publishes the URL, and writes conditions and the report of deliveries into the status.
 *
 * - Only the controller has the signing key, and only it writes a status.
 * - The controller writes only what differs, so a restart or a new leader changes no URL and writes
 *   nothing.
 * - The controller never imports the trigger: the two roles communicate through the API server.
 *
 * `queue.ts` decides when a hook is reconciled, `reconcile.ts` does it.
 */
import { accountsIn } from '../api/bind-command.ts'
import { Zones } from '../environment/zones.ts'
import type { Environment } from '../environment/environment.ts'
import { waitUntil, together } from '../environment/wait.ts'
import type { Cache } from '../kube/cache.ts'
import { cacheIn } from '../kube/cache-in.ts'
import { definitionsOf } from '../kube/definitions.ts'
import { elect, type Term } from '../kube/election.ts'
import { eventRecorder } from '../kube/events.ts'
import { records } from '../kube/resources.ts'
import type { Check } from '../operations/checks.ts'
import { controllerLease } from '../token/published.ts'
import { noIssuers } from '../token/issuer-keys.ts'
import { createVerifier } from '../token/verify.ts'
import { autoscalersRead, watchAutoscalers, type Autoscalers } from './autoscalers.ts'
import { isNew, isRefusing, deliveryReportOf, type DeliveryReport } from './deliveries.ts'
import { expressionChecks, type ExpressionChecks } from './expression-checks.ts'
import { whileLeading } from './fence.ts'
import { hookStore, type HookStore } from './hook-store.ts'
import { hookKey, mayAimAt, namespaceAndName, type KeptHook } from './hooks.ts'
import { keyCachesOf, KeyKeeper } from './keys.ts'
import { showsRecord } from './leases.ts'
import type { ControllerOptions } from './options.ts'
import { orOutOfDate, WorkQueue, type ReconcileKey } from './queue.ts'
import { reconcileHook, type Reconciling } from './reconcile.ts'
import { reportWork, stuckReport, type Unreported } from './report.ts'
import { Rivals } from './rivals.ts'
import { StatusPacer } from './status-pacer.ts'
import { TriggerRights } from './trigger-rights.ts'

/**
 * How many hooks are reconciled at the same time. Most take two or three round trips, one after another, so
 * this number keeps two cores busy.
 */
const hookWorkers = 16

/** How often a new leader checks whether its caches are synced, in milliseconds. */
const syncPollMs = 10

/** The time limit for reading a CRD, in milliseconds. */
const definitionReadWithinMs = 10_000

const keysKey = 'signing-keys'

/** The queues of a leader, and what keeps its keys. */
interface Queues {
  readonly keeper: KeyKeeper
  readonly keys: WorkQueue
  readonly hooks: WorkQueue
  readonly deliveries: WorkQueue
}

/**
 * The controller. Of all running instances, only the elected one mints tokens and writes statuses;
 * the others keep their caches up to date. No other role has the signing keys.
 */
export class Controller {
  readonly #environment: Environment
  readonly #options: ControllerOptions
  readonly #store: HookStore
  readonly #keyCaches: readonly Cache<true>[]
  readonly #records: Cache<DeliveryReport>
  readonly #autoscalers: Autoscalers
  readonly #expressions: ExpressionChecks
  readonly #rights: TriggerRights | undefined
  readonly #pacer: StatusPacer
  /** What a reconcile needs besides the hook. */
  readonly #asked: Pick<
    Reconciling,
    'accounts' | 'autoscalers' | 'definitions' | 'expressions' | 'issuers' | 'rights' | 'verifier' | 'zones'
  >
  #leading: Queues | undefined
  /** Why the lease cannot be held. Undefined if it can be. */
  #impossible: string | undefined

  constructor(environment: Environment, options: ControllerOptions) {
    const { namespace, publicURL, trigger, watchNamespaces = [] } = options
    this.#environment = environment
    this.#options = options
    this.#store = hookStore(environment, { publicURL, watchNamespaces, follow: options.follow })
    this.#keyCaches = keyCachesOf(environment, namespace, options.follow)
    this.#records = cacheIn(environment, watchNamespaces, { type: records, keep: deliveryReportOf }, options.follow)
    this.#autoscalers = watchAutoscalers(environment, watchNamespaces, options.follow)
    this.#expressions = expressionChecks(environment, key => this.#leading?.hooks.add(key))
    this.#rights = trigger && new TriggerRights(environment, trigger === 'itself' ? undefined : trigger)
    this.#pacer = new StatusPacer(environment.clock, key => this.#leading?.deliveries.add(key))
    this.#asked = {
      autoscalers: this.#autoscalers,
      definitions: definitionsOf(environment, { lane: 'bulk', timeoutMs: definitionReadWithinMs }),
      expressions: this.#expressions,
      issuers: options.issuers ?? noIssuers,
      zones: new Zones(),
      rights: this.#rights,
      accounts: accountsIn(namespace, { single: trigger === 'itself' }),
      // A hook is reconciled every few minutes. Remembering its signature would cost more memory
      // than it saves time.
      verifier: createVerifier({ remember: 0 }),
    }
    this.#subscribe()
  }

  /** Conditions for this process to lead: hooks and keys were read, and the lease can be held. */
  get checks(): readonly Check[] {
    return [
      { name: 'controller/hooks', failure: () => unread([this.#store.cache], 'hooks') },
      { name: 'controller/keys', failure: () => unread(this.#keyCaches, 'keys') },
      { name: 'controller/lease', failure: () => this.#impossible },
    ]
  }

  /** Watches, and reconciles while it leads, until `stop` is aborted. */
  async run(stop: AbortSignal): Promise<void> {
    const { history, identity, namespace } = this.#options
    stop.addEventListener('abort', () => this.#expressions.close(), { once: true })
    const impossible = (why: string | undefined): void => void (this.#impossible = why)
    const candidate = {
      namespace,
      name: controllerLease,
      identity,
      impossible,
      // A process that cannot read the hooks would hold the lease for nothing.
      mayLead: () => this.#isSynced(),
      ...(history && { seeing: history.seeing }),
    }
    await Promise.all([
      ...[this.#store.cache, this.#records, ...this.#keyCaches, this.#autoscalers].map(cache => cache.run(stop)),
      elect(this.#environment, candidate, term => this.#lead(term), stop),
    ])
  }

  #subscribe(): void {
    for (const cache of this.#keyCaches) cache.subscribe(() => this.#leading?.keys.add(keysKey))
    this.#store.onChange(
      key => this.#leading?.hooks.add(key),
      key => this.#leading && this.#reportEdited(key),
    )
    this.#records.subscribe(({ namespace, name, now }) => {
      if (!this.#leading) return
      if (!now) return this.#leading.deliveries.add(hookKey(namespace, name))
      this.#pacer.changed(hookKey(namespace, name), now.newestAt)
      // The hook may still be Ready, because the right was removed after the hook's last reconcile.
      if (!this.#rights || now.reported?.lastDelivery.reason !== 'Forbidden') return
      this.#rights.doubt(namespace)
      this.#leading.hooks.add(hookKey(namespace, name))
    })
    this.#autoscalers.subscribe((namespace, { kind, name }) =>
      this.#addHooks(hook => hook.metadata.namespace === namespace && mayAimAt(hook, `${kind}/${name}`)),
    )
  }

  /** Queues a hook if its status no longer says what its record says of its spec and target, or that it has none. */
  #reportEdited(key: string): void {
    const found = this.#lackingIn(key)
    if (!found) return
    const { hook, report } = found
    if (!report) this.#pacer.changed(key, this.#environment.clock.now())
    else if (isNew(hook, report)) this.#pacer.changed(key, report.newestAt)
  }

  #addHooks(which: (hook: KeptHook) => boolean): void {
    if (!this.#leading) return
    for (const hook of this.#store.cache.values()) {
      if (which(hook)) this.#leading?.hooks.add(hookKey(hook.metadata.namespace, hook.metadata.name))
    }
  }

  /**
   * Returns a hook and its delivery report if the status lacks a part of the report, or if
   * deliveries were refused. Also a hook whose record is gone, if its status shows what was in it. Undefined otherwise.
   */
  #unreported(key: string): Unreported | undefined {
    const hook = this.#store.newest(key)
    const report = this.#records.get(...namespaceAndName(key))
    if (!hook) return undefined
    const isLacking = report
      ? isNew(hook, report) || isRefusing(hook, report)
      : this.#records.synced(hook.metadata.namespace) && showsRecord(hook)
    return isLacking ? { hook, report } : undefined
  }

  /**
   * Returns what the status of a hook lacks. If that cannot be compared, queues the hook and returns undefined: the
   * queue logs the error of this hook alone, and tries it again.
   */
  #lackingIn(key: string): Unreported | undefined {
    try {
      return this.#unreported(key)
    } catch {
      this.#leading?.deliveries.add(key)
      return undefined
    }
  }

  async #lead(term: Term): Promise<void> {
    const { clock } = this.#environment
    const queues = this.#queuesFor(term)
    const { deliveries, hooks, keeper, keys } = queues
    await waitUntil(clock, () => this.#isSynced(), syncPollMs, term.stop)
    await autoscalersRead(this.#environment, this.#autoscalers, term.stop)
    this.#leading = queues
    try {
      keys.add(keysKey)
      this.#addUnreported()
      const working = [keys, hooks, deliveries].map(queue => (stop: AbortSignal) => queue.run(stop))
      await together(term.stop, [...working, stop => this.#addUnrecorded(stop)])
    } finally {
      this.#leading = undefined
      keeper.close()
      this.#pacer.stop()
    }
  }

  /** Queues the hooks whose record is gone. Which these are is known only once the records have been read. */
  async #addUnrecorded(stop: AbortSignal): Promise<void> {
    await waitUntil(this.#environment.clock, () => this.#records.synced(), syncPollMs, stop)
    this.#addUnreported()
  }

  #addUnreported(): void {
    for (const { metadata } of this.#store.cache.values()) {
      const key = hookKey(metadata.namespace, metadata.name)
      if (this.#lackingIn(key)) this.#leading?.deliveries.add(key)
    }
  }

  #queuesFor(term: Term): Queues {
    const environment = this.#environment
    const { identity, namespace, publicURL, requestPolicies, triggerPolicy = false } = this.#options
    const { wrote } = this.#store
    const api = whileLeading(environment.api, () => term.holds())
    const fenced = { ...environment, api }
    const events = eventRecorder(fenced, { controller: 'receiver-hooks', instance: identity })
    const keeper = new KeyKeeper(fenced, namespace, events, () => this.#addHooks(() => true))
    const rivals = new Rivals(environment.clock)
    const reconcile: ReconcileKey = async (key, attempts) => {
      const ring = keeper.ring()
      const hook = this.#store.newest(key)
      if (!ring || !hook) return { isFinal: true }
      const context = {
        ...fenced,
        ...this.#asked,
        events,
        publicURL,
        requestPolicies,
        ring,
        rivals,
        triggerPolicy,
        wrote,
      }
      return await orOutOfDate(reconcileHook(context, hook, attempts))
    }
    const report = reportWork({ clock: environment.clock, api, events, wrote }, key => this.#unreported(key), term.stop)
    const stuck = stuckReport(events, this.#store.newest)
    return {
      keeper,
      keys: new WorkQueue(environment, { controller: 'signing-keys', workers: 1 }, () => keeper.reconcile()),
      hooks: new WorkQueue(environment, { controller: 'receiverhook', workers: hookWorkers, stuck }, reconcile),
      deliveries: new WorkQueue(environment, { controller: 'receiverhook-deliveries', workers: 1, stuck }, report),
    }
  }

  #isSynced(): boolean {
    return this.#store.cache.synced() && this.#keyCaches.every(cache => cache.synced())
  }
}

const unread = (caches: readonly Cache<unknown>[], what: string): string | undefined => {
  const waited = caches.find(cache => !cache.synced())
  return waited && (waited.problem() ?? `the ${what} are still being read`)
}
