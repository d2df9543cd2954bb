import { tryParseJson } from '../../src/api/json.ts'
import { group, hookPlural, requestPlural } from '../../src/api/names.ts'
import { recordPlural } from '../../src/api/record.ts'
import type { ServerResponse } from '../../apiserver/response.ts'
import { createApiServer, type ApiServer, type ServerRequest } from '../../apiserver/server.ts'
import type { Snapshot, StoreChange } from '../../apiserver/store.ts'
import type { WatchSink } from '../../apiserver/watch.ts'
import { isStoredObject, type StoredObject } from '../../src/api/object.ts'
import type { Clock } from '../../src/environment/environment.ts'
import { wallClock, type Simulation } from './simulation.ts'
import type { Happened } from './happened.ts'
import { status } from './messages.ts'
import { fleets } from '../support/fleets.ts'
import { writtenIn } from './written.ts'
import type { Rng } from './seed.ts'
import type { VirtualTime } from './time.ts'

/** The API server of a history: what it stored outlives its restarts. */
export interface SimulatedServer {
  readonly up: boolean
  /** Answers what a process asks, noting what it stored. Only while it is up. */
  ask(sender: Sender, request: ServerRequest, user?: string): ServerResponse
  /** Gives a user that processes impersonate its rights, or takes them. */
  permit(user: string, may: boolean): void
  /** Answers the world at once, with or without faults: a client in it would try again until it works. */
  send(method: string, path: string, body?: unknown, extra?: Partial<ServerRequest>): ServerResponse
  /** Opens a watch; `cut` is called when the server goes down. */
  watch(
    request: ServerRequest,
    sink: WatchSink,
    cut: () => void,
    user?: string,
    of?: ApiServer,
  ): (() => void) | ServerResponse
  /** Refuses writes of a count, until the answer is called. */
  refuse(policy: Policy): () => void
  /** Fails the writes of an object, as if a webhook for it were away, until the answer is called. */
  fail(path: string): () => void
  /** Cuts all connections and is gone for a while. */
  restart(downMs: number): void
  /** Forgets all versions but the newest. */
  compact(): void
  /** From now on notes each version that is stored of a hook, a target and the product's own objects. */
  follow(): void
  /** Returns a snapshot of all that is stored. */
  snapshot(): Snapshot
  /**
   * Sets everything back to a snapshot, and notes what is different since. Returns what holds the lost
   * state, with the watches that are open.
   */
  setBack(snapshot: Snapshot): ApiServer
  /** Calls back at each version that is noted. */
  onStored(listener: (stored: Stored) => void): void
}

/** The process that sent a request, and when. */
export interface Sender {
  readonly process: string
  readonly sentAt: number
}

/** A policy of the cluster on counts, which is asked before anything else, as a webhook that changes requests is. */
export interface Policy {
  /** It has nothing against counts up to this one. */
  readonly most: number
  /** Of being against one that is higher: webhooks change their minds. */
  readonly chance: number
  readonly status: number
}

export type Stored = Extract<Happened, { what: 'stored' }>

/** The collections whose every version the checks look at. */
const followed = [
  ['deployments', 'apps/deployments'],
  [fleets.resource, `${fleets.group}/${fleets.resource}`],
  [hookPlural, `${group}/${hookPlural}`],
  [recordPlural, `${group}/${recordPlural}`],
  [requestPlural, `${group}/${requestPlural}`],
  ['configmaps', '/configmaps'],
  ['secrets', '/secrets'],
  ['serviceaccounts', '/serviceaccounts'],
  ['jobs', 'batch/jobs'],
  ['services', '/services'],
] as const

const historyMs = 300_000

/** Returns the paths whose writes fail. */
const failuresOfWrites = () => {
  const paths = new Set<string>()
  return {
    /** Returns what lets them through again. */
    add: (path: string) => {
      paths.add(path)
      return () => void paths.delete(path)
    },
    statusFor: ({ method, path }: ServerRequest): number | undefined =>
      method !== 'GET' && paths.has(path) ? 500 : undefined,
  }
}

/** Returns policies on the writes of counts, each of which refuses some of them by chance. */
const policiesBy = (rng: Rng) => {
  const policies = new Set<Policy>()
  return {
    /** Returns what removes the policy. */
    add: (policy: Policy) => {
      policies.add(policy)
      return () => policies.delete(policy)
    },
    refusing: ({ body = '', method, path }: ServerRequest): Policy | undefined => {
      if (policies.size === 0 || method !== 'PATCH') return undefined
      const to = writtenIn(path, body)?.to
      if (to === undefined) return undefined
      return [...policies].find(({ chance, most }) => to > most && rng.chance(chance))
    },
  }
}

/** Knows which of the users that processes impersonate may do anything. */
const permissions = (note: Simulation['note']) => {
  const permitted = new Set<string>()
  return {
    isForbidden: (user: string | undefined): boolean => user !== undefined && !permitted.has(user),
    permit: (user: string, may: boolean): void => {
      if (may) permitted.add(user)
      else permitted.delete(user)
      note({ what: 'rights', user, may })
    },
  }
}

