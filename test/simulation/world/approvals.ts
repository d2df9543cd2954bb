import { at, isObject, parseJson, stringAt, listAt } from '../../../src/api/json.ts'
import { apiVersion, hookKind, requestKind, requestPlural } from '../../../src/api/names.ts'
import { isStoredObject, type StoredObject } from '../../../src/api/object.ts'
import { isDone } from '../../../src/api/run-request.ts'
import { parseTime } from '../../../src/environment/time.ts'
import { deployment } from '../../support/objects.ts'
import type { Rng } from '../seed.ts'
import type { SimulatedServer } from '../server.ts'
import { wallClock, type Simulation } from '../simulation.ts'
import type { Actor } from './actor.ts'
import { deploymentsPath, hooksPath, shop } from './paths.ts'

/** The Deployment whose count changes only as somebody approves, or by a hook that asks nobody. No other hook is aimed at it. */
export const gated = 'gated'

/** Two hooks have `approval`, and one that goes up has none. */
const asking = ['ask-up', 'ask-down'] as const
export const freely = 'ask-nobody'
export const namesOfApprovals: readonly string[] = [...asking, freely]

export const isAsking = (hook: string): boolean => asking.some(name => name === hook)

const gatedPath = `${deploymentsPath}/${gated}`
const requestsPath = `/apis/${apiVersion}/namespaces/${shop}/${requestPlural}`

/** Who asks and who decides. One does both, though not about the same request. */
const askers = ['ann', 'amy', 'bob'] as const
const approvers = ['bob', 'ben'] as const

const newApprovalHook = (rng: Rng, name: string): object => ({
  apiVersion,
  kind: hookKind,
  metadata: { name },
  spec: {
    driver: 'scale',
    scale: {
      target: { name: gated },
      action: name === 'ask-down' ? 'down' : 'up',
      by: rng.int(1, 2),
      min: 0,
      max: rng.pick([6, 1000]),
      overshoot: rng.pick(['clamp', 'reject']),
    },
    ...(isAsking(name) && { approval: { within: '1m' } }),
  },
})

/** Makes the Deployment and its hooks. Returns the names of the hooks. */
export const makeApprovals = (rng: Rng, made: (path: string, object: object) => void): readonly string[] => {
  made(deploymentsPath, deployment(gated, rng.int(1, 6)))
  const names = rng.pick([['ask-up', freely], ['ask-down', freely], namesOfApprovals, namesOfApprovals])
  for (const name of names) made(hooksPath, newApprovalHook(rng, name))
  return names
}

/** The requests that have no answer. */
const openRequests = (server: SimulatedServer): readonly StoredObject[] =>
  listAt(parseJson(server.send('GET', requestsPath).body), 'items')
    .filter(isStoredObject)
    .filter(request => !isDone(request))

const ask = (server: SimulatedServer, name: string, spec: object): number =>
  server.send('POST', requestsPath, { apiVersion, kind: requestKind, metadata: { name }, spec }).status

/** Somebody makes requests, a few of them under a name or with a key that was used before, or takes one back. */
export const askForRuns = (server: SimulatedServer, hooks: readonly string[]) => {
  let made = 0
  return ({ did, rng }: Actor): void => {
    if (rng.chance(0.15)) {
      const open = openRequests(server)
      const taken = open.length > 0 ? rng.pick(open) : undefined
      if (!taken) return
      const { name } = taken.metadata
      did(`takes the request ${name} back: ${server.send('DELETE', `${requestsPath}/${name}`).status}`)
      const { decision, post, ...spec } = isObject(taken['spec']) ? taken['spec'] : {}
      // Nobody else may say what was posted.
      const asked = (decision ?? post) === undefined ? spec : someRun(rng, hooks)
      if (rng.chance(0.7)) did(`makes the request ${name} again: ${ask(server, name, asked)}`)
      return
    }
    const several = rng.chance(0.3) ? rng.int(2, 5) : 1
    for (let index = 0; index < several; index++) {
      // Names are not in the order in which requests are made.
      const name = rng.chance(0.3) ? `again-${rng.int(0, 3)}` : `r-${rng.int(0, 9)}-${made++}`
      did(`makes the request ${name}: ${ask(server, name, someRun(rng, hooks))}`)
    }
  }
}

const someRun = (rng: Rng, hooks: readonly string[]): object => ({
  hook: rng.pick(hooks),
  by: { user: rng.pick(askers) },
  ...(rng.chance(0.15) && { key: `key-${rng.int(0, 2)}` }),
  ...(rng.chance(0.1) && { dryRun: true }),
})

/**
 * Decides about what somebody has seen of a request, if the admission policy lets them. It sees what is stored at that moment: nobody
 * approves their own, a decision is about what is shown, and each effect is decided once.
 */
const decide = (server: SimulatedServer, seen: StoredObject, by: string, is: 'Approved' | 'Denied'): string => {
  const path = `${requestsPath}/${seen.metadata.name}`
  const now = parseJson(server.send('GET', path).body)
  const effect = digestIn(seen)
  const current = at(now, 'status', 'state') === 'Awaiting' ? digestIn(now) : undefined
  const isOwn = at(now, 'spec', 'by', 'user') === by && is === 'Approved'
  const isDecided = at(now, 'spec', 'decision', 'effect') === current
  if (isOwn || isDecided || current === undefined || effect !== current) return 'the policy refuses it'
  return String(server.send('PATCH', path, { spec: { decision: { is, by, effect } } }).status)
}

