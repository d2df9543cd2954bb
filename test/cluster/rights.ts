import { onTestFinished } from 'vitest'
import { scalableKinds } from '../../src/kube/resources.ts'
import type { ApiConnection, WatchLine } from '../../src/environment/environment.ts'
import { pinoLog } from '../../src/environment/log.ts'
import { promMetrics } from '../../src/environment/metrics.ts'
import { nodeClock, nodeRandom } from '../../src/environment/node.ts'
import { WatchRefused } from '../../src/environment/unreachable.ts'
import type { ResourceType } from '../../src/kube/paths.ts'
import { startRoles } from '../../src/roles.ts'
import { noExpressions, noOutbound } from '../support/environment.ts'
import { cluster, until, type Cluster } from '../support/product.ts'
import {
  installation,
  rightsOfAuth,
  rightsOfBase,
  rightsToSecrets,
  titleOf,
  type Account,
  type Installation,
  type Right,
} from './installation.ts'
import {
  controllerProbes,
  secretsProbes,
  steps,
  stepsWithOthers,
  stepsInDoubt,
  stepsWithAuth,
  triggerProbes,
  validates,
  validatesAuth,
  type Probe,
  type Trial,
} from './probes.ts'

/** How long something that cannot happen is waited for, after the API server has refused what it would take. */
const graceMs = 500

/**
 * How long an expected event may take on a busy machine, in milliseconds. Two Events of one series
 * are 10 s apart.
 */
const timeoutMs = 60_000

/** Returns what the API server has refused: `trigger: patch deployments/scale`. */
const refusalIn = (said: string): string =>
  /receiver-hooks-(\w+)\W+cannot (\w+) resource \W+([\w/]+)/.exec(said)?.slice(1, 4).join(' ').replace(' ', ': ') ??
  said

/** Returns a connection that takes note of requests, and of those that the API server says are not allowed. */
const watched = (api: ApiConnection, requests: string[], refused: (what: string) => void): ApiConnection => ({
  request: async request => {
    requests.push(`${request.method} ${request.path}`)
    const answer = await api.request(request)
    if (answer.status === 403) refused(refusalIn(answer.body))
    return answer
  },
  watch: (request, stop) => {
    const opened = api.watch(request, stop)
    const lines = async function* (): AsyncGenerator<WatchLine> {
      try {
        yield* opened
      } catch (error) {
        if (error instanceof WatchRefused && error.status === 403) refused(refusalIn(error.message))
        throw error
      }
    }
    // A request over the connection of the watch is still possible.
    const ask: typeof opened.ask = async request => {
      const answer = await opened.ask(request)
      if (answer?.status === 403) refused(refusalIn(answer.body))
      return answer
    }
    return { ask, [Symbol.asyncIterator]: lines }
  },
})

const startAs =
  (here: Cluster, { as }: Installation, refused: (what: string) => void): Trial['start'] =>
  async (account, through = api => api) => {
    const requests: string[] = []
    const environment = {
      api: through(watched(as[account], requests, refused)),
      clock: nodeClock,
      random: nodeRandom,
      expressions: noExpressions,
      outbound: noOutbound,
      log: pinoLog({ level: 'error', clock: nodeClock, write: () => undefined }),
      metrics: promMetrics(),
    }
    const address = { host: '127.0.0.1', port: 0 }
    const running = await startRoles(environment, {
      controller: account === 'controller',
      trigger: account === 'trigger',
      namespace: here.systemNamespace,
      // A controller would mint for the hooks of other tests as well. A trigger would end their leases, and read keys for that.
      watchNamespaces: [here.namespace],
      ...(account === 'controller' && {
        triggerAccount: { namespace: here.systemNamespace, name: 'receiver-hooks-trigger' },
      }),
      identity: account,
      publicURL: () => 'http://trigger.example.com',
      triggerAddress: address,
      operationsAddress: address,
      shutdownDelayMs: 0,
    })
    let stopped: Promise<void> | undefined
    const stop = (): Promise<void> => (stopped ??= running.stop())
    onTestFinished(stop)
    const report = async (): Promise<string> =>
      await (await fetch(`http://127.0.0.1:${running.operationsPort}/readyz?verbose`)).text()
    return { port: running.triggerPort ?? 0, ready: () => running.ready(), report, requests, stop }
  }

/** Returns whether the probe finds what it looks for, and what was refused meanwhile, where these are all rights. */
export const tryOut = async (
  probe: Probe,
  rights: readonly Right[],
): Promise<{ works: boolean; refused: readonly string[] }> => {
  const here = await cluster()
  const refused = new Set<string>()
  let refusedAt: number | undefined
  const start = startAs(here, await installation(here, rights), what => {
    refused.add(what)
    refusedAt ??= nodeClock.monotonic()
  })
  const happens: Trial['happens'] = async condition => {
    const asked = nodeClock.monotonic()
    const tooLate = (): boolean =>
      refusedAt !== undefined && nodeClock.monotonic() - Math.max(asked, refusedAt) > graceMs
    const seen = await until(
      async () => ({ late: tooLate(), happened: await condition() }),
      ({ happened, late }) => happened || late,
      timeoutMs,
    )
    return seen.happened
  }
  return { works: await probe({ ...here, start, happens }), refused: [...refused] }
}

