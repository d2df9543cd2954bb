import { Session, type Profiler } from 'node:inspector/promises'
import { fileURLToPath } from 'node:url'
import { relative } from 'node:path'
import { stringAt } from '../../src/api/json.ts'
import { connectInProcess } from '../../src/apiserver/connection.ts'
import { createApiServer } from '../../src/apiserver/server.ts'
import type { Environment } from '../../src/environment/environment.ts'
import { pinoLog } from '../../src/environment/log.ts'
import { promMetrics } from '../../src/environment/metrics.ts'
import { nodeClock, nodeRandom } from '../../src/environment/node.ts'
import { nodeOutbound } from '../../src/environment/outbound.ts'
import { wait } from '../../src/environment/wait.ts'
import { inlineExpressions } from '../../src/expressions/worker/inline.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { read, send } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import { sampleNamespace, samples, systemNamespace } from '../../src/playground/samples.ts'
import { startRoles, type Roles } from '../../src/roles.ts'

/** Which functions ran, and in which files. */
export interface Ran {
  readonly functions: number
  readonly files: readonly string[]
}

const host = '127.0.0.1'
const address = { host, port: 0 }

/** Counts the functions of `src` that one named post to a `scale` hook runs in a trigger, without those of the API server. */
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
  const post = async (name: string): Promise<void> => {
    const url = `http://${host}:${trigger.triggerPort}${pathname}`
    const answer = await fetch(url, { method: 'POST', headers: { 'idempotency-key': name } })
    if (!answer.ok) throw new Error(`a post was answered ${answer.status}: ${await answer.text()}`)
    await answer.text()
  }
  try {
    // The first posts open records and make what is kept for the next ones.
    for (const name of ['one', 'two', 'three']) await post(name)
    let fewest = await countedDuring(() => post('four'))
    // What else the process does meanwhile, such as proving that a watch is current, only adds to it.
    for (let round = 0; round < 20; round++) {
      const counted = await countedDuring(() => post(`round ${round}`))
      if (counted.all.functions < fewest.all.functions) fewest = counted
    }
    return fewest
  } finally {
    await trigger.stop()
  }
}

const urlOf = async ({ api }: Environment): Promise<string> => {
  for (;;) {
    const url = stringAt(await read(api, hooks, sampleNamespace, 'web-up'), 'status', 'triggerURL')
    if (url !== undefined) return url
    await wait(nodeClock, 10)
  }
}

const countedDuring = async (work: () => Promise<void>) => {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
  await session.post('Profiler.takePreciseCoverage')
  await work()
  const { result } = await session.post('Profiler.takePreciseCoverage')
  session.disconnect()
  const scripts = result.flatMap(ranIn)
  return { all: sum(scripts), withoutSenders: sum(scripts.filter(({ path }) => !path.startsWith('src/senders/'))) }
}

/** Counts the functions of a script that ran, of the product's own scripts alone. */
const ranIn = ({
  functions,
  url,
}: Profiler.ScriptCoverage): { readonly path: string; readonly functions: number }[] => {
  if (!url.startsWith('file:')) return []
  const path = relative(process.cwd(), fileURLToPath(url))
  if (!path.startsWith('src/') || path.startsWith('src/apiserver/')) return []
  const ran = functions.filter(({ ranges }) => (ranges[0]?.count ?? 0) > 0).length
  return ran === 0 ? [] : [{ path, functions: ran }]
}

const sum = (scripts: readonly { readonly path: string; readonly functions: number }[]): Ran => ({
  functions: scripts.reduce((total, { functions }) => total + functions, 0),
  files: scripts.map(({ path }) => path).toSorted(),
})
