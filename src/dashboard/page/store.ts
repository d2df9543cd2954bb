import { batch, computed, signal, type Signal } from '@preact/signals'
import type { EndedWhy, Row, StreamEvent, TargetCount } from '../protocol.ts'

/** Each hook has a signal of its own, so that a change draws one row anew. */
const rows = new Map<string, Signal<Row>>()
const counts = new Map<string, Signal<TargetCount | undefined>>()

/** Rises with every change of a row: whoever sorts and searches looks again. */
const changes = signal(0)

/** The keys that were listed since the last `begin`. */
const listed = signal<Set<string> | undefined>(undefined)

/** How the page hears of changes. `lost` has since when, in milliseconds since the epoch. */
export type Link = 'connecting' | 'live' | { readonly lostSince: number; readonly why: string }

export const link = signal<Link>('connecting')
/** Whether a whole list has come. */
export const synced = signal(false)
/** Why there is no list any more. */
export const over = signal<{ readonly why: EndedWhy; readonly message: string } | undefined>(undefined)
/** Kinds whose counts the user may not see, with the reason. */
export const uncounted = signal<ReadonlyMap<string, string>>(new Map())
/** The version of the server that answers. */
export const serverVersion = signal('')
/** The last change that came, for whoever reads it aloud. */
export const lastChange = signal<Row | undefined>(undefined)

/** Takes what the stream tells. */
export const take = (event: StreamEvent, now: number): void => batch(() => taken(event, now))

const taken = (event: StreamEvent, now: number): void => {
  switch (event.type) {
    case 'hello':
      serverVersion.value = event.version
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
    case 'uncounted':
      uncounted.value = new Map(uncounted.value).set(event.kind, event.why)
      return
    case 'stale':
      link.value = { lostSince: now, why: `the API server cannot be reached (${event.why})` }
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

const putRow = (row: Row): void => {
  listed.value?.add(row.key)
  const known = rows.get(row.key)
  if (known === undefined) rows.set(row.key, signal(row))
  else {
    known.value = row
    if (listed.value === undefined) lastChange.value = row
  }
}

/** Forgets everything: other hooks will be shown. */
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

/** A hook by `namespace/name`. Reading it subscribes to whether it is there; its `.value` to what it is. */
export const rowOf = (key: string): Signal<Row> | undefined => {
  void changes.value
  return rows.get(key)
}

/** The same without subscribing to anything. */
export const rowNow = (key: string): Row | undefined => rows.get(key)?.peek()

export const countOf = (key: string): Signal<TargetCount | undefined> => {
  const known = counts.get(key)
  if (known) return known
  const made = signal<TargetCount | undefined>(undefined)
  counts.set(key, made)
  return made
}

/** The kinds at which the hooks aim, for a stream that resumes. */
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

/** Every hook of the namespace that is shown. */
export const all = computed<readonly Row[]>(() => {
  void changes.value
  return [...rows.values()].map(row => row.peek())
})

/** How many hooks there are, and how many need somebody: those that are not Ready. */
export const total = computed(() => all.value.length)
export const needy = computed(() => all.value.filter(row => row.ready === 'False').length)
