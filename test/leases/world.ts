import type { AlertGroup, Delivery } from '../../src/api/delivery.ts'
import { at, parseJson, stringAt } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { parseContent, type StoredMemory } from '../../src/api/record.ts'
import { connectInProcess } from '../../apiserver/connection.ts'
import { createApiServer, type ApiServer, type ServerRequest } from '../../apiserver/server.ts'
import { crds } from '../../src/drivers/registry.ts'
import { knownKind } from '../../src/drivers/scale/scale.ts'
import type { ApiConnection, ApiRequest } from '../../src/environment/environment.ts'
import { LeaseKeeper } from '../../src/leases/leases.ts'
import type { LeasingHooks } from '../../src/leases/leasing-hook.ts'
import { Ledgers } from '../../src/record/ledgers.ts'
import { shownCount } from '../../src/record/count-name.ts'
import { moveWithin, takeBackWithin } from '../../src/steps/arithmetic.ts'
import { StepService } from '../../src/steps/service.ts'
import type { Step } from '../../src/steps/steps.ts'
import type { Target } from '../../src/steps/target/target.ts'
import { parseTarget, targetText } from '../../src/steps/target/text.ts'
import { fakeClock, type FakeClock } from '../support/clock.ts'
import { contextOf } from '../support/deliveries.ts'
import { testEnvironment } from '../support/environment.ts'
import { deployment } from '../support/objects.ts'
import { seededRandom } from '../support/random.ts'
import { deploymentTarget } from '../support/targets.ts'

const shop = '/namespaces/shop'
const deploymentsPath = `/apis/apps/v1${shop}/deployments`
const autoscalersPath = `/apis/autoscaling/v2${shop}/horizontalpodautoscalers`
const hooksPath = `/apis/${apiVersion}${shop}/receiverhooks`
const recordsPath = `/apis/${apiVersion}${shop}/receiverhookrecords`

/** What a post asks for, and what its hook says. */
export interface Letter {
  readonly hook?: string
  readonly target?: string
  /** Which count of the autoscaler `web` is changed. Undefined: that of a Deployment. */
  readonly count?: 'min' | 'max'
  /** The value at which the count of the Deployment is held. `true`: the CronJob `report` is suspended. */
  readonly holds?: 'true' | 'base' | '0' | '3'
  readonly by?: number
  readonly action?: 'up' | 'down'
  readonly min?: number
  readonly max?: number
  readonly overshoot?: 'clamp' | 'reject'
  /** In milliseconds. Undefined: for good. */
  readonly forMs?: number | undefined
  readonly endBefore?: number
  readonly undo?: boolean
  readonly cooldownMs?: number
  readonly dedupeWindowMs?: number
  readonly dryRun?: boolean
  readonly delivery?: Partial<Delivery>
}

/** Returns a report of a group of one alert. */
export const alert = (name: string, more: Partial<Delivery> = {}): Partial<Delivery> => {
  const group: AlertGroup = { key: `{alertname="${name}"}`, firing: [name], mixed: false }
  return { sender: 'alertmanager', phase: 'firing', identity: { key: `${name} fires` }, group, ...more }
}

/** Returns the end of an alert. */
export const over = (name: string): Partial<Delivery> =>
  alert(name, {
    phase: 'resolved',
    identity: { key: `${name} ends`, newsAt: 9 },
    group: { key: `{alertname="${name}"}`, firing: [], mixed: false },
  })

