import { batch, computed, signal, type Signal } from '@preact/signals'
import type { EndedWhy, ListedHook, StreamEvent, TargetCount } from '../protocol.ts'

/** A signal for each hook, by the hook's key `namespace/name`. */
const rows = new Map<string, Signal<ListedHook>>()
const counts = new Map<string, Signal<TargetCount | undefined>>()

/** Rises with each change of a row. Search and order depend on this signal. */
const changes = signal(0)

/** The keys that were listed since the last `begin`. Undefined after `synced`. */
const listed = signal<Set<string> | undefined>(undefined)

/** The state of the stream. `lostSince` is when something last arrived, in milliseconds since the epoch. */
export type Link = 'connecting' | 'live' | { readonly lostSince: number; readonly why: string }

export const link = signal<Link>('connecting')
/** True once a complete list has arrived. */
export const synced = signal(false)
/** Why the stream ended. Undefined while it continues. `wrong`: there is no such namespace name. */
export const over = signal<{ readonly why: EndedWhy | 'wrong'; readonly message: string } | undefined>(undefined)
/** Kinds whose counts the user may not read, with the reason. */
export const uncounted = signal<ReadonlyMap<string, string>>(new Map())
/** The version of the server. */
export const serverVersion = signal('')
/** The hook with the newest delivery. The page announces it to screen readers. */
export const lastDelivered = signal<ListedHook | undefined>(undefined)

/** Stores the content of an event of the stream. `now` is in milliseconds since the epoch. */
export const take = (event: StreamEvent, now: number): void => batch(() => taken(event, now))

const taken = (event: StreamEvent, now: number): void => {
  switch (event.type) {
    case 'hello':
      serverVersion.value = event.version
      over.value = undefined
      return
    case 'begin':
      listed.value = new Set()
      return
    case 'rows':
      event.rows.forEach(putRow)
      break
    case 'gone':
      event.keys.forEach(key => rows.delete(key))
      break
    case 'synced': {
      const there = listed.value
      if (there) for (const key of rows.keys()) if (!there.has(key)) rows.delete(key)
      listed.value = undefined
      synced.value = true
      break
    }
    case 'counts':
      for (const count of event.counts) countOf(count.key).value = count
      return
    case 'countless':
      for (const key of event.keys) countOf(key).value = undefined
      return
    case 'recount':
      dropCounts(event.kind)
      uncounted.value = new Map([...uncounted.value].filter(([kind]) => kind !== event.kind))
      return
    case 'uncounted':
      dropCounts(event.kind)
      uncounted.value = new Map(uncounted.value).set(event.kind, event.why)
      return
    case 'stale':
      link.value = { lostSince: now, why: `can't reach the API server (${event.why})` }
      return
    case 'live':
      link.value = 'live'
      return
    case 'ended':
      over.value = { why: event.why, message: event.message }
      return
  }
  changes.value += 1
}

/** Removes the counts of all targets of a kind. */
const dropCounts = (kind: string): void => {
  for (const [key, count] of counts) if (key.split('/', 2)[1] === kind) count.value = undefined
}

const putRow = (row: ListedHook): void => {
  listed.value?.add(row.key)
  const known = rows.get(row.key)
  if (known === undefined) rows.set(row.key, signal(row))
  else {
    const isDelivery = JSON.stringify(row.last) !== JSON.stringify(known.peek().last)
    known.value = row
    if (listed.value === undefined && isDelivery) lastDelivered.value = row
  }
}

/** Removes all hooks and counts. Called before the page shows the hooks of another namespace. */
export const forget = (): void =>
  batch(() => {
    rows.clear()
    counts.clear()
    listed.value = undefined
    synced.value = false
    over.value = undefined
    uncounted.value = new Map()
    link.value = 'connecting'
    changes.value += 1
  })

/**
 * Returns the signal of a hook by its key, `namespace/name`. This call subscribes the caller to all
 * changes of rows. Reading `.value` also subscribes it to this hook's content.
 */
export const rowSignal = (key: string): Signal<ListedHook> | undefined => {
  void changes.value
  return rows.get(key)
}

/** Returns a hook by its key without a subscription. */
export const rowNow = (key: string): ListedHook | undefined => rows.get(key)?.peek()

export const countOf = (key: string): Signal<TargetCount | undefined> => {
  const known = counts.get(key)
  if (known) return known
  const made = signal<TargetCount | undefined>(undefined)
  counts.set(key, made)
  return made
}

/** Returns the kinds of all targets, for a stream that resumes. */
export const kindsNow = (): readonly string[] => [
  ...new Set([...rows.values()].map(row => row.peek().target?.split('/', 1)[0] ?? '').filter(kind => kind !== '')),
]

export const namesIn = (namespace: string): ReadonlySet<string> =>
  new Set(
    [...rows.values()]
      .map(row => row.peek())
      .filter(row => row.namespace === namespace)
      .map(row => row.name),
  )

/** All hooks of the shown namespace, or of all namespaces. */
export const all = computed<readonly ListedHook[]>(() => {
  void changes.value
  return [...rows.values()].map(row => row.peek())
})

/** The number of hooks, and of those whose condition `Ready` is `False`. */
export const total = computed(() => all.value.length)
export const needy = computed(() => all.value.filter(row => row.ready === 'False').length)
