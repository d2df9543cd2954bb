import type { Environment } from './environment/environment.ts'
import type { ListenAddress } from './environment/listen.ts'
import { wait } from './environment/wait.ts'
import { controllerRole } from './controller/controller.ts'
import { sharedFollow } from './kube/shared.ts'
import { serveOperations } from './operations/server.ts'
import { serveTrigger, type TriggerServer } from './trigger/http.ts'
import { triggerRole } from './trigger/trigger.ts'

export interface RolesOptions {
  readonly controller: boolean
  readonly trigger: boolean
  /** The product's own namespace. */
  readonly namespace: string
  readonly watchNamespace?: string
  readonly identity: string
  /** What trigger URLs begin with; the port is the trigger's. */
  readonly publicURL: (triggerPort: number) => string
  readonly triggerAddress: ListenAddress
  readonly operationsAddress: ListenAddress
  /** How long to keep serving once stopped, until no more posts are sent here, in milliseconds. */
  readonly shutdownDelayMs: number
}

export interface Roles {
  readonly triggerPort: number | undefined
  readonly operationsPort: number
  ready(): boolean
  /** Fails readiness, serves on for the delay, finishes what was accepted, gives up the lease, and resolves. */
  stop(): Promise<void>
}

/** Runs one role or both in this process; they meet in the API server alone, and read its hooks together. */
export const startRoles = async (environment: Environment, options: RolesOptions): Promise<Roles> => {
  const { clock, log, metrics } = environment
  const { identity, namespace } = options
  const watchNamespace = options.watchNamespace === undefined ? {} : { watchNamespace: options.watchNamespace }
  const watching = { ...watchNamespace, follow: sharedFollow() }
  const stop = new AbortController()
  const trigger = options.trigger ? triggerRole(environment, { namespace, ...watching }) : undefined
  const server: TriggerServer | undefined =
    trigger && (await serveTrigger(trigger.endpoint, clock, log, options.triggerAddress))
  const controller = options.controller
    ? controllerRole(environment, { namespace, identity, publicURL: options.publicURL(server?.port ?? 0), ...watching })
    : undefined

  let stopping = false
  const ready = (): boolean => !stopping && (trigger?.ready() ?? true) && (controller?.ready() ?? true)
  const operations = await serveOperations(metrics, ready, options.operationsAddress)
  const running = Promise.all([trigger?.run(stop.signal), controller?.run(stop.signal)])

  return {
    triggerPort: server?.port,
    operationsPort: operations.port,
    ready,
    stop: async () => {
      stopping = true
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