/** Returns a count of the autoscaler `web`. */
const autoscalerTarget = (count: 'min' | 'max'): Target => {
  const known = knownKind({ apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', count })
  if (!known) throw new Error('the kind is not known')
  return { ...known, namespace: 'shop', name: 'web' }
}

/** Returns the count that a letter changes. */
const targetOf = ({ count, holds, target: name = 'web' }: Letter): Target => {
  if (count !== undefined) return autoscalerTarget(count)
  if (holds === undefined) return deploymentTarget(name)
  const text = holds === 'true' ? 'batch/v1/cronjobs/CronJob/report spec.suspend=true' : undefined
  const target = parseTarget(text ?? `${targetText(deploymentTarget(name))} spec.replicas=${holds}`, 'shop')
  if (!target) throw new Error('nothing there can be held')
  return target
}

/** What all processes of a world share. */
interface Shared {
  readonly clock: FakeClock
  readonly server: ApiServer
  readonly requests: string[]
  /** The Deployments whose counts a policy refuses. */
  readonly refusing: Set<string>
  /** The Deployments that nobody may read any more. */
  readonly unreadable: Set<string>
  /** The Deployments of which each second read fails. */
  readonly flickering: Set<string>
  /** What each request waits for. */
  readonly gate: { before?: (request: ApiRequest) => Promise<void> }
  /** Whether nothing may be changed. */
  readonly isStopped: () => boolean
  readonly uidOf: (hook: string) => string | undefined
}

/** A process that posts and ends leases. */
class Process {
  readonly #shared: Shared
  readonly #stop = new AbortController()
  readonly #ledgers: Ledgers
  readonly #steps: StepService
  readonly #endBefore = new Map<string, number>()
  readonly #endsWithHook = new Set<string>()
  readonly #autoscaled = new Map<string, string>()
  #isDead = false

  constructor(shared: Shared, number: number) {
    this.#shared = shared
    const environment = testEnvironment({ api: this.#api(), clock: shared.clock, random: seededRandom(number) })
    this.#ledgers = new Ledgers(environment)
    this.#steps = new StepService(environment)
    const parts = { hooks: this.#hooks(), ledgers: this.#ledgers, steps: this.#steps, charge: () => {} }
    void this.#ledgers.run(this.#stop.signal)
    void new LeaseKeeper(environment, [], parts).run(this.#stop.signal)
  }

  post(letter: Letter = {}): Promise<Step> {
    const { action = 'up', by = 2, max = 10, min = 1, overshoot = 'clamp', hook: name = 'web-up' } = letter
    const { undo = false } = letter
    const target = targetOf(letter)
    const delivery: Delivery = { sender: 'plain', phase: 'none', ...letter.delivery }
    const hook = { namespace: 'shop', name, uid: this.#shared.uidOf(name) ?? '' }
    const { endBefore, forMs } = letter
    const context = contextOf({
      hook,
      delivery,
      leasing:
        forMs === undefined
          ? undefined
          : { forMs, endBefore, aim: shownCount(targetText(target)), endsWithHook: this.#endsWithHook.has(name) },
      undo,
      cooldownMs: letter.cooldownMs ?? 0,
      dedupeWindowMs: letter.dedupeWindowMs ?? 40_000,
      dryRun: letter.dryRun ?? false,
      deadline: this.#shared.clock.monotonic() + 4000,
      ledger: () => this.#ledgers.of(hook),
    })
    const step = this.#steps.of(context)
    const bounds = { min, max }
    return undo && delivery.phase === 'resolved'
      ? step(target, takeBackWithin(bounds))
      : step(target, moveWithin({ action, by: { count: by }, overshoot, ...bounds }), bounds)
  }

  /** Sets the hook's `endBefore`, as this process knows it. */
  endBefore(ms: number, hook = 'web-up'): void {
    this.#endBefore.set(hook, ms)
  }

  /** Sets the hook's `onDelete`, as this process knows it. */
  onDelete(says: 'end' | 'keep', hook = 'web-up'): void {
    if (says === 'end') this.#endsWithHook.add(hook)
    else this.#endsWithHook.delete(hook)
  }

  /** Sets the count of the hook that an autoscaler has, as this process knows it. */
  autoscaled(count: string, hook: string): void {
    this.#autoscaled.set(hook, count)
  }

  die(): void {
    this.#isDead = true
    this.#stop.abort()
  }

  #api(): ApiConnection {
    const { flickering, gate, refusing, requests, server, unreadable } = this.#shared
    let reads = 0
    const inner = connectInProcess(server)
    const never = new Promise<never>(() => {})
    return {
      request: async request => {
        if (this.#isDead) return await never
        requests.push(`${request.method} ${request.path}`)
        await gate.before?.(request)
        if ([...refusing].some(name => isWriteOf(request, name))) {
          const body = JSON.stringify({ kind: 'Status', message: 'a policy is against it' })
          return { status: 403, headers: {}, body }
        }
        if ([...unreadable].some(name => isReadOf(request, name))) {
          return { status: 403, headers: {}, body: JSON.stringify({ kind: 'Status', message: 'may not get it' }) }
        }
        if ([...flickering].some(name => isReadOf(request, name)) && ++reads % 2 === 0) {
          return { status: 503, headers: {}, body: JSON.stringify({ kind: 'Status', message: 'not now' }) }
        }
        const response = await inner.request(request)
        return this.#isDead ? await never : response
      },
      watch: (request, ended) => {
        requests.push(`WATCH ${request.path}`)
        return inner.watch(request, AbortSignal.any([ended, this.#stop.signal]))
      },
    }
  }

  #hooks(): LeasingHooks {
    const isAlive = (name: string, uid: string): boolean => !this.#isDead && this.#shared.uidOf(name) === uid
    const said = (name: string) => ({
      endBefore: this.#endBefore.get(name),
      endsWithHook: this.#endsWithHook.has(name),
    })
    return {
      known: ({ name, uid }) => (this.#shared.uidOf(name) === uid ? said(name) : undefined),
      isReplaced: ({ name, uid }) => (this.#shared.uidOf(name) ?? uid) !== uid,
      find: ({ name, uid }) => {
        const hook = {
          isCurrent: () => isAlive(name, uid),
          ...said(name),
          account: undefined,
          autoscaled: this.#autoscaled.get(name),
        }
        if (this.#shared.isStopped()) return Promise.resolve({ found: 'stopped' })
        const isGone = !isAlive(name, uid)
        if (!isGone) return Promise.resolve({ found: 'hook', hook })
        const isReplaced = this.#shared.uidOf(name) !== undefined
        return Promise.resolve({ found: 'gone', isCurrent: () => !this.#isDead, isReplaced })
      },
    }
  }
}

const isWriteOf = ({ method, path }: ApiRequest, name: string): boolean =>
  method === 'PATCH' && path.includes(`/deployments/${name}/scale`)

const isReadOf = ({ method, path }: ApiRequest, name: string): boolean =>
  method === 'GET' && path === `${deploymentsPath}/${name}`

/** An API server in fake time, with the Deployments web and api, and the processes that a test starts. */
class World {
  readonly clock = fakeClock()
  readonly requests: string[] = []
  readonly refusing = new Set<string>()
  readonly unreadable = new Set<string>()
  readonly flickering = new Set<string>()
  readonly gate: Shared['gate'] = {}
  isStopped = false
  readonly #server = createApiServer({
    clock: this.clock,
    random: seededRandom(99),
    historyMs: 300_000,
    rules: () => () => true,
  })
  #started = 0

  constructor(replicas: number) {
    for (const crd of crds) this.#ask('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd)
    this.#ask('POST', '/api/v1/namespaces', { metadata: { name: 'shop' } })
    for (const name of ['web', 'api']) this.makeTarget(name, replicas)
  }

  start(): Process {
    const { clock, flickering, refusing, requests, unreadable } = this
    const uidOf = (hook: string): string | undefined => stringAt(this.#get(`${hooksPath}/${hook}`), 'metadata', 'uid')
    const isStopped = (): boolean => this.isStopped
    return new Process(
      { clock, flickering, gate: this.gate, isStopped, refusing, requests, uidOf, unreadable, server: this.#server },
      ++this.#started,
    )
  }

  /** Posts, and lets the time pass that this takes. The hook is made if there is none. */
  async posted(process: Process, letter: Letter = {}): Promise<Step> {
    const spec = { driver: 'scale', scale: { target: { name: 'web' }, action: 'up', max: 10 } }
    this.#ask('POST', hooksPath, { apiVersion, kind: hookKind, metadata: { name: letter.hook ?? 'web-up' }, spec })
    const step = process.post(letter)
    await this.clock.advance(50)
    return await step
  }

  replicas(name = 'web'): number {
    return Number(at(this.#get(`${deploymentsPath}/${name}`), 'spec', 'replicas'))
  }

  /** Sets a count as a person does. */
  scale(count: number, name = 'web'): void {
    const path = `${deploymentsPath}/${name}/scale`
    this.#ask('PATCH', path, { spec: { replicas: count } }, { query: { fieldManager: 'kubectl' } })
  }

  /** Applies the count of `web` that is there, as Git does. */
  applyCount(): void {
    const body = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
      spec: { replicas: this.replicas() },
    }
    this.#ask('PATCH', `${deploymentsPath}/web`, body, {
      contentType: 'application/apply-patch+yaml',
      query: { fieldManager: 'git', force: 'true' },
    })
  }

  /** Returns the value at which hooks hold the count of `web` now. Undefined if it is as others have it. */
  heldAt(): unknown {
    const holds = stringAt(this.#get(`${deploymentsPath}/web`), 'metadata', 'annotations', 'receiverhooks.dev/holds')
    return at(parseJson(holds ?? '{}'), 'spec.replicas', 'at')
  }

  makeCronJob(): void {
    const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'report', image: 'report' }] } }
    const spec = { schedule: '0 3 * * *', jobTemplate: { spec: { template } } }
    this.#ask('POST', `/apis/batch/v1${shop}/cronjobs`, { metadata: { name: 'report' }, spec })
  }

  suspended(): unknown {
    return at(this.#get(`/apis/batch/v1${shop}/cronjobs/report`), 'spec', 'suspend')
  }

  /** Suspends or resumes the CronJob as a person does. */
  suspend(suspend: boolean): void {
    this.#ask(
      'PATCH',
      `/apis/batch/v1${shop}/cronjobs/report`,
      { spec: { suspend } },
      { query: { fieldManager: 'kubectl' } },
    )
  }

  makeAutoscaler(minReplicas: number, maxReplicas: number): void {
    const spec = {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      minReplicas,
      maxReplicas,
    }
    this.#ask('POST', autoscalersPath, { metadata: { name: 'web' }, spec })
  }

  /** Returns the minimum and the maximum of the autoscaler. */
  bounds(): readonly [min: unknown, max: unknown] {
    const spec = at(this.#get(`${autoscalersPath}/web`), 'spec')
    return [at(spec, 'minReplicas'), at(spec, 'maxReplicas')]
  }

  /** Sets members of the autoscaler as a person does. */
  setBounds(spec: object): void {
    this.#ask('PATCH', `${autoscalersPath}/web`, { spec }, { query: { fieldManager: 'kubectl' } })
  }

  /** Deletes a hook. `isCollected`: the garbage collector deletes its record then. */
  remove(hook: string, isCollected = true): void {
    const query = { propagationPolicy: isCollected ? 'Background' : 'Orphan' }
    this.#ask('DELETE', `${hooksPath}/${hook}`, undefined, { query })
  }

  removeTarget(name: string): void {
    this.#ask('DELETE', `${deploymentsPath}/${name}`)
  }

  makeTarget(name: string, count: number): void {
    this.#ask('POST', deploymentsPath, deployment(name, count))
  }

  /** Gives a Deployment an owner that controls it. */
  ownTarget(name: string): void {
    const owner = { apiVersion: 'example.com/v1', kind: 'App', name: 'app', uid: 'app', controller: true }
    this.#ask('PATCH', `${deploymentsPath}/${name}`, { metadata: { ownerReferences: [owner] } })
  }

  record(hook = 'web-up'): unknown {
    return this.#get(`${recordsPath}/${hook}`)
  }

  /** Lets a newer version of the program write the record of `web-up`. */
  writeNewer(): void {
    const record = this.record()
    const content = stringAt(record, 'content') ?? ''
    const newer = content.replace(/"format":\d+/, '"format":99')
    this.#ask('PATCH', `${recordsPath}/web-up`, { content: newer })
  }

  memory(hook = 'web-up'): StoredMemory | undefined {
    const parsed = parseContent(stringAt(this.record(hook), 'content'))
    return parsed.content === 'known' ? parsed.memory : undefined
  }

  #get(path: string): unknown {
    return parseJson(this.#ask('GET', path).body)
  }

  #ask(method: string, path: string, body?: object, extra: Partial<ServerRequest> = {}) {
    return this.#server.handle({
      method,
      path,
      contentType: method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
      userAgent: 'outside',
      ...(body && { body: JSON.stringify(body) }),
      ...extra,
    })
  }
}

/** Returns a world in which each target begins with this count. */
export const world = (replicas = 4): World => new World(replicas)
