import { readFileSync } from 'node:fs'
import { Session, type Profiler } from 'node:inspector/promises'
import { fileURLToPath } from 'node:url'
import { relative } from 'node:path'
import { notification } from '../../bench/load/notification.ts'
import { stringAt } from '../../src/api/json.ts'
import { connectInProcess } from '../../src/apiserver/connection.ts'
import { createApiServer } from '../../src/apiserver/server.ts'
import type { Environment } from '../../src/environment/environment.ts'
import { pinoLog } from '../../src/environment/log.ts'
import { promMetrics } from '../../src/environment/metrics.ts'
import { nodeClock, nodeRandom } from '../../src/environment/node.ts'
import { nodeOutbound } from '../../src/environment/outbound.ts'
import { rfc3339Micro } from '../../src/environment/time.ts'
import { wait } from '../../src/environment/wait.ts'
import { inlineExpressions } from '../../src/expressions/worker/inline.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { read, send } from '../../src/kube/requests.ts'
import { hooks, leases } from '../../src/kube/resources.ts'
import { sampleNamespace, samples, systemNamespace } from '../../src/playground/samples.ts'
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
const rounds = 21

/** Counts the functions of `src` that one notification of Alertmanager to a `scale` hook runs in a trigger, without those of the API server. */
export const ranByPost = async (): Promise<{ readonly all: Ran; readonly withoutSenders: Ran }> => {
  const api = connectInProcess(createApiServer({ clock: nodeClock, random: nodeRandom }))
  const environment: Environment = {
    api,
    clock: nodeClock,
    expressions: inlineExpressions(),
    log: pinoLog({ level: 'info', clock: nodeClock, write: () => {} }),
    metrics: promMetrics({ process: false }),
    outbound: nodeOutbound,
    random: nodeRandom,
  }
  for (const [path, object] of samples) await send(api, { method: 'POST', path, body: JSON.stringify(object) })
  const path = objectPath(hooks, sampleNamespace, 'web-up')
  const farBound = JSON.stringify({ spec: { scale: { max: 1000 } } })
  await send(api, { method: 'PATCH', path, contentType: 'application/merge-patch+json', body: farBound })
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

  const controller = await start({ controller: true, trigger: false })
  const { pathname } = new URL(await urlOf(environment))
  await controller.stop()
  const trigger = await start({ controller: false, trigger: true })
  while (!trigger.ready()) await wait(nodeClock, 10)
  /** Posts a notification of an alert that has never fired before. */
  const post = async (): Promise<void> => {
    const url = `http://${host}:${trigger.triggerPort}${pathname}`
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: notification(),
    })
    if (!answer.ok) throw new Error(`a post was answered ${answer.status}: ${await answer.text()}`)
    await answer.text()
  }
  try {
    await renewLease(environment)
    // The first posts open records and make what is kept for the next ones.
    for (let count = 0; count < 3; count++) await post()
    const all: RanFunction[][] = []
    for (let round = 0; round < rounds; round++) all.push(await ranDuring(post))
    const usual = inMost(all)
    return { all: ranOf(usual), withoutSenders: ranOf(usual.filter(({ path }) => !path.startsWith('src/senders/'))) }
  } finally {
    await trigger.stop()
  }
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

const urlOf = async ({ api }: Environment): Promise<string> => {
  for (;;) {
    const url = stringAt(await read(api, hooks, sampleNamespace, 'web-up'), 'status', 'triggerURL')
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
  if (!path.startsWith('src/') || path.startsWith('src/apiserver/')) return []
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
