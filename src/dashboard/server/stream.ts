import type { StoredObject } from '../../api/object.ts'
import type { Environment } from '../../environment/environment.ts'
import { ApiError, isStatus } from '../../kube/errors.ts'
import type { Page } from '../../kube/pager.ts'
import { collectionPath } from '../../kube/paths.ts'
import { hooks } from '../../kube/resources.ts'
import type { WatchEvent } from '../../kube/watch.ts'
import { watchObjects } from '../../kube/watch-objects.ts'
import type { EndedWhy, Row, StreamEvent } from '../protocol.ts'
import { whyOf } from './api.ts'
import { followCounts } from './counts.ts'
import { debounce } from './debounce.ts'
import { apiWithinMs, heartbeatMs, lookAgainMs, maxUnreadBytes, rowsAtOnce } from './limits.ts'
import { largeRowOf, rowOf } from './row.ts'

/** What a stream needs of the world; `api` is the session's. */
export type StreamWorld = Pick<Environment, 'api' | 'clock' | 'log' | 'random'>

/** Where the events of a stream go. */
export interface Out {
  write(text: string): void
  /** Bytes that were written and not yet taken. */
  waiting(): number
  /** Ends it in order. */
  end(): void
  /** Cuts it: the client has not read, and will come again. */
  cut(): void
  /** Aborted when the client is gone. */
  readonly closed: AbortSignal
}

export interface StreamOptions {
  /** All namespaces when it is absent. */
  readonly namespace?: string
  /** Where the page's last stream ended: the resourceVersion that came as its last `id`. */
  readonly from?: string
  /** The kinds at which the page's hooks aim, where it resumes. */
  readonly kinds?: readonly string[]
  readonly version: string
  /** Aborted with an {@link EndedWhy} when the session ends. */
  readonly sessionEnded: AbortSignal
  /** The API server no longer takes the session's credential. */
  readonly onExpired: () => void
}

/** A watch that has been open for so long without an error lives, in milliseconds. */
const liveAfterMs = 1_000

const isReason = (why: unknown): why is EndedWhy => why === 'expired' || why === 'forbidden' || why === 'signed out'

/**
 * Lists the hooks and passes rows on as they come, then watches: nothing is kept here. Looks every 30 s whether the user
 * may still see them, since an open watch outlives the end of its token and of its role binding. Resolves when it is over.
 */
export const streamHooks = async (world: StreamWorld, options: StreamOptions, out: Out): Promise<void> => {
  const { clock } = world
  const { namespace, sessionEnded } = options
  const over = new AbortController()
  const stop = AbortSignal.any([out.closed, over.signal])
  const write = writer(out)
  const end = (why: EndedWhy, message: string): void => {
    if (stop.aborted) return
    write({ type: 'ended', why, message })
    out.end()
    over.abort()
  }
  const sessionOver = (): void => {
    const why: unknown = sessionEnded.reason
    if (why === 'expired') end('expired', 'Its token, or its time, is over')
    else end(isReason(why) ? why : 'signed out', 'You have signed out elsewhere, or the dashboard was stopped')
  }
  sessionEnded.addEventListener('abort', sessionOver)
  const refused = (error: unknown): boolean => {
    if (isStatus(error, 401)) {
      options.onExpired()
      end('expired', 'The API server no longer takes this token')
    }
    if (isStatus(error, 403)) end('forbidden', whyOf(error))
    return isStatus(error, 401, 403)
  }

  write({ type: 'hello', version: options.version })
  const counts = followCounts(world, namespace, stop, event => write(event))
  counts.see(options.kinds ?? [])
  const cancelHeartbeat = every(clock, heartbeatMs, () => out.write(':\n\n'))
  const cancelLook = every(clock, lookAgainMs, () => void lookAgain(world, namespace).catch(refused))
  try {
    await follow(world, options, { write, refused, seen: rows => counts.see(rows.map(kindOf)), stop })
  } finally {
    cancelHeartbeat()
    cancelLook()
    sessionEnded.removeEventListener('abort', sessionOver)
    over.abort()
  }
}