/** The clock of the storage. What it stored before a compaction is as old as the whole history that it keeps. */
const clockOf = (time: VirtualTime, compactedMs: () => number): Clock => ({
  now: () => Math.floor(wallClock(time)),
  monotonic: () => time.now + compactedMs(),
  after: (ms, run) => time.at(ms, run),
})

/** Takes note of each version that is stored of what the checks look at. */
const storedVersions = (time: VirtualTime, note: Simulation['note']) => {
  const listeners: ((stored: Stored) => void)[] = []
  let versions = 0
  let newest: Stored | undefined
  const add = (resource: string, { object, type }: StoreChange): void => {
    versions += 1
    const entry = { what: 'stored', resource, object, deleted: type === 'DELETED' } as const
    note(entry)
    newest = { ...entry, at: time.now }
    for (const listener of listeners) listener(newest)
  }
  return {
    add,
    count: (): number => versions,
    /** Returns the last version, if there is one since there were so many. */
    last: (since: number): Stored | undefined => (versions > since ? newest : undefined),
    follow: (server: ApiServer): void => {
      for (const [resource, kept] of followed) server.observe(kept, change => add(resource, change))
    },
    onStored: (listener: (stored: Stored) => void): void => void listeners.push(listener),
  }
}

export const simulatedServer = (time: VirtualTime, rng: Rng, note: Simulation['note']): SimulatedServer => {
  let compactedMs = 0
  const clock = clockOf(time, () => compactedMs)
  let server = createApiServer({ clock, random: { bytes: rng.bytes }, historyMs, rules: () => () => true })
  const stored = storedVersions(time, note)
  const connections = new Set<() => void>()
  const policies = policiesBy(rng)
  const failures = failuresOfWrites()
  const { isForbidden, permit } = permissions(note)
  let up = true
  const send: SimulatedServer['send'] = (method, path, body, extra = {}) =>
    server.handle({
      method,
      path,
      contentType: method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
      userAgent: 'outside',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...extra,
    })

  const setBack: SimulatedServer['setBack'] = snapshot => {
    const lost = server
    server = lost.restored(snapshot)
    stored.follow(server)
    for (const [resource, change] of changesBetween(lost, server, snapshot.revision)) stored.add(resource, change)
    return lost
  }

  return {
    get up() {
      return up
    },
    ask: (sender, request, user) => {
      const before = stored.count()
      const refused = isForbidden(user) ? 403 : (failures.statusFor(request) ?? policies.refusing(request)?.status)
      const response = refused === undefined ? server.handle(request) : status(refused, 'Denied')
      if (request.method !== 'GET') {
        const asked = `${request.method} ${request.path}`
        const changed = stored.count() !== before
        note({ what: 'written', ...sender, asked, status: response.status, changed, ...as(user) })
        const object = letGo(request, stored.last(before))
        if (object) note({ what: 'let go', object })
      }
      return response
    },
    send,
    permit,
    watch: (request, sink, cut, user, of = server) => {
      if (isForbidden(user)) return status(403, 'Forbidden')
      const cancel = of.watch(request, sink)
      if (typeof cancel !== 'function') return cancel
      connections.add(cut)
      return () => {
        connections.delete(cut)
        cancel()
      }
    },
    refuse: policies.add,
    fail: failures.add,
    restart: downMs => {
      up = false
      for (const cut of [...connections]) cut()
      time.at(downMs, () => {
        up = true
        note({ what: 'world', did: 'the API server is back' })
      })
    },
    compact: () => {
      compactedMs += historyMs + 1
    },
    follow: () => stored.follow(server),
    snapshot: () => server.snapshot(),
    setBack,
    onStored: stored.onStored,
  }
}

/** Returns the record that a request writes, if it lets go of it by that. */
const letGo = ({ body = '', method }: ServerRequest, stored: Stored | undefined): StoredObject | undefined => {
  if (method !== 'PUT' || stored?.deleted !== true || stored.resource !== recordPlural) return undefined
  const written = tryParseJson(body)
  return isStoredObject(written) ? written : undefined
}

const as = (user: string | undefined): { readonly as?: string } => (user === undefined ? {} : { as: user })

const placeIn = ({ metadata: { name, namespace } }: StoredObject): string => `${namespace ?? ''}/${name}`

/** What is different of the objects that the checks look at, once the storage is set back. */
const changesBetween = (lost: ApiServer, restored: ApiServer, revision: number) =>
  followed.flatMap(([resource, kept]): (readonly [string, StoreChange])[] => {
    const before = new Map(lost.stored(kept).map(object => [placeIn(object), object]))
    const now = new Map(restored.stored(kept).map(object => [placeIn(object), object]))
    const gone = [...before].filter(([place, { metadata }]) => now.get(place)?.metadata.uid !== metadata.uid)
    const other = [...now].filter(([place, object]) => before.get(place) !== object)
    return [
      ...gone.map(([, object]) => [resource, { type: 'DELETED', revision, object, before: object }] as const),
      ...other.map(([, object]) => [resource, { type: 'MODIFIED', revision, object, before: undefined }] as const),
    ]
  })
