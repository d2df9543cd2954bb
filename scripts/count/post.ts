import { readFileSync } from 'node:fs'
import { Session, type Profiler } from 'node:inspector/promises'
import { fileURLToPath } from 'node:url'
import { relative } from 'node:path'
import { notification } from '../../bench/load/notification.ts'
import { at, stringAt } from '../../src/api/json.ts'
import { connectInProcess } from '../../apiserver/connection.ts'
import { createApiServer } from '../../apiserver/server.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import type { Environment } from '../../src/environment/environment.ts'
import { pinoLog } from '../../src/environment/log.ts'
import { promMetrics } from '../../src/environment/metrics.ts'
import { nodeClock, nodeRandom } from '../../src/environment/node.ts'
import { nodeOutbound } from '../../src/environment/outbound.ts'
import { rfc3339Micro } from '../../src/environment/time.ts'
import { wait } from '../../src/environment/wait.ts'
import { inlineExpressions } from '../../test/support/inline-expressions.ts'
import { collectionPath, objectPath } from '../../src/kube/paths.ts'
import { read, send } from '../../src/kube/requests.ts'
import { hooks, leases } from '../../src/kube/resources.ts'
import { sampleNamespace, samples, systemNamespace } from '../../apiserver/playground/samples.ts'
import { controllerLease } from '../../src/token/published.ts'
import { startRoles, type Roles } from '../../src/roles.ts'

/** Which functions ran, and in which files. */
export interface Ran {
  readonly functions: readonly RanFunction[]
  readonly files: readonly string[]
}

export interface RanFunction {
  readonly path: string
  readonly line: number
  readonly column: number
  /** The first line of its text. Many functions have no name. */
  readonly text: string
  readonly calls: number
}

const host = '127.0.0.1'
const address = { host, port: 0 }

/**
 * How many posts are counted. What else the process does meanwhile, such as proving that a watch is current, adds
 * functions to some of them. And V8 may forget a function that has run.
 */
const rounds = 11
const warmingUp = 4

/** What is counted: nine posts, each to a hook of its own, and a reconcile. */
interface Counted {
  readonly name: string
  readonly spec: object
  /** Returns the body of a post. Each alert and each image is one that was never posted before. */
  readonly body?: (round: number) => string
  /** The query of the counted post. */
  readonly query?: string
  /** A post that is made before each counted one, and is not counted. Returns its body. */
  readonly before?: (round: number) => string
}

const scaled = (others: object = {}): object => ({
  driver: 'scale',
  scale: { target: { name: 'web' }, action: 'up', max: 1000 },
  ...others,
})
const pushed = { driver: 'redeploy', redeploy: { target: { name: 'web' }, image: 'nginx', tags: { glob: '*' } } }
const asJson = (round: number): string => JSON.stringify({ round })

const posts: readonly Counted[] = [
  { name: 'plain', spec: scaled() },
  { name: 'alert', spec: scaled(), body: () => notification() },
  { name: 'when', spec: scaled({ when: 'body.round >= 0' }), body: asJson },
  { name: 'limits', spec: scaled({ limits: [{ most: 1000, within: '1h' }] }) },
  {
    name: 'undo',
    spec: scaled({ onResolved: 'undo' }),
    before: round => notification('firing', `undone-${round}`),
    body: round => notification('resolved', `undone-${round}`),
  },
  { name: 'lease', spec: scaled({ for: '1h' }) },
  { name: 'redeploy', spec: pushed, body: round => JSON.stringify({ image: `nginx:1.${round}` }) },
  { name: 'dry run', spec: scaled(), query: '?dryRun=true' },
  { name: 'copy', spec: scaled(), before: asJson, body: asJson },
]

/** Counts the functions that each of nine posts runs in a trigger, and a reconcile in a controller. Those of the API server are left out. */
export const ranByAll = async (): Promise<ReadonlyMap<string, Ran>> => {
  const environment: Environment = {
    api: connectInProcess(createApiServer({ clock: nodeClock, random: nodeRandom })),
    clock: nodeClock,
    expressions: inlineExpressions(),
    log: pinoLog({ level: 'info', clock: nodeClock, write: () => {} }),
    metrics: promMetrics({ process: false }),
    outbound: nodeOutbound,
    random: nodeRandom,
  }
  const { api } = environment
  for (const [path, object] of samples) await send(api, { method: 'POST', path, body: JSON.stringify(object) })
  for (const { name, spec } of posts) {
    const hook = { apiVersion, kind: hookKind, metadata: { name: hookNameOf(name), namespace: sampleNamespace }, spec }
    await send(api, { method: 'POST', path: collectionPath(hooks, sampleNamespace), body: JSON.stringify(hook) })
  }
  const start = (role: { readonly controller: boolean; readonly trigger: boolean }): Promise<Roles> =>
    startRoles(environment, {
      ...role,
      namespace: systemNamespace,
      identity: 'count',
      publicURL: () => `http://${host}`,
      triggerAddress: address,
      operationsAddress: address,
      shutdownDelayMs: 0,
    })

  const found = new Map<string, Ran>()
  const controller = await start({ controller: true, trigger: false })
  const paths = new Map<string, string>()
  for (const { name } of posts) paths.set(name, new URL(await urlOf(environment, hookNameOf(name))).pathname)
  found.set('reconcile', await ranBy(round => reconciled(environment, round)))
  await controller.stop()
  const trigger = await start({ controller: false, trigger: true })
  try {
    while (!trigger.ready()) await wait(nodeClock, 10)
    await renewLease(environment)
    for (const { before, body, name, query = '' } of posts) {
      const url = `http://${host}:${trigger.triggerPort}${paths.get(name)}`
      const prepare = before && ((round: number): Promise<void> => post(url, before(round)))
      found.set(name, await ranBy(round => post(`${url}${query}`, body?.(round)), prepare))
    }
  } finally {
    await trigger.stop()
  }
  return found
}

