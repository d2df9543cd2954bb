import type { StoredObject } from '../../api/object.ts'
import type { Environment } from '../../environment/environment.ts'
import { redacted } from '../../environment/redact.ts'
import { Unreachable, WatchRefused } from '../../environment/unreachable.ts'
import { wait } from '../../environment/wait.ts'
import { ApiError } from '../../kube/errors.ts'
import { listAll } from '../../kube/list.ts'
import { collectionPath } from '../../kube/paths.ts'
import { hooks } from '../../kube/resources.ts'
import type { ListSink } from '../../kube/source.ts'
import { openWatch, type WatchEvent } from '../../kube/watch.ts'
import type { EndedWhy, Row, StreamEvent } from '../protocol.ts'
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

/** Waits between attempts to reach the API server again, in milliseconds: the last one goes on. */
const pauses = [250, 1_000, 2_000, 5_000] as const

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
    const status = error instanceof WatchRefused || error instanceof ApiError ? error.status : 0
    if (status === 401) options.onExpired()
    if (status === 401) end('expired', 'The API server no longer takes this token')
    if (status === 403) end('forbidden', redacted(error instanceof Error ? error.message : ''))
    return status === 401 || status === 403
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
  options: StreamOptions,
  { refused, seen, stop, write }: Following,
): Promise<void> => {
  const source = { type: hooks, ...(options.namespace === undefined ? {} : { namespace: options.namespace }) }
  let version = options.from
  let failures = 0
  let stale = false
  const live = (): void => {
    failures = 0
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
  while (!stop.aborted) {
    try {
      if (version === undefined) {
        version = await list(world, source, { write, seen, stop })
        write({ type: 'synced' }, version)
        live()
      }
      const cancelLive = world.clock.after(1_000, live)
      try {
        for await (const event of openWatch(world, source, version, stop).events) {
          live()
          version = event.version
          if (event.type !== 'bookmark') changes.add(shownKey(event.object), shownRow(event))
        }
      } finally {
        cancelLive()
      }
    } catch (error) {
      if (stop.aborted || refused(error)) break
      if (isGone(error)) version = undefined
      else if (!stale) {
        stale = true
        write({ type: 'stale', why: whyOf(error) })
      }
      await wait(world.clock, pauses[Math.min(failures++, pauses.length - 1)] ?? 0, stop)
    }
  }
  changes.drop()
}

type Source = Parameters<typeof listAll>[1]

const list = async (
  world: StreamWorld,
  source: Source,
  { seen, stop, write }: Omit<Following, 'refused'>,
): Promise<string> => {
  write({ type: 'begin' })
  let rows: Row[] = []
  const flush = (): void => {
    if (rows.length > 0) write({ type: 'rows', rows })
    seen(rows)
    rows = []
  }
  const show = (row: Row): void => {
    if (rows.push(row) >= rowsAtOnce) flush()
  }
  const sink: ListSink = {
    add: object => show(rowOf(object)),
    addLarge: object => show(largeRowOf(object)),
    done: flush,
  }
  return await listAll(world, source, { list: () => sink }, stop)
}

/** The row of a hook that has changed; undefined where it is gone. */
const shownRow = ({ object, type }: Exclude<WatchEvent, { type: 'bookmark' }>): Row | undefined => {
  if (type === 'remove') return undefined
  return type === 'put' ? rowOf(object) : largeRowOf(object)
}

const kindOf = ({ target = '' }: Row): string => target.split('/', 1)[0] ?? ''

const shownKey = ({ metadata }: StoredObject): string => `${metadata.namespace ?? ''}/${metadata.name}`

/** Whether the version from which to resume is no longer known. */
const isGone = (error: unknown): boolean =>
  (error instanceof WatchRefused || error instanceof ApiError) && error.status === 410

const whyOf = (error: unknown): string =>
  error instanceof Unreachable || error instanceof Error ? redacted(error.message) : String(error)

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