const digestIn = (request: unknown): string | undefined => stringAt(request, 'status', 'effect', 'digest')

/**
 * Somebody looks at what waits, thinks about it for so many milliseconds at most, or until its time is almost over or just was, and
 * decides. It may be shown no more by then.
 */
export const approve =
  ({ server, time }: Pick<Simulation, 'server' | 'time'>, thinksMs: number | 'late') =>
  async ({ did, rng, sleep }: Actor): Promise<void> => {
    const waiting = openRequests(server).filter(request => digestIn(request) !== undefined)
    if (waiting.length === 0) return
    const seen = rng.pick(waiting)
    const leftMs = parseTime(stringAt(seen, 'status', 'until') ?? '') - wallClock(time)
    await sleep(thinksMs === 'late' ? Math.max(0, leftMs + rng.int(-4000, 1500)) : rng.int(0, thinksMs))
    const [by, is] = [rng.pick(approvers), rng.chance(0.8) ? 'Approved' : 'Denied'] as const
    did(`${by} decides about ${seen.metadata.name}: ${is}, ${decide(server, seen, by, is)}`)
  }

/** Somebody else changes the Deployment: its count, or something else; or deploys it again. */
export const changeGated =
  (server: SimulatedServer) =>
  async ({ did, rng, sleep }: Actor): Promise<void> => {
    if (rng.chance(0.1)) {
      did(`deletes ${gated}`)
      server.send('DELETE', gatedPath)
      await sleep(rng.pick([0, rng.int(0, 3000)]))
      did(`makes ${gated} again`)
      server.send('POST', deploymentsPath, deployment(gated, rng.int(1, 6)))
      return
    }
    const replicas = rng.int(0, 7)
    const patch = rng.chance(0.6) ? { spec: { replicas } } : { metadata: { labels: { edited: String(replicas) } } }
    const { status } = server.send('PATCH', gatedPath, patch, { query: { fieldManager: 'kubectl-edit' } })
    did(`changes ${gated} ${JSON.stringify(patch)}: ${status}`)
  }

/** People edit what a hook does, whether it asks, and whether it runs; or delete it and make it again. */
export const editApprovals =
  (server: SimulatedServer, names: readonly string[]) =>
  async ({ did, rng, sleep }: Actor): Promise<void> => {
    const name = rng.pick(names)
    const edit = (spec: object): void =>
      did(`edits ${name} ${JSON.stringify(spec)}: ${server.send('PATCH', `${hooksPath}/${name}`, { spec }).status}`)
    switch (rng.pick(['by', 'max', 'min', 'suspend', 'ask nobody', 'again'] as const)) {
      case 'by':
        return edit({ scale: { by: rng.int(1, 2) } })
      case 'max':
        return edit({ scale: { max: rng.pick([6, 1000]) } })
      case 'min':
        return edit({ scale: { min: rng.int(0, 1) } })
      case 'suspend':
        edit({ suspend: true })
        await sleep(rng.int(0, 3000))
        return edit({ suspend: false })
      case 'ask nobody':
        if (!isAsking(name)) return
        edit({ approval: null })
        await sleep(rng.int(0, 4000))
        return edit({ approval: { within: '1m' } })
      case 'again':
        did(`deletes ${name}`)
        server.send('DELETE', `${hooksPath}/${name}`, undefined, { query: { propagationPolicy: 'Orphan' } })
        await sleep(rng.pick([0, rng.int(0, 4000)]))
        did(`makes ${name} again`)
        server.send('POST', hooksPath, newApprovalHook(rng, name))
    }
  }

/** Lets all run that was suspended. */
export const resumeApprovals = (server: SimulatedServer, names: readonly string[]): void => {
  for (const name of names) server.send('PATCH', `${hooksPath}/${name}`, { spec: { suspend: false } })
}

/** The name of a request that nobody decides about. */
const undecided = (hook: string): string => `zz-${hook}`

/** What is noted when all is well, and people begin to decide at once. */
export const decidesAllNote = 'decides at once about all that waits'

/** When all is well: asks once more of each hook, for a request that nobody is going to decide about. */
export const askAtLast = (server: SimulatedServer, hooks: readonly string[]): void => {
  for (const hook of hooks) ask(server, undecided(hook), { hook, by: { user: 'ann' } })
}

/** Decides at once about all that waits, but for what is to expire. */
export const decideAll =
  (server: SimulatedServer) =>
  ({ did, rng }: Actor): void => {
    for (const request of openRequests(server)) {
      const { name } = request.metadata
      const effect = digestIn(request)
      const isOpen = effect !== undefined && at(request, 'spec', 'decision', 'effect') !== effect
      if (!isOpen || name === undecided(String(at(request, 'spec', 'hook')))) continue
      const is = rng.chance(0.8) ? 'Approved' : 'Denied'
      did(`ben decides about ${name}: ${is}, ${decide(server, request, 'ben', is)}`)
    }
  }

/** Which requests still have no answer; undefined where all have one. */
export const unanswered = (server: SimulatedServer): string | undefined => {
  const open = openRequests(server).map(
    ({ metadata, status }) => `${metadata.name} (${stringAt(status, 'state') ?? 'not seen'})`,
  )
  return open.length === 0 ? undefined : `${open.join(', ')} got no answer`
}