/** What the product does, and every right without which it does not. */
export interface Row {
  readonly does: string
  readonly probe: Probe
  /** All rights that the service accounts have. */
  readonly held: readonly Right[]
  readonly needs: readonly Right[]
}

const base = rightsOfBase()
const withSecrets = [...base, ...rightsToSecrets()]
const withAuth = [...base, ...rightsOfAuth()]

/** Every right that is given, the optional ones among them. */
export const allRights: readonly Right[] = [...withSecrets, ...rightsOfAuth()]

/** Returns the rights of an account, in words such as `patch deployments/scale`. */
const rightsOf = (account: Account, words: readonly string[], among = base): readonly Right[] =>
  words.map(word => {
    const found = among.find(right => titleOf(right) === `${account}: ${word}`)
    if (!found) throw new Error(`the ${account} has no right to ${word}`)
    return found
  })

const needsOfController: Readonly<Record<keyof typeof controllerProbes, readonly string[]>> = {
  'a hook gets its URL': [
    ...['list receiverhooks', 'watch receiverhooks', 'patch receiverhooks/status'],
    ...['get secrets', 'list secrets', 'create secrets'],
    ...['get configmaps', 'list configmaps', 'create configmaps'],
    ...['get leases', 'create leases'],
  ],
  'an autoscaler is noticed': ['list horizontalpodautoscalers', 'watch horizontalpodautoscalers'],
  'a hook says what its trigger may not do': ['create localsubjectaccessreviews'],
  'a hook says that its account is not there': ['get serviceaccounts'],
  'signing keys that were deleted are made again': ['watch secrets'],
  'public keys that were deleted come back': ['watch configmaps'],
  'the public keys follow the signing keys': ['update configmaps'],
  'the lease is given up at the end': ['update leases'],
  'an Event reports new signing keys': ['create events'],
  'an Event that repeats is counted': ['patch events'],
  'caches of a lost history are noticed by a controller': ['list leases'],
  'the status shows deliveries': ['list receiverhookrecords', 'watch receiverhookrecords'],
}

const needsOfTrigger: Readonly<Record<keyof typeof triggerProbes, readonly string[]>> = {
  'it is ready': ['list receiverhooks', 'list configmaps'],
  'a post reads nothing but its target': ['watch receiverhooks', 'watch configmaps'],
  'the URL of a deleted hook answers 410': ['get receiverhooks'],
  'a named post is executed once': ['get receiverhookrecords', 'create receiverhookrecords'],
  'another named post is executed too': ['update receiverhookrecords'],
  'the pages of a record that were joined into another go': ['delete receiverhookrecords'],
  'a step that is for a second ends by itself': ['list receiverhookrecords', 'watch receiverhookrecords'],
  'a URL of unknown keys answers 404': ['get configmaps'],
  'a restored etcd is noticed': ['get leases'],
  'caches of a lost history are noticed by a trigger': ['list leases'],
}

const needsOfSecrets: Readonly<Record<keyof typeof secretsProbes, readonly string[]>> = {
  'a URL is put into a Secret': ['list secrets', 'create secrets'],
  'a new URL is put into the Secret': ['update secrets'],
  'the Secret of a former name goes': ['delete secrets'],
}

const rowsOf = <Does extends string>(
  probes: Readonly<Record<Does, Probe>>,
  needs: Readonly<Record<Does, readonly string[]>>,
  rights: (words: readonly string[]) => readonly Right[],
  held = base,
): readonly Row[] => {
  const names = Object.keys(probes).filter((name): name is Does => name in probes)
  return names.map(does => ({ does, probe: probes[does], held, needs: rights(needs[does]) }))
}

const rowsOfKind = (type: ResourceType): readonly Row[] => {
  const { kind, resource } = type
  const row = (does: string, probe: Probe, account: Account, ...words: string[]): Row => ({
    does,
    probe,
    held: base,
    needs: rightsOf(account, words),
  })
  return [
    row(`a hook on a ${kind} is Ready`, validates(type), 'controller', `get ${resource}`),
    row(`a post scales a ${kind}`, steps(type), 'trigger', `get ${resource}`, `patch ${resource}/scale`),
    row(`a post scales a ${kind} when its answer is lost`, stepsInDoubt(type), 'trigger', `list ${resource}`),
    row(`a ${kind} that others write is not read first`, stepsWithOthers(type), 'trigger', `watch ${resource}`),
  ]
}

const rowOfAuth = (does: string, probe: Probe, account: Account): Row => ({
  does,
  probe,
  held: withAuth,
  needs: rightsOf(account, ['get secrets'], rightsOfAuth()),
})

/** All that the product does, and takes rights for. */
export const rows: readonly Row[] = [
  ...rowsOf(controllerProbes, needsOfController, words => rightsOf('controller', words)),
  ...rowsOf(triggerProbes, needsOfTrigger, words => rightsOf('trigger', words)),
  ...rowsOf(secretsProbes, needsOfSecrets, words => rightsOf('controller', words, rightsToSecrets()), withSecrets),
  rowOfAuth('a hook with auth is Ready', validatesAuth, 'controller'),
  rowOfAuth('a post that proves what auth asks for is executed', stepsWithAuth, 'trigger'),
  ...scalableKinds.flatMap(rowsOfKind),
]
