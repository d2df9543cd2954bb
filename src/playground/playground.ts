import { writeFile } from 'node:fs/promises'
import { createApiServer } from '../apiserver/server.ts'
import { serveHttp } from '../apiserver/http.ts'
import { stringAt } from '../api/json.ts'
import type { Environment } from '../environment/environment.ts'
import { forkEvaluator } from '../environment/expressions/process.ts'
import { supervisedExpressions } from '../environment/expressions/supervised.ts'
import type { ListenAddress } from '../environment/listen.ts'
import { pinoLog, type LogLevel } from '../environment/log.ts'
import { promMetrics } from '../environment/metrics.ts'
import { connect, nodeClock, nodeRandom } from '../environment/node.ts'
import { nodeOutbound } from '../environment/outbound.ts'
import { wait } from '../environment/wait.ts'
import { hooks } from '../kube/resources.ts'
import { read, send } from '../kube/requests.ts'
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
  /** Where to write a kubeconfig, if anywhere. */
  readonly kubeconfig: string | undefined
  readonly logLevel: LogLevel
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

/**
 * Runs everything in this process, on loopback: an in-memory API server, both roles, and sample objects. Says on
 * `print` how far it is and what to try. Resolves, as soon as all is ready, with what stops it.
 */
export const playground = async (
  settings: PlaygroundSettings,
  startRoles: StartRoles,
  print: (line: string) => void,
): Promise<() => Promise<void>> => {
  print('Starting an in-memory API server, the controller and the trigger endpoint …')
  const log = pinoLog({ level: settings.logLevel, clock: nodeClock, write: line => print(line.trimEnd()) })
  const server = await serveHttp(createApiServer({ clock: nodeClock, random: nodeRandom }), {
    host,
    port: settings.apiPort,
  }).catch((error: unknown) => tellOfPort(error, 'api-port', settings.apiPort))
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
    triggerAddress: { host, port: settings.triggerPort },
    operationsAddress: { host, port: settings.operationsPort },
    shutdownDelayMs: 0,
  }).catch((error: unknown) => tellOfPort(error, 'trigger-port or --operations-port', settings.triggerPort))

  const urls = await Promise.all(sampleHooks.map(name => urlOf(environment, name)))
  const kubeconfig = settings.kubeconfig
  if (kubeconfig !== undefined) await writeFile(kubeconfig, kubeconfigFor(server.url), { mode: 0o600 })
  tell(print, server.url, roles.operationsPort, urls, kubeconfig)

  return async () => {
    stopWorkloads.abort()
    await Promise.all([roles.stop(), workloads])
    expressions.close()
    await connection.close()
    await server.close()
  }
}

/** The URL of a sample hook, as soon as the controller has published it. */
const urlOf = async ({ api, clock }: Environment, name: string): Promise<string> => {
  for (;;) {
    const url = stringAt(await read(api, hooks, sampleNamespace, name), 'status', 'triggerURL')
    if (url !== undefined) return url
    await wait(clock, lookEveryMs)
  }
}

const tellOfPort = (error: unknown, flag: string, port: number): never => {
  const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
  if (!taken) throw error
  throw new Error(`port ${port} is taken: choose another with --${flag} PORT (0 takes any free one)`, { cause: error })
}

const tell = (
  print: (line: string) => void,
  api: string,
  operationsPort: number,
  urls: readonly string[],
  kubeconfig: string | undefined,
): void => {
  const [up = '', down = ''] = urls
  print(`
Ready. Deployment/web in namespace ${sampleNamespace} has 2 replicas, and two hooks:

  web-up    one more, up to 10:
    curl -X POST ${up}

  web-down  one less, down to 1:
    curl -X POST ${down}

The API server is at ${api}. Look at it with kubectl:
    kubectl --server ${api} -n ${sampleNamespace} get receiverhooks,deployments${
      kubeconfig === undefined
        ? ''
        : `
or
    export KUBECONFIG=${kubeconfig}
    kubectl get receiverhooks,deployments`
    }
Metrics: http://${host}:${operationsPort}/metrics

Everything is in memory and gone when you press Ctrl-C.`)
}
