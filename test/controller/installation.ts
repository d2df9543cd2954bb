import { expect, onTestFinished } from 'vitest'
import { at, parseJson, stringAt } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import type { StoredObject } from '../../src/api/object.ts'
import { connectInProcess } from '../../apiserver/connection.ts'
import { createApiServer } from '../../apiserver/server.ts'
import { Controller } from '../../src/controller/controller.ts'
import { crds } from '../../src/drivers/registry.ts'
import type { ApiConnection, ApiRequest, Clock, Expressions } from '../../src/environment/environment.ts'
import { inlineExpressions } from '../support/inline-expressions.ts'
import { collectionPath, objectPath, type ResourceType } from '../../src/kube/paths.ts'
import type { ServiceAccount } from '../../src/kube/reviews.ts'
import { create, read, send } from '../../src/kube/requests.ts'
import type { SeeingLease } from '../../src/kube/lease-history.ts'
import { configMaps, events, hooks, secrets } from '../../src/kube/resources.ts'
import { verdictOf } from '../../src/operations/checks.ts'
import { parsePublicKeys } from '../../src/token/keys.ts'
import { keySetEntry, publicKeysConfigMap } from '../../src/token/published.ts'
import { createVerifier, type Verdict } from '../../src/token/verify.ts'
import { fakeClock, type FakeClock } from '../support/clock.ts'
import { testEnvironment } from '../support/environment.ts'
import { seededRandom } from '../support/random.ts'
import { signaturesTakeNoTime } from '../support/signatures.ts'

