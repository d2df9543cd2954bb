import { randomBytes } from 'node:crypto'
import { inject, onTestFinished } from 'vitest'
import { at, isObject, parseJson, stringAt } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import type { StoredObject } from '../../src/api/object.ts'
import { crds } from '../../src/drivers/registry.ts'
import type { ApiConnection, Environment, Outbound } from '../../src/environment/environment.ts'
import { forkEvaluator } from '../../src/expressions/worker/process.ts'
import { supervisedExpressions } from '../../src/expressions/worker/supervised.ts'
import { pinoLog } from '../../src/environment/log.ts'
import { promMetrics } from '../../src/environment/metrics.ts'
import { connect, nodeClock, nodeRandom } from '../../src/environment/node.ts'
import type { Tracing } from '../../src/environment/environment.ts'
import { wait } from '../../src/environment/wait.ts'
import { loadAccess } from '../../src/kube/access.ts'
import { isStatus } from '../../src/kube/errors.ts'
import { objectPath, type ResourceType } from '../../src/kube/paths.ts'
import { create, read, send } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import type { ServiceAccount } from '../../src/kube/reviews.ts'
import { startRoles, type Roles } from '../../src/roles.ts'
import { noOutbound } from './environment.ts'
import type { Issuer } from '../../src/token/issuer.ts'
import { deployment } from './objects.ts'

