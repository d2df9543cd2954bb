import type { Environment } from './environment/environment.ts'
import type { ListenAddress } from './environment/listen.ts'
import { tracedConnection } from './environment/tracing.ts'
import { wait } from './environment/wait.ts'
import { Controller } from './controller/controller.ts'
import type { ControllerOptions } from './controller/options.ts'
import type { ServiceAccount } from './kube/reviews.ts'
import { sharedFollow } from './kube/shared-follow.ts'
import { followIn } from './kube/follow.ts'
import type { History } from './kube/lease-history.ts'
import { historyOf, withoutDoubt } from './kube/lease-history.ts'
import { recognised } from './kube/unauthorized.ts'
import { verdictOf, type Check } from './operations/checks.ts'
import { serveOperations } from './operations/server.ts'
import { serveTrigger, type TriggerServer } from './trigger/http.ts'
import type { StartReader } from './trigger/reading/reader.ts'
import type { Issuer } from './token/issuer.ts'
import { issuerKeysOf } from './token/issuer-keys.ts'
import { controllerLease } from './token/published.ts'
import { triggerRole } from './trigger/trigger.ts'
import { version } from './version.ts'

export interface RolesOptions {
  readonly controller: boolean
  readonly trigger: boolean
  /** The installation's namespace. */
  readonly namespace: string
  /** The namespaces whose hooks are served. Default: all. */
  readonly watchNamespaces?: readonly string[]
  /** The service account of triggers in other processes. The controller checks its rights. */
  readonly triggerAccount?: ServiceAccount
  /** True if the admission policy on the trigger's account is in force. */
  readonly triggerPolicy?: boolean
  /** The admission policies that have to be in force because ReceiverHookRequests are run. Absent: none are. */
  readonly requestPolicies?: readonly string[] | undefined
  readonly identity: string
  /** Returns the beginning of trigger URLs, given the port of the trigger. */
  readonly publicURL: (triggerPort: number) => string
  readonly triggerAddress: ListenAddress
  readonly operationsAddress: ListenAddress
  /** How long to keep serving after a stop, in milliseconds. Senders need this time to use other replicas. */
  readonly shutdownDelayMs: number
  /** The memory for this process, in bytes. The trigger's limits depend on it. */
  readonly memoryBytes?: number
  /** The issuers whose ID tokens hooks may ask for. Default: none. */
  readonly issuers?: readonly Issuer[]
  /** Starts a reader of large bodies outside the event loop. */
  readonly startReader?: StartReader
  /**
   * Called if etcd was restored beneath this process, after posts have been answered 503 for a
   * moment. The process has to end, because nothing that it knows can be kept.
   */
  readonly wentBack?: () => void
  /** Readiness checks in addition to those of the roles. */
  readonly checks?: readonly Check[]
}

export interface Roles {
  readonly triggerPort: number | undefined
  readonly operationsPort: number
  ready(): boolean
  /**
   * Makes the readiness check fail, keeps serving for `shutdownDelayMs`, finishes accepted posts,
   * releases the lease, and resolves.
   */
  stop(): Promise<void>
}

/**
 * How long a process answers 503 after it has noticed that etcd was restored, before it ends, in
 * milliseconds.
 */
export const endsAfterMs = 1_000

/**
 * Runs one or both roles in this process. They communicate only through the API server, and share
 * one cache of hooks.
 */
export const startRoles = async (given: Environment, options: RolesOptions): Promise<Roles> => {
  const { clock, log, metrics } = given
  const connection = recognised(given.api, clock)
  const { tracing } = given
  const traced = tracing === undefined ? connection.api : tracedConnection(connection.api, tracing)
  const { identity, namespace } = options
  const marks = options.controller
  const history = historyOf({ ...given, api: traced }, { namespace, name: controllerLease, marks })
  const environment = { ...given, api: withoutDoubt(traced, history) }
  const reading = options.startReader === undefined ? {} : { startReader: options.startReader }
  metrics.gauge('receiverhooks_build_info', '1, with the running version.', ['version']).set({ version }, 1)
  const began = metrics.gauge('receiverhooks_start_time_seconds', 'When this process began, in seconds since 1970.', [])
  began.set({}, clock.now() / 1000)
  const memory = options.memoryBytes === undefined ? {} : { memoryBytes: options.memoryBytes }
  const watching = { watchNamespaces: options.watchNamespaces ?? [], follow: sharedFollow(followIn(history)) }
  const issuers = issuerKeysOf(environment, options.issuers ?? [])
  const stop = new AbortController()
  const trigger = options.trigger
    ? triggerRole(environment, {
        namespace,
        issuers,
        history,
        runsRequests: options.requestPolicies !== undefined,
        ...memory,
        ...reading,
        ...watching,
      })
    : undefined
  const server: TriggerServer | undefined =
    trigger && (await serveTrigger({ ...trigger, clock, log, ...memory }, options.triggerAddress))
  const controller = options.controller
    ? new Controller(environment, {
        namespace,
        identity,
        issuers,
        history,
        publicURL: options.publicURL(server?.port ?? 0),
        ...watching,
        ...triggerOf(options),
        triggerPolicy: options.triggerPolicy ?? false,
        requestPolicies: options.requestPolicies,
      })
    : undefined

  let stopping = false
  const checks: readonly Check[] = [
    { name: 'shutdown', failure: () => (stopping ? 'this process is ending: send posts to another' : undefined) },
    { name: 'credentials', failure: () => (connection.unauthorized() ? notRecognised : undefined) },
    ...checksOf(history),
    ...(trigger?.checks ?? []),
    ...(controller?.checks ?? []),
    ...(options.checks ?? []),
  ]
  const operations = await serveOperations({ clock, metrics }, checks, options.operationsAddress)
  const running = Promise.all([trigger?.run(stop.signal), controller?.run(stop.signal), issuers.run(stop.signal)])
  void history.run(stop.signal).then(ending => {
    if (ending === 'went back') clock.after(endsAfterMs, () => options.wentBack?.())
  })

  return {
    triggerPort: server?.port,
    operationsPort: operations.port,
    ready: () => verdictOf(checks).passed,
    stop: async () => {
      stopping = true
      server?.closing()
      trigger?.endWaits()
      log.info({ seconds: options.shutdownDelayMs / 1000 }, 'stopping: readiness fails, posts are still served')
      await wait(clock, options.shutdownDelayMs)
      await server?.drain()
      stop.abort()
      await running
      operations.close()
      log.info({}, 'stopped')
    },
  }
}

/**
 * Returns whose rights the controller checks: those of a trigger in this process or of the given
 * service account. Empty if the trigger's account is not known.
 */
const triggerOf = ({ trigger, triggerAccount }: RolesOptions): Pick<ControllerOptions, 'trigger'> =>
  trigger ? { trigger: 'itself' } : triggerAccount ? { trigger: triggerAccount } : {}

const checksOf = (history: History): readonly Check[] => [
  { name: 'history', failure: () => history.wentBack() },
  { name: 'history/caches', advisory: true, failure: () => history.mayBeLost() ?? history.unchecked() },
]

const notRecognised =
  "the API server answers every request with 401: check whether this process's service account still exists, and start the process again"
