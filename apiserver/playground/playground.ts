/**
 * The playground: in-memory API server, controller, trigger, dashboard and sample objects in one
 * process on loopback, for people without a cluster. When the process ends, nothing remains but a
 * kubeconfig at a path that the user has given.
 */
import { rmSync } from 'node:fs'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { platform, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApiServer } from '../server.ts'
import { serveHttp } from '../http.ts'
import { stringAt } from '../../src/api/json.ts'
import type { Environment } from '../../src/environment/environment.ts'
import { forkEvaluator } from '../../src/expressions/worker/process.ts'
import { supervisedExpressions } from '../../src/expressions/worker/supervised.ts'
import type { ListenAddress } from '../../src/environment/listen.ts'
import { pinoLog, type LogLevel } from '../../src/environment/log.ts'
import { promMetrics } from '../../src/environment/metrics.ts'
import { connect, nodeClock, nodeRandom, type NodeConnection } from '../../src/environment/node.ts'
import { nodeOutbound } from '../../src/environment/outbound.ts'
import { wait } from '../../src/environment/wait.ts'
import { hooks } from '../../src/kube/resources.ts'
import { read, send } from '../../src/kube/requests.ts'
import type { Issuer } from '../../src/token/issuer.ts'
import { bannerOf } from './banner.ts'
import { serveEcho } from './http.ts'
import { runJobs } from './jobs.ts'
import { isReplaceable, kubeconfigFor } from './kubeconfig.ts'
import { sampleHooks, sampleNamespace, samples, systemNamespace } from './samples.ts'
import { runWorkloads } from './workloads.ts'

/** The playground listens only on this address. */
const host = '127.0.0.1'

/** How often the sample hooks are read until they have URLs, in milliseconds. */
const lookEveryMs = 10

/** A port of 0 means any free port. */
export interface PlaygroundSettings {
  readonly apiPort: number
  readonly triggerPort: number
  readonly operationsPort: number
  readonly dashboardPort: number
  /**
   * The path of the kubeconfig. Default: a file in a temporary folder, which is deleted at the end.
   */
  readonly kubeconfig: string | undefined
  /** The command with which the user calls the command line, such as `receiver-hooks`. */
  readonly cli: string
  /** The issuers whose ID tokens hooks may ask for. */
  readonly issuers: readonly Issuer[]
  readonly logLevel: LogLevel
  readonly version: string
}

/** Starts both roles. It is passed in, because only the main program knows how to combine them. */
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
    readonly issuers: readonly Issuer[]
    readonly requestPolicies: readonly string[]
  },
) => Promise<{ readonly triggerPort: number | undefined; readonly operationsPort: number; stop(): Promise<void> }>

/** What the caller provides: the parts that this folder must not import. */
export interface Deps {
  readonly startRoles: StartRoles
  readonly serveDashboard: ServeDashboard
  /** Calls `run` each time Enter is pressed. Returns a function that ends these calls. */
  readonly onEnter: (run: () => void) => () => void
  /** Calls `run` when the process ends, also if it ends without being stopped. */
  readonly atExit: (run: () => void) => void
}

export type ServeDashboard = (
  world: Environment,
  settings: {
    readonly address: ListenAddress
    readonly signIn: 'key'
    readonly connectAs: () => NodeConnection
    readonly cluster: string
    readonly namespace: string
    readonly systemNamespace: string
    readonly version: string
    readonly sessionMs: number
  },
) => Promise<{ link(): string; close(): void }>

/** How long a session of the page lasts, in milliseconds. The playground mostly ends earlier. */
const sessionMs = 7 * 24 * 3_600_000

/**
 * Runs everything in this process on loopback: the in-memory API server, both roles, the dashboard,
 * sample objects. Prints its progress and what to try. Once all is ready, resolves with a function
 * that stops the playground. Rejects before anything starts if the path of the kubeconfig has a file
 * of somebody else.
 */
export const openPlayground = async (
  settings: PlaygroundSettings,
  { atExit, onEnter, serveDashboard, startRoles }: Deps,
  print: (line: string) => void,
): Promise<() => Promise<void>> => {
  if (settings.kubeconfig !== undefined) await refuseForeign(settings.kubeconfig)
  print('Starting an in-memory API server, the controller and the trigger endpoint …')
  const log = pinoLog({ level: settings.logLevel, clock: nodeClock, write: line => print(line.trimEnd()) })
  const server = await serveHttp(createApiServer({ clock: nodeClock, random: nodeRandom }), {
    host,
    port: settings.apiPort,
    flag: '--api-port',
  })
  const connection = connect({ server: server.url })
  const echo = await serveEcho(host, nodeOutbound, print)
  const expressions = supervisedExpressions(nodeClock, forkEvaluator)
  const environment: Environment = {
    api: connection,
    clock: nodeClock,
    expressions,
    log,
    metrics: promMetrics({ process: true }),
    outbound: echo.outbound,
    random: nodeRandom,
  }
  const stopWorkloads = new AbortController()

  for (const [path, object] of samples) await send(connection, { method: 'POST', path, body: JSON.stringify(object) })
  const workloads = Promise.all([
    runWorkloads(environment, stopWorkloads.signal),
    runJobs(environment, stopWorkloads.signal),
  ])
  const roles = await startRoles(environment, {
    // There are no rights here, and no policies.
    requestPolicies: [],
    controller: true,
    trigger: true,
    namespace: systemNamespace,
    identity: 'playground',
    publicURL: port => `http://${host}:${port}`,
    triggerAddress: { host, port: settings.triggerPort, flag: '--trigger-port' },
    operationsAddress: { host, port: settings.operationsPort, flag: '--operations-port' },
    shutdownDelayMs: 0,
    issuers: settings.issuers,
  })

  const dashboard = await serveDashboard(environment, {
    address: { host, port: settings.dashboardPort, flag: '--dashboard-port' },
    signIn: 'key',
    connectAs: () => connect({ server: server.url }),
    cluster: server.url,
    namespace: sampleNamespace,
    systemNamespace,
    version: settings.version,
    sessionMs,
  })

  await Promise.all(sampleHooks.map(name => untilItHasItsUrl(environment, name)))
  const kubeconfig = await kubeconfigIn(settings.kubeconfig)
  // A second Ctrl-C, or a pipe without a reader, ends the process at once.
  atExit(kubeconfig.remove)
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
    echo.close()
    await connection.close()
    await server.close()
    kubeconfig.remove()
  }
}

/** Rejects if a path has a file that no playground has written, such as the user's own kubeconfig. */
const refuseForeign = async (file: string): Promise<void> => {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  if (isReplaceable(text)) return
  throw new Error(`${file} is not a playground's kubeconfig, so it is kept: choose a new path with --kubeconfig FILE`)
}

/** Returns the path of the kubeconfig: the given one, which stays, or one in a temporary folder. */
const kubeconfigIn = async (
  file: string | undefined,
): Promise<{ readonly file: string; readonly remove: () => void }> => {
  if (file !== undefined) return { file, remove: () => undefined }
  const folder = await mkdtemp(join(tmpdir(), 'receiver-hooks-'))
  return { file: join(folder, 'kubeconfig'), remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** Resolves once the controller has published the URL of a sample hook. */
const untilItHasItsUrl = async ({ api, clock }: Environment, name: string): Promise<void> => {
  for (;;) {
    const url = stringAt(await read(api, hooks, sampleNamespace, name), 'status', 'triggerURL')
    if (url !== undefined) return
    await wait(clock, lookEveryMs)
  }
}