type Write = (event: StreamEvent, id?: string) => void

const writer =
  (out: Out): Write =>
  (event, id) => {
    if (out.closed.aborted) return
    out.write(`${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(event)}\n\n`)
    if (out.waiting() > maxUnreadBytes) out.cut()
  }

interface Following {
  readonly write: Write
  /** Ends the stream, and says so, where an error says that the user may no longer look. */
  readonly refused: (error: unknown) => boolean
  readonly seen: (rows: readonly Row[]) => void
  readonly stop: AbortSignal
}

const follow = async (
  world: StreamWorld,
  { from, namespace }: StreamOptions,
  { refused, seen, stop, write }: Following,
): Promise<void> => {
  const source = { type: hooks, ...(namespace !== undefined && { namespace }) }
  let version = from
  let stale = false
  const live = (): void => {
    if (stale) write({ type: 'live' })
    stale = false
  }
  const changes = debounce<Row>(world.clock, changed => {
    const rows = [...changed.values()].filter(row => row !== undefined)
    const gone = [...changed].flatMap(([key, row]) => (row === undefined ? [key] : []))
    if (gone.length > 0) write({ type: 'gone', keys: gone }, version)
    if (rows.length > 0) write({ type: 'rows', rows }, version)
    seen(rows)
  })
  const opened = (): (() => void) => world.clock.after(liveAfterMs, live)
  for await (const change of watchObjects(world, source, stop, { from, opened })) {
    switch (change.type) {
      case 'list':
        write({ type: 'begin' })
        break
      case 'page':
        show(change, write, seen)
        break
      case 'listed':
        version = change.version
        write({ type: 'synced' }, version)
        live()
        break
      case 'bookmark':
        live()
        version = change.version
        break
      case 'put':
      case 'put large':
      case 'remove':
        live()
        version = change.version
        changes.add(shownKey(change.object), shownRow(change))
        break
      case 'cut':
        if (refused(change.error)) return changes.drop()
        if (!isStatus(change.error, 410) && !stale) {
          stale = true
          write({ type: 'stale', why: whyOf(change.error) })
        }
    }
  }
  changes.drop()
}

/** Passes on a part of a list. */
const show = ({ large, objects }: Page, write: Write, seen: Following['seen']): void => {
  const rows = [...objects.map(rowOf), ...(large ? [largeRowOf(large)] : [])]
  for (let first = 0; first < rows.length; first += rowsAtOnce) {
    write({ type: 'rows', rows: rows.slice(first, first + rowsAtOnce) })
  }
  seen(rows)
}

/** The row of a hook that has changed; undefined where it is gone. */
const shownRow = ({ object, type }: Exclude<WatchEvent, { type: 'bookmark' }>): Row | undefined => {
  if (type === 'remove') return undefined
  return type === 'put' ? rowOf(object) : largeRowOf(object)
}

const kindOf = ({ target = '' }: Row): string => target.split('/', 1)[0] ?? ''

const shownKey = ({ metadata }: StoredObject): string => `${metadata.namespace ?? ''}/${metadata.name}`

/** Asks for one hook, without the API server's cache: throws where the user may no longer look. */
const lookAgain = async ({ api }: StreamWorld, namespace: string | undefined): Promise<void> => {
  const path = collectionPath(hooks, namespace)
  const answer = await api
    .request({ method: 'GET', path, query: { limit: '1' }, lane: 'bulk', timeoutMs: apiWithinMs })
    .catch(() => undefined)
  if (answer?.status === 401 || answer?.status === 403) throw new ApiError(answer, 'looking again')
}

/** Calls `run` every `ms` milliseconds until it is cancelled. */
const every = (clock: Environment['clock'], ms: number, run: () => void): (() => void) => {
  const next = (): void => {
    cancel = clock.after(ms, next)
    run()
  }
  let cancel = clock.after(ms, next)
  return () => cancel()
}