const hookNameOf = (name: string): string => `count-${name.replace(' ', '-')}`

const post = async (url: string, body: string | undefined): Promise<void> => {
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(url, { method: 'POST', ...(body !== undefined && { headers, body }) })
  if (!answer.ok) throw new Error(`a post was answered ${answer.status}: ${await answer.text()}`)
  await answer.text()
}

/** Edits a hook, and waits until its status says that it was reconciled. */
const reconciled = async ({ api }: Environment, round: number): Promise<void> => {
  const path = objectPath(hooks, sampleNamespace, hookNameOf('plain'))
  const body = JSON.stringify({ spec: { scale: { by: 1 + (round % 2) } } })
  const edited = await send(api, { method: 'PATCH', path, contentType: 'application/merge-patch+json', body })
  for (;;) {
    const hook = await read(api, hooks, sampleNamespace, hookNameOf('plain'))
    if (at(hook, 'status', 'observedGeneration') === at(edited, 'metadata', 'generation')) return
    await wait(nodeClock, 10)
  }
}

/** Returns what a kind of work runs in most rounds. The first rounds make what is kept for the next ones. */
const ranBy = async (
  work: (round: number) => Promise<void>,
  prepare: (round: number) => Promise<void> = () => Promise.resolve(),
): Promise<Ran> => {
  const all: RanFunction[][] = []
  for (let round = 0; round < rounds + warmingUp; round++) {
    await prepare(round)
    const ran = await ranDuring(() => work(round))
    if (round >= warmingUp) all.push(ran)
  }
  return ranOf(inMost(all).filter(({ path }) => !path.startsWith('src/senders/')))
}

/**
 * Writes the controller's Lease for some seconds, as a controller does. Before the trigger has seen
 * such writes, it reads hooks live.
 */
const renewLease = async ({ api, clock }: Environment): Promise<void> => {
  const path = objectPath(leases, systemNamespace, controllerLease)
  for (let times = 0; times < 6; times++) {
    const body = JSON.stringify({ spec: { renewTime: rfc3339Micro(clock.now()) } })
    await send(api, { method: 'PATCH', path, contentType: 'application/merge-patch+json', body })
    await wait(clock, 500)
  }
}

const urlOf = async ({ api }: Environment, name: string): Promise<string> => {
  for (;;) {
    const url = stringAt(await read(api, hooks, sampleNamespace, name), 'status', 'triggerURL')
    if (url !== undefined) return url
    await wait(nodeClock, 10)
  }
}

/** Returns the functions that ran in more than half of the rounds, each as in its last round. */
const inMost = (all: readonly (readonly RanFunction[])[]): readonly RanFunction[] => {
  const places = new Map<string, { readonly ran: RanFunction; readonly times: number }>()
  for (const ran of all.flat()) {
    const place = `${ran.path}:${ran.line}:${ran.column}`
    places.set(place, { ran, times: (places.get(place)?.times ?? 0) + 1 })
  }
  return [...places.values()].filter(({ times }) => times > all.length / 2).map(({ ran }) => ran)
}

const ranDuring = async (work: () => Promise<void>): Promise<RanFunction[]> => {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
  await session.post('Profiler.takePreciseCoverage')
  await work()
  const { result } = await session.post('Profiler.takePreciseCoverage')
  session.disconnect()
  return result.flatMap(ranIn)
}

/** Returns the functions of a script that ran, of the product's own scripts alone. */
const ranIn = ({ functions, url }: Profiler.ScriptCoverage): readonly RanFunction[] => {
  if (!url.startsWith('file:')) return []
  const path = relative(process.cwd(), fileURLToPath(url))
  if (!path.startsWith('src/')) return []
  // Node removes the types of a script without moving what is left of it.
  const source = readFileSync(path, 'utf8')
  return functions.flatMap(({ ranges: [range] }) => {
    if (range === undefined || range.count === 0) return []
    const before = source.slice(0, range.startOffset)
    const lineStart = before.lastIndexOf('\n') + 1
    const text = source.slice(lineStart).split('\n', 1).join('').trim()
    const column = range.startOffset - lineStart
    return [{ path, line: before.split('\n').length, column, text, calls: range.count }]
  })
}

const ranOf = (functions: readonly RanFunction[]): Ran => ({
  functions,
  files: [...new Set(functions.map(({ path }) => path))].toSorted(),
})