export const system = 'receiver-hooks'
export const shop = 'shop'
export const publicURL = 'https://hooks.example.com'
export const deployments: ResourceType = { group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment' }

/** One controller process. */
export interface Process {
  ready(): boolean
  /** Every request that was to change something, but for the lease: `PATCH /apis/…/status`. */
  readonly writes: string[]
  /** Every request. */
  readonly requests: ApiRequest[]
  readonly lines: string[]
  /** Returns its metrics, as Prometheus reads them. */
  metrics(): Promise<string>
  /** Its calls never return, its timers never fire. */
  crash(): void
  stop(): Promise<void>
}

export interface ProcessOptions {
  /** The namespace of its installation; by default {@link system}. */
  readonly namespace?: string
  readonly publicURL?: string
  /** As whom the trigger runs; by default nobody asks for its rights. */
  readonly trigger?: ServiceAccount | 'itself'
  /** Whether the admission policy on the trigger's account is in force. */
  readonly triggerPolicy?: boolean
  /** What checks expressions; by default each is checked at once. */
  readonly expressions?: Expressions
  /** Asked before each request is sent; what it answers, or throws, is the answer. */
  readonly before?: (request: ApiRequest) => ReturnType<ApiConnection['request']> | undefined
  /** Called for each request when its answer is on the way. */
  readonly after?: (request: ApiRequest, process: Process) => void
  /** How what it reads of its Lease is compared with what it has read before. */
  readonly seeing?: SeeingLease
}

/** An API server in fake time, with the product's namespace and one for hooks. */
export interface Installation {
  readonly api: ApiConnection
  readonly clock: FakeClock
  start(identity?: string, options?: ProcessOptions): Process
  /** Lets time pass, in small steps, until `wanted` holds; fails when it does not within three minutes. */
  until<T>(look: () => Promise<T>, wanted: (seen: T) => boolean): Promise<T>
  /** Lets time pass. */
  pass(ms: number): Promise<void>
  createDeployment(name: string): Promise<StoredObject>
  createHook(name: string, spec?: object, scale?: object): Promise<StoredObject>
  patchHook(name: string, patch: object): Promise<StoredObject>
  readonly hook: (name: string) => Promise<StoredObject>
  /** A hook, once the status speaks of its present generation. */
  reconciled(name: string): Promise<StoredObject>
  /** The reason of a hook's Ready condition, once it is this one. */
  becomes(name: string, reason: string): Promise<StoredObject>
  readonly tokens: () => Promise<Record<string, string | undefined>>
  remove(type: ResourceType, namespace: string, name: string): Promise<void>
  /** What the published keys say of a token. */
  verify(token: string | undefined): Promise<Verdict>
  /** The reasons of all Events in the product's namespace. */
  events(): Promise<(string | undefined)[]>
  /** All Events of hooks. */
  hookEvents(): Promise<unknown[]>
}

/** Steps of time small enough for what is exchanged within a second. */
const stepMs = 20

/** Returns what creates and changes hooks. */
const writerOf = (api: ApiConnection): Pick<Installation, 'createHook' | 'patchHook'> => ({
  createHook: (name, spec = {}, scale = {}) =>
    create(api, hooks, shop, {
      apiVersion,
      kind: hookKind,
      metadata: { name },
      spec: { driver: 'scale', scale: { target: { name: 'web' }, action: 'up', max: 10, ...scale }, ...spec },
    }),
  patchHook: (name, patch) =>
    send(api, {
      method: 'PATCH',
      path: objectPath(hooks, shop, name),
      contentType: 'application/merge-patch+json',
      body: JSON.stringify(patch),
      maxBytes: Infinity,
    }),
})

/** Returns what reads hooks and lists objects. A test looks at large hooks as well. */
const readerOf = (api: ApiConnection) => ({
  hook: (name: string): Promise<StoredObject> =>
    send(api, { method: 'GET', path: objectPath(hooks, shop, name), maxBytes: Infinity }),
  list: async (type: ResourceType, namespace: string): Promise<unknown[]> => {
    const path = collectionPath(type, namespace)
    const response = await api.request({ method: 'GET', path, lane: 'bulk', timeoutMs: 1 })
    const items = at(parseJson(response.body), 'items')
    return Array.isArray(items) ? items.map((item: unknown) => item) : []
  },
})

export const installation = async (): Promise<Installation> => {
  signaturesTakeNoTime()
  const clock = fakeClock()
  const api = connectInProcess(createApiServer({ clock, random: seededRandom(99) }))
  const { start, processes } = starter(api, clock)

  onTestFinished(async () => {
    const lines = processes.flatMap(process => process.lines).join('\n')
    expect(lines, 'the log replaced a token').not.toMatch(/\[token\]|eyJ|"d":/)
    await Promise.all(processes.map(process => process.stop()))
  })

  const post = (path: string, object: object): Promise<StoredObject> =>
    send(api, { method: 'POST', path, body: JSON.stringify(object) })
  for (const crd of crds) await post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd)
  for (const name of [system, shop]) {
    await post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  }

  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 500) await clock.advance(Math.min(500, ms - passed))
  }

  const until = async <T>(look: () => Promise<T>, wanted: (seen: T) => boolean): Promise<T> => {
    let seen = await look()
    for (let passed = 0; !wanted(seen); passed += stepMs) {
      if (passed > 180_000) throw new Error(`not within three minutes; last seen: ${JSON.stringify(seen)}`)
      await clock.advance(stepMs)
      seen = await look()
    }
    return seen
  }

  const { hook, list } = readerOf(api)

  return {
    api,
    clock,
    start,
    until,
    pass,
    createDeployment: name => create(api, deployments, shop, deployment(name)),
    ...writerOf(api),
    hook,
    reconciled: name =>
      until(
        () => hook(name),
        seen => at(seen, 'status', 'observedGeneration') === seen.metadata.generation,
      ),
    becomes: (name, reason) =>
      until(
        () => hook(name),
        seen => at(seen, 'status', 'observedGeneration') === seen.metadata.generation && readyReason(seen) === reason,
      ),
    tokens: async () => {
      const all = await list(hooks, shop)
      return Object.fromEntries(
        all.map(found => [stringAt(found, 'metadata', 'name') ?? '', stringAt(found, 'status', 'token')]),
      )
    },
    remove: async (type, namespace, name) => {
      const path = objectPath(type, namespace, name)
      const { status } = await api.request({ method: 'DELETE', path, lane: 'bulk', timeoutMs: 1 })
      expect(status).toBe(200)
    },
    verify: async token => {
      const published = await read(api, configMaps, system, publicKeysConfigMap)
      const keys = parsePublicKeys(stringAt(at(published, 'data'), keySetEntry) ?? '', '1')
      return await createVerifier({ remember: 0 }).verify(token ?? '', keys, clock.now())
    },
    events: async () => (await list(events, system)).map(event => stringAt(event, 'reason')),
    hookEvents: () => list(events, shop),
  }
}

