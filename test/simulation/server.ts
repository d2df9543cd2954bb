import { group, hookPlural } from '../../src/api/names.ts'
import { recordPlural } from '../../src/api/record.ts'
import { createApiServer, type ServerRequest, type ServerResponse } from '../../src/apiserver/server.ts'
import type { StoreChange } from '../../src/apiserver/store.ts'
import type { WatchSink } from '../../src/apiserver/watch.ts'
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
  ask(process: string, request: ServerRequest, user?: string): ServerResponse
  /** Gives a user that processes impersonate its rights, or takes them. */
  permit(user: string, may: boolean): void
  /** Answers the world at once, with or without faults: a client in it would try again until it works. */
  tell(method: string, path: string, body?: unknown, extra?: Partial<ServerRequest>): ServerResponse
  /** Opens a watch; `cut` is called when the server goes down. */
  watch(request: ServerRequest, sink: WatchSink, cut: () => void, user?: string): (() => void) | ServerResponse
  /** Refuses writes of a count, until the answer is called. */
  refuse(policy: Policy): () => void
  /** Cuts all connections and is gone for a while. */
  restart(downMs: number): void
  /** Forgets all versions but the newest. */
  compact(): void
  /** From now on notes each version that is stored of a hook, a target and the product's own objects. */
  follow(): void
  /** Calls back at each version that is noted. */
  onStored(told: (stored: Stored) => void): void
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
  ['configmaps', '/configmaps'],
  ['secrets', '/secrets'],
  ['serviceaccounts', '/serviceaccounts'],
  ['jobs', 'batch/jobs'],
] as const

const historyMs = 300_000

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

export const simulatedServer = (time: VirtualTime, rng: Rng, note: Simulation['note']): SimulatedServer => {
  let compactedMs = 0
  const clock: Clock = {
    now: () => Math.floor(wallClock(time)),
    // What it stored before a compaction is as old as the whole history that it keeps.
    monotonic: () => time.now + compactedMs,
    after: (ms, run) => time.at(ms, run),
  }
  const server = createApiServer({ clock, random: { bytes: rng.bytes }, historyMs, rules: () => () => true })
  const listeners: ((stored: Stored) => void)[] = []
  const connections = new Set<() => void>()
  const policies = policiesBy(rng)
  const { isForbidden, permit } = permissions(note)
  let up = true
  /** How many versions of what is followed have been stored. */
  let versions = 0

  const stored = (resource: string, { object, type }: StoreChange): void => {
    versions += 1
    const entry = { what: 'stored', resource, object, deleted: type === 'DELETED' } as const
    note(entry)
    for (const told of listeners) told({ ...entry, at: time.now })
  }

  const tell: SimulatedServer['tell'] = (method, path, body, extra = {}) =>
    server.handle({
      method,
      path,
      contentType: method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
      userAgent: 'outside',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...extra,
    })

  return {
    get up() {
      return up
    },
    ask: (process, request, user) => {
      const before = versions
      const refused = isForbidden(user) ? 403 : policies.refusing(request)?.status
      const response = refused === undefined ? server.handle(request) : status(refused, 'Denied')
      if (request.method !== 'GET') {
        const asked = `${request.method} ${request.path}`
        note({ what: 'written', process, asked, status: response.status, changed: versions !== before, ...as(user) })
      }
      return response
    },
    tell,
    permit,
    watch: (request, sink, cut, user) => {
      if (isForbidden(user)) return status(403, 'Forbidden')
      const cancel = server.watch(request, sink)
      if (typeof cancel !== 'function') return cancel
      connections.add(cut)
      return () => {
        connections.delete(cut)
        cancel()
      }
    },
    refuse: policies.add,
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
    follow: () => {
      for (const [resource, kept] of followed) server.observe(kept, change => stored(resource, change))
    },
    onStored: told => void listeners.push(told),
  }
}

const as = (user: string | undefined): { readonly as?: string } => (user === undefined ? {} : { as: user })
