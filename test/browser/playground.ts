import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { at } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { connect } from '../../src/environment/node.ts'
import type { ApiConnection } from '../../src/environment/environment.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { send } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import { openPlayground } from '../../apiserver/playground/playground.ts'
import { serveDashboard } from '../../dashboard/serve.ts'
import { startRoles } from '../../src/roles.ts'
import { until } from '../support/product.ts'
import { closeBrowser } from './page.ts'

export interface Playground {
  /** A link to the dashboard that is good once. */
  readonly link: () => string
  readonly api: ApiConnection
  readonly create: (path: string, object: object) => Promise<void>
  readonly createHook: (name: string, spec: object, namespace?: string) => Promise<void>
  readonly url: (name: string, namespace?: string) => Promise<string>
  readonly stopDashboard: () => void
}

/** Starts a playground for all tests of a file. After them, it ends with the browser. */
export const playgroundOfFile = (started: (playground: Playground) => void): void => {
  let end = async (): Promise<void> => undefined
  beforeAll(async () => started(await startPlayground(stop => (end = stop))))
  afterAll(async () => {
    await closeBrowser()
    await end()
  })
}

/** Starts the playground in this process, on free ports, until the test ends. */
export const startPlayground = async (
  end: (stop: () => Promise<void>) => void = stop => onTestFinished(stop),
): Promise<Playground> => {
  const lines: string[] = []
  let another = (): void => undefined
  let stopDashboard = (): void => undefined
  const stop = await openPlayground(
    {
      apiPort: 0,
      triggerPort: 0,
      operationsPort: 0,
      dashboardPort: 0,
      kubeconfig: undefined,
      logLevel: 'error',
      version: '0.0.0-test',
      cli: 'receiver-hooks',
      issuers: [],
    },
    {
      startRoles,
      serveDashboard: async (world, settings) => {
        const served = await serveDashboard(world, settings)
        stopDashboard = () => served.close()
        return served
      },
      onEnter: run => {
        another = run
        return () => undefined
      },
      atExit: () => undefined,
    },
    line => void lines.push(line),
  )
  const server = /API server: (\S+)/.exec(lines.join('\n'))?.[1] ?? ''
  const api = connect({ server })
  end(async () => {
    await api.close()
    await stop()
  })
  const create = async (path: string, object: object): Promise<void> => {
    await send(api, { method: 'POST', path, body: JSON.stringify(object) })
  }
  return {
    link: () => {
      another()
      return lines.at(-1) ?? ''
    },
    api,
    create,
    createHook: (name, spec, namespace = 'shop') =>
      create(`/apis/${apiVersion}/namespaces/${namespace}/receiverhooks`, {
        apiVersion,
        kind: hookKind,
        metadata: { name, namespace },
        spec,
      }),
    url: async (name, namespace = 'shop') => {
      const hook = await until(
        () => send(api, { method: 'GET', path: objectPath(hooks, namespace, name) }),
        seen => typeof at(seen, 'status', 'triggerURL') === 'string',
      )
      return String(at(hook, 'status', 'triggerURL'))
    },
    stopDashboard: () => stopDashboard(),
  }
}

export const deployment = (name: string, replicas: number) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'app', image: 'nginx:1.29' }] } },
  },
})

export const scaleSpec = (name: string, more: object = {}) => ({
  driver: 'scale',
  scale: { target: { name }, action: 'up', min: 1, max: 10, ...more },
})