export const deployments: ResourceType = { group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment' }

/** How long a test waits for what must happen within seconds, on a machine that is busy, in milliseconds. */
const timeoutMs = 60_000

/** The API server of this run, a namespace for hooks and one for the product, both new. */
export interface Cluster {
  /** The path of the kubeconfig that `api` was made from. */
  readonly kubeconfig: string
  readonly api: ApiConnection
  readonly namespace: string
  readonly systemNamespace: string
  readonly createDeployment: (name: string, replicas: number) => Promise<StoredObject>
  readonly replicas: (name: string) => Promise<number>
  readonly createHook: (name: string, scale: object, spec?: object) => Promise<StoredObject>
  /** Merges into a hook. */
  readonly patchHook: (name: string, patch: object) => Promise<StoredObject>
  /** The trigger URL of a hook, as soon as it has one for its present generation. */
  readonly url: (name: string) => Promise<string>
  readonly hook: (name: string) => Promise<StoredObject | undefined>
  /** Reads until `wanted` holds, or fails with what was last seen. */
  readonly until: typeof until
}

/**
 * The label of namespaces whose triggers run as an account of their own, where the base's policies, which know the account of the
 * base alone, would refuse what they write.
 */
export const ownPolicies = 'receiver-hooks.test/own-policies'

export const cluster = async (kubeconfig = inject('kubeconfig')): Promise<Cluster> => {
  const api = connect(await loadAccess({ kubeconfig, env: {} }))
  onTestFinished(() => api.close())
  const id = randomBytes(4).toString('hex')
  const namespace = `shop-${id}`
  const systemNamespace = `system-${id}`
  await installCrd(api)
  for (const name of [namespace, systemNamespace]) {
    const body = JSON.stringify({ metadata: { name, labels: { [ownPolicies]: '' } } })
    await send(api, { method: 'POST', path: '/api/v1/namespaces', body })
  }
  const hook = (name: string): Promise<StoredObject | undefined> => read(api, hooks, namespace, name)
  return {
    kubeconfig,
    api,
    namespace,
    systemNamespace,
    createDeployment: (name, replicas) => create(api, deployments, namespace, deployment(name, replicas)),
    replicas: async name => Number(at(await read(api, deployments, namespace, name), 'spec', 'replicas')),
    createHook: (name, scale, spec = {}) =>
      create(api, hooks, namespace, {
        apiVersion,
        kind: hookKind,
        metadata: { name },
        spec: { driver: 'scale', scale: { target: { name: 'web' }, action: 'up', max: 10, ...scale }, ...spec },
      }),
    patchHook: (name, patch) =>
      send(api, {
        method: 'PATCH',
        path: objectPath(hooks, namespace, name),
        contentType: 'application/merge-patch+json',
        body: JSON.stringify(patch),
      }),
    url: async name => {
      const published = await until(
        () => hook(name),
        seen => at(seen, 'status', 'observedGeneration') === seen?.metadata.generation,
      )
      return stringAt(published, 'status', 'triggerURL') ?? ''
    },
    hook,
    until,
  }
}

/** Looks until `wanted` holds. Fails only by a look that began when the time was over: one before says nothing of then. */
export const until = async <T>(
  look: () => Promise<T>,
  wanted: (seen: T) => boolean,
  withinMs = timeoutMs,
): Promise<T> => {
  const end = nodeClock.monotonic() + withinMs
  for (;;) {
    const isLast = nodeClock.monotonic() > end
    const seen = await look()
    if (wanted(seen)) return seen
    if (isLast) throw new Error(`not within ${withinMs} ms; last seen: ${JSON.stringify(seen)}`)
    await wait(nodeClock, 20)
  }
}

/** Installs the product's CRDs where they are not there yet, and waits until they are served. */
export const installCrd = async (api: ApiConnection): Promise<void> => {
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  for (const crd of crds) {
    // The API server compiles all rules of a CRD before it finds that there is one of this name.
    const found = {
      method: 'GET',
      path: `${path}/${stringAt(crd, 'metadata', 'name')}`,
      lane: 'bulk',
      timeoutMs: 30_000,
    } as const
    if ((await api.request(found)).status === 200) continue
    await send(api, { method: 'POST', path, body: JSON.stringify(crd) }).catch((error: unknown) => {
      if (!isStatus(error, 409)) throw error
    })
  }
  // A real API server serves a new kind a moment after it has stored it.
  for (const resource of ['receiverhooks', 'receiverhookrecords']) {
    await until(
      () => api.request({ method: 'GET', path: `/apis/${apiVersion}/${resource}`, lane: 'bulk', timeoutMs: 5000 }),
      response => response.status === 200,
    )
  }
}

/** Both roles in this process, on free ports of loopback, stopped when the test ends. */
export interface Product extends Roles {
  readonly environment: Environment
  /** Every log line, at the lowest level. */
  readonly lines: string[]
  readonly operations: string
}

export const product = async (
  { api, namespace, systemNamespace }: Cluster,
  roles: {
    readonly controller?: boolean
    readonly trigger?: boolean
    readonly publicURL?: string
    readonly outbound?: Outbound
    readonly issuers?: readonly Issuer[]
    /** The account whose rights the controller asks for. */
    readonly triggerAccount?: ServiceAccount
    /** Whether the admission policy on the trigger's account is in force. */
    readonly triggerPolicy?: boolean
    /** Whether requests are run, or the admission policies that have to be in force then. */
    readonly requests?: boolean | readonly string[]
    readonly tracing?: Tracing
    /** The namespaces whose hooks are served. Default: that of the cluster. */
    readonly watchNamespaces?: readonly string[]
  } = {},
): Promise<Product> => {
  const lines: string[] = []
  const expressions = supervisedExpressions(nodeClock, forkEvaluator)
  const environment: Environment = {
    api,
    clock: nodeClock,
    expressions,
    outbound: roles.outbound ?? noOutbound,
    random: nodeRandom,
    log: pinoLog({ level: 'debug', clock: nodeClock, write: line => void lines.push(line) }),
    metrics: promMetrics(),
    tracing: roles.tracing,
  }
  const address = { host: '127.0.0.1', port: 0 }
  const started = await startRoles(environment, {
    controller: roles.controller ?? true,
    trigger: roles.trigger ?? true,
    namespace: systemNamespace,
    watchNamespaces: roles.watchNamespaces ?? [namespace],
    triggerPolicy: roles.triggerPolicy ?? false,
    requestPolicies: roles.requests === true ? [] : roles.requests || undefined,
    ...(roles.triggerAccount && { triggerAccount: roles.triggerAccount }),
    identity: randomBytes(4).toString('hex'),
    publicURL: port => roles.publicURL ?? `http://127.0.0.1:${port}`,
    triggerAddress: address,
    operationsAddress: address,
    shutdownDelayMs: 0,
    issuers: roles.issuers ?? [],
  })
  let stopped: Promise<void> | undefined
  const stop = (): Promise<void> => (stopped ??= started.stop().then(() => expressions.close()))
  onTestFinished(stop)
  await until(
    async () => started.ready(),
    ready => ready,
  )
  return { ...started, stop, environment, lines, operations: `http://127.0.0.1:${started.operationsPort}` }
}

export interface Posted {
  readonly status: number
  readonly body: Record<string, unknown>
  readonly headers: Headers
}

/**
 * Returns a URL with a query that changes nothing, so that the answer has a body. The success of a CloudEvent
 * has none otherwise.
 */
export const withAnswer = (url: string): string => `${url}?dryRun=false`

/** Posts to a URL, as `curl -X POST` does when there is no body. */
export const post = async (url: string, body?: unknown, init: RequestInit = {}): Promise<Posted> => {
  const response = await fetch(url, {
    method: 'POST',
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    ...init,
  })
  const answer = parseJson(await response.text())
  if (!isObject(answer)) throw new Error(`the answer is no JSON object: ${JSON.stringify(answer)}`)
  return { status: response.status, body: answer, headers: response.headers }
}

/**
 * Sends a post as every sender does, and again after 503. On a busy machine the time of a post can end
 * before its turn, and then nothing was done.
 */
export const untilDone = (sent: () => Promise<Posted>): Promise<Posted> => until(sent, ({ status }) => status !== 503)

/** Posts, and again after 503, as {@link untilDone}. */
export const postUntilDone = (url: string, body?: unknown, init: RequestInit = {}): Promise<Posted> =>
  untilDone(() => post(url, body, init))

/**
 * Posts until it is done, as {@link postUntilDone}. Resolves with undefined if the connection is closed without an answer: nobody can say
 * then whether the post ran. A busy machine, on which requests to the API server take too long, has such posts.
 */
export const postUntilClear = (url: string): Promise<Posted | undefined> =>
  postUntilDone(url).catch((error: unknown) => {
    if (at(error, 'cause', 'code') === 'UND_ERR_SOCKET') return undefined
    throw error
  })
