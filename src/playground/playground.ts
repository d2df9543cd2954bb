/**
 * The playground: the in-memory API server, both roles, the dashboard and sample objects in one
 * process, on loopback, for people without a cluster. Everything ends with the process.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { platform, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApiServer } from '../apiserver/server.ts'
import { serveHttp } from '../apiserver/http.ts'
import { stringAt } from '../api/json.ts'
import type { Environment } from '../environment/environment.ts'
import { forkEvaluator } from '../expressions/worker/process.ts'
import { supervisedExpressions } from '../expressions/worker/supervised.ts'
import type { ListenAddress } from '../environment/listen.ts'
import { pinoLog, type LogLevel } from '../environment/log.ts'
import { promMetrics } from '../environment/metrics.ts'
import { connect, nodeClock, nodeRandom, type NodeConnection } from '../environment/node.ts'
import { nodeOutbound } from '../environment/outbound.ts'
import { wait } from '../environment/wait.ts'
import { hooks } from '../kube/resources.ts'
import { read, send } from '../kube/requests.ts'
import { bannerOf } from './banner.ts'
import { kubeconfigFor } from './kubeconfig.ts'
import { sampleHooks, sampleNamespace, samples, systemNamespace } from './samples.ts'
import { runWorkloads } from './workloads.ts'

/** The playground listens here alone. */
const host = '127.0.0.1'

/** How often the sample hooks are looked at until they have URLs, in milliseconds. */
const lookEveryMs = 10

/** Ports of 0 take any free one. */
export interface PlaygroundSettings {
  readonly apiPort: number
  readonly triggerPort: number
  readonly operationsPort: number
  readonly dashboardPort: number
  /** Where to write a kubeconfig; by default in a folder that goes with the playground. */
  readonly kubeconfig: string | undefined
  /** How a person calls the command line of this program. */
  readonly cli: string
  readonly logLevel: LogLevel
  readonly version: string
}

/** Starts both roles of the product. Passed in, because putting the roles together is the main program's matter. */
export type StartRoles = (
  environment: Environment,
  options: {
    readonly controller: boolean
    readonly trigger: boolean
    readonly namespace: string
    readonly identity: string
    readonly publicURL: (triggerPort: number) => string
    readonly triggerAddress: ListenAddress
    readonly operationsAddress: ListenAddress
    readonly shutdownDelayMs: number
  },
) => Promise<{ readonly triggerPort: number | undefined; readonly operationsPort: number; stop(): Promise<void> }>

/** What the main program passes in: the playground only starts it. */
export interface Deps {
  readonly startRoles: StartRoles
  readonly serveDashboard: ServeDashboard
  /** Calls `run` each time that Enter is pressed. */
  readonly onEnter: (run: () => void) => () => void
}

export type ServeDashboard = (
  world: Environment,
  settings: {
    readonly address: ListenAddress
    readonly signIn: 'key'
    readonly connectAs: () => NodeConnection
    readonly cluster: string
    readonly namespace: string
    readonly version: string
    readonly sessionMs: number
  },
) => Promise<{ link(): string; close(): void }>

/** Everything is gone when the playground ends: a session need not end before, in milliseconds. */
const sessionMs = 7 * 24 * 3_600_000

/**
 * Runs everything in this process, on loopback: an in-memory API server, both roles, and sample objects. Says on
 * `print` how far it is and what to try. Resolves, as soon as all is ready, with what stops it.
 */
export const playground = async (
  settings: PlaygroundSettings,
  { onEnter, serveDashboard, startRoles }: Deps,
  print: (line: string) => void,
): Promise<() => Promise<void>> => {
  print('Starting an in-memory API server, the controller and the trigger endpoint …')
  const log = pinoLog({ level: settings.logLevel, clock: nodeClock, write: line => print(line.trimEnd()) })
  const server = await serveHttp(createApiServer({ clock: nodeClock, random: nodeRandom }), {
    host,
    port: settings.apiPort,
    flag: '--api-port',
  })
  const connection = connect({ server: server.url })
  const expressions = supervisedExpressions(nodeClock, forkEvaluator)
  const environment: Environment = {
    api: connection,
    clock: nodeClock,
    expressions,
    log,
    metrics: promMetrics({ process: true }),
    outbound: nodeOutbound,
    random: nodeRandom,
  }
  const stopWorkloads = new AbortController()

  for (const [path, object] of samples) await send(connection, { method: 'POST', path, body: JSON.stringify(object) })
  const workloads = runWorkloads(environment, stopWorkloads.signal)
  const roles = await startRoles(environment, {
    controller: true,
    trigger: true,
    namespace: systemNamespace,
    identity: 'playground',
    publicURL: port => `http://${host}:${port}`,
    triggerAddress: { host, port: settings.triggerPort, flag: '--trigger-port' },
    operationsAddress: { host, port: settings.operationsPort, flag: '--operations-port' },
    shutdownDelayMs: 0,
  })

  const dashboard = await serveDashboard(environment, {
    address: { host, port: settings.dashboardPort, flag: '--dashboard-port' },
    signIn: 'key',
    connectAs: () => connect({ server: server.url }),
    cluster: server.url,
    namespace: sampleNamespace,
    version: settings.version,
    sessionMs,
  })

  await Promise.all(sampleHooks.map(name => untilItHasItsUrl(environment, name)))
  const kubeconfig = await kubeconfigIn(settings.kubeconfig)
  await writeFile(kubeconfig.file, kubeconfigFor(server.url), { mode: 0o600 })
  const { cli } = settings
  const metrics = `http://${host}:${roles.operationsPort}/metrics`
  print(
    bannerOf({
      cli,
      kubeconfig: kubeconfig.file,
      link: dashboard.link(),
      metrics,
      platform: platform(),
      server: server.url,
    }),
  )
  const cancelEnter = onEnter(() => print(dashboard.link()))

  return async () => {
    cancelEnter()
    dashboard.close()
    stopWorkloads.abort()
    await Promise.all([roles.stop(), workloads])
    expressions.close()
    await connection.close()
    await server.close()
    await kubeconfig.remove()
  }
}

/** The file that was asked for, which stays; or one in a new folder, which does not. */
const kubeconfigIn = async (
  file: string | undefined,
): Promise<{ readonly file: string; readonly remove: () => Promise<void> }> => {
  if (file !== undefined) return { file, remove: async () => undefined }
  const folder = await mkdtemp(join(tmpdir(), 'receiver-hooks-'))
  return { file: join(folder, 'kubeconfig'), remove: () => rm(folder, { recursive: true, force: true }) }
}

/** Resolves as soon as the controller has published the URL of a sample hook. */
const untilItHasItsUrl = async ({ api, clock }: Environment, name: string): Promise<void> => {
  for (;;) {
    const url = stringAt(await read(api, hooks, sampleNamespace, name), 'status', 'triggerURL')
    if (url !== undefined) return
    await wait(clock, lookEveryMs)
  }
}