/** Returns the conditions of a hook. */
export const conditionsIn = (hook: unknown): readonly unknown[] => {
  const conditions = at(hook, 'status', 'conditions')
  return Array.isArray(conditions) ? conditions : []
}

/** Returns the reason of a hook's Ready condition. */
export const readyReason = (hook: unknown): string | undefined =>
  stringAt(
    conditionsIn(hook).find(condition => stringAt(condition, 'type') === 'Ready'),
    'reason',
  )

/** Returns the types of a hook's conditions that are True. */
export const trueConditions = (hook: unknown): unknown[] =>
  conditionsIn(hook)
    .filter(condition => stringAt(condition, 'status') === 'True')
    .map(condition => stringAt(condition, 'type'))

/** Returns what a Secret of the shop holds, decoded. */
export const secretData = async (api: ApiConnection, name: string): Promise<Record<string, string> | undefined> => {
  const secret = await read(api, secrets, shop, name)
  return (
    secret &&
    Object.fromEntries(
      Object.entries(at(secret, 'data') ?? {}).map(([key, value]) => [
        key,
        Buffer.from(String(value), 'base64').toString(),
      ]),
    )
  )
}

const deployment = (name: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'web', image: 'nginx' }] } },
  },
})

const starter = (api: ApiConnection, clock: FakeClock) => {
  const processes: Process[] = []
  const start = (identity = 'first', options: ProcessOptions = {}): Process => {
    let alive = true
    const stop = new AbortController()
    const writes: string[] = []
    const requests: ApiRequest[] = []
    const never = <T>(): Promise<T> => new Promise<T>(() => {})

    const request: ApiConnection['request'] = async request => {
      if (!alive) return await never()
      requests.push(request)
      if (request.method !== 'GET' && request.lane !== 'lease') writes.push(`${request.method} ${request.path}`)
      const answer = await (options.before?.(request) ?? api.request(request))
      options.after?.(request, process)
      return alive ? answer : await never()
    }
    const mortal: Clock = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      after: (ms, run) => clock.after(ms, () => void (alive && run())),
    }
    const environment = testEnvironment({
      api: { request, watch: (request, stop) => api.watch(request, stop) },
      random: seededRandom(processes.length + 1),
      expressions: options.expressions ?? inlineExpressions(),
    })
    const role = new Controller(
      { ...environment, clock: mortal },
      {
        namespace: options.namespace ?? system,
        identity,
        publicURL: options.publicURL ?? publicURL,
        ...(options.trigger && { trigger: options.trigger }),
        triggerPolicy: options.triggerPolicy ?? false,
        ...(options.seeing && { history: { seeing: options.seeing } }),
      },
    )
    const running = role.run(stop.signal)
    const process: Process = {
      ready: () => verdictOf(role.checks).passed,
      writes,
      requests,
      lines: environment.lines,
      metrics: () => environment.metrics.text(),
      crash: () => {
        alive = false
        stop.abort()
      },
      stop: async () => {
        stop.abort()
        if (!alive) return
        const stopped = new AbortController()
        void running.then(() => stopped.abort())
        for (let step = 0; !stopped.signal.aborted; step++) {
          if (step > 1000) throw new Error(`${identity} does not stop`)
          await clock.advance(stepMs)
        }
      },
    }
    processes.push(process)
    return process
  }
  return { start, processes }
}
