import type { StoredObject } from '../../src/api/object.ts'
import type { Environment } from '../../src/environment/environment.ts'
import { wait } from '../../src/environment/wait.ts'
import { ApiError, isStatus } from '../../src/kube/errors.ts'
import type { ListPage } from '../../src/kube/pager.ts'
import { collectionPath } from '../../src/kube/paths.ts'
import { hooks } from '../../src/kube/resources.ts'
import type { WatchEvent } from '../../src/kube/watch.ts'
import { watchObjects } from '../../src/kube/watch-objects.ts'
import type { EndedWhy, ListedHook, StreamEvent } from '../protocol.ts'
import { whyOf } from './api.ts'
import { followCounts } from './counts.ts'
import { debounce } from './debounce.ts'
import { apiWithinMs, ofStream } from './limits.ts'
import { rowOf } from './row.ts'

/** The environment of a stream. `api` is the session's connection. */
export type StreamWorld = Pick<Environment, 'api' | 'clock' | 'log' | 'random'>

/** The output of a stream. */
export interface Out {
  write(text: string): void
  /** Returns how many bytes were written but not sent yet. */
  waiting(): number
  /** Resolves when everything that was written is sent, or at once if the client is gone. */
  drained(): Promise<void>
  /** Ends the stream after everything that was written is sent. */
  end(): void
  /** Cuts the stream of a client that does not read. The client will resume the stream. */
  cut(): void
  /** Aborted when the client is gone. */
  readonly closed: AbortSignal
}

export interface StreamOptions {
  /** The namespace whose hooks are sent. Absent: the hooks of all namespaces are sent. */
  readonly namespace?: string
  /** The resourceVersion at which the page's last stream ended, from its last `id`. */
  readonly from?: string
  /** The kinds of the page's targets, for a stream that resumes. */
  readonly kinds?: readonly string[]
  readonly version: string
  /** Aborted with an {@link EndedWhy} when the session ends. */
  readonly sessionEnded: AbortSignal
  /** Called when the API server no longer accepts the session's credential. */
  readonly onExpired: () => void
}

/** An open watch without an error counts as live after this time, in milliseconds. */
const liveAfterMs = 1_000

const isReason = (why: unknown): why is EndedWhy => why === 'expired' || why === 'forbidden' || why === 'signed out'

/**
 * Lists the hooks, then watches them, and sends rows as they arrive. Keeps no hooks in memory: a list
 * is read as fast as the client takes it.
 * Every 30 s it checks whether the user may still read hooks, because an open watch continues after
 * its token or role binding ends. Resolves when the stream is over.
 */
export const streamHooks = async (world: StreamWorld, options: StreamOptions, out: Out): Promise<void> => {
  const { clock } = world
  const { namespace, sessionEnded } = options
  const over = new AbortController()
  const stop = AbortSignal.any([out.closed, over.signal])
  const write = writer(out, stop)
  const end = (why: EndedWhy, message: string): void => {
    if (stop.aborted) return
    write({ type: 'ended', why, message })
    out.end()
    over.abort()
  }
  const sessionOver = (): void => {
    const why: unknown = sessionEnded.reason
    if (why === 'expired') end('expired', 'The session or token has ended')
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
  const countKinds = followCounts(world, namespace, stop, event => write(event))
  countKinds(options.kinds ?? [])
  const cancelHeartbeat = every(clock, ofStream.heartbeatMs, () => out.write(':\n\n'))
  const listing = limited(clock, ofStream.listedWithinMs, () => out.cut())
  const cancelLook = every(clock, ofStream.lookAgainMs, () => void lookAgain(world, namespace).catch(refused))
  try {
    await follow(world, options, {
      write,
      taken: () => taken(clock, out, stop),
      listing,
      refused,
      seen: rows => countKinds(rows.map(kindOf)),
      stop,
    })
  } finally {
    cancelHeartbeat()
    cancelLook()
    listing.end()
    sessionEnded.removeEventListener('abort', sessionOver)
    over.abort()
  }
}

type Write = (event: StreamEvent, id?: string) => void

/** Returns what writes events. It writes none after the end, and cuts a client with too much unread. */
const writer =
  (out: Out, stop: AbortSignal): Write =>
  (event, id) => {
    if (stop.aborted) return
    out.write(`${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(event)}\n\n`)
    if (out.waiting() > ofStream.maxUnreadBytes) out.cut()
  }

/**
 * Resolves when the client has taken everything that was written, or when `stop` is aborted. Cuts a
 * client that takes longer than {@link ofStream.takenWithinMs}.
 */
const taken = async (clock: Environment['clock'], out: Out, stop: AbortSignal): Promise<void> => {
  const drained = new AbortController()
  void out.drained().then(() => drained.abort())
  await wait(clock, ofStream.takenWithinMs, AbortSignal.any([drained.signal, stop]))
  if (!drained.signal.aborted && !stop.aborted) out.cut()
}

interface Following {
  readonly write: Write
  /** Resolves when the client has taken what was written, or is cut. */
  readonly taken: () => Promise<void>
  /** Notes when lists begin and end. Cuts a client that takes too long for a list. */
  readonly listing: ReturnType<typeof limited>
  /**
   * Ends the stream with a message if an error says that the user may no longer read. Returns
   * whether it did.
   */
  readonly refused: (error: unknown) => boolean
  readonly seen: (rows: readonly ListedHook[]) => void
  readonly stop: AbortSignal
}

const follow = async (world: StreamWorld, { from, namespace }: StreamOptions, following: Following): Promise<void> => {
  const { listing, refused, seen, stop, write } = following
  const source = { type: hooks, ...(namespace !== undefined && { namespace }) }
  let version = from
  let stale = false
  const live = (): void => {
    if (stale) write({ type: 'live' })
    stale = false
  }
  const changes = debounce<ListedHook>(world.clock, changed => {
    const rows = [...changed.values()].filter(row => row !== undefined)
    const gone = [...changed].flatMap(([key, row]) => (row === undefined ? [key] : []))
    // The rows that follow are of this version too: a page that is cut before them must not resume after them.
    if (gone.length > 0) write({ type: 'gone', keys: gone }, rows.length > 0 ? undefined : version)
    if (rows.length > 0) write({ type: 'rows', rows }, version)
    seen(rows)
  })
  const opened = (): (() => void) => world.clock.after(liveAfterMs, live)
  for await (const change of watchObjects(world, source, stop, { from, opened })) {
    switch (change.type) {
      case 'list':
        // After a part of the list, an older row would bring back a hook that is deleted.
        changes.flush()
        listing.begin()
        write({ type: 'begin' })
        break
      case 'page':
        await show(change, following)
        if (stop.aborted) return changes.drop()
        break
      case 'listed':
        listing.end()
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
        // Where the API server fails, it is not the client that takes long.
        if (!isStatus(change.error, 410)) listing.end()
        if (!isStatus(change.error, 410) && !stale) {
          stale = true
          write({ type: 'stale', why: whyOf(change.error) })
        }
    }
  }
  changes.drop()
}

/**
 * Sends a part of a list. Waits until the client has taken it, so that the next part is read no
 * sooner.
 */
const show = async ({ large, objects }: ListPage, { seen, stop, taken, write }: Following): Promise<void> => {
  const rows = [...objects, ...(large ? [large] : [])].map(rowOf)
  for (let first = 0; first < rows.length && !stop.aborted; first += ofStream.rowsAtOnce) {
    write({ type: 'rows', rows: rows.slice(first, first + ofStream.rowsAtOnce) })
    await taken()
  }
  seen(rows)
}

/** Returns the row of a changed hook, or undefined if it was deleted. */
const shownRow = ({ object, type }: Exclude<WatchEvent, { type: 'bookmark' }>): ListedHook | undefined => {
  return type === 'remove' ? undefined : rowOf(object)
}

const kindOf = ({ target = '' }: ListedHook): string => target.split('/', 1)[0] ?? ''

const shownKey = ({ metadata }: StoredObject): string => `${metadata.namespace ?? ''}/${metadata.name}`

/**
 * Lists at most one hook, because the API server checks the user's rights again only for a new
 * request. Throws if the user may no longer list hooks, and ignores other errors.
 */
const lookAgain = async ({ api }: StreamWorld, namespace: string | undefined): Promise<void> => {
  const path = collectionPath(hooks, namespace)
  const answer = await api
    .request({ method: 'GET', path, query: { limit: '1' }, lane: 'bulk', timeoutMs: apiWithinMs })
    .catch(() => undefined)
  if (answer?.status === 401 || answer?.status === 403) throw new ApiError(answer, 'looking again')
}

/** Calls `run` if more than `ms` milliseconds pass from the first `begin` to the next `end`. */
const limited = (clock: Environment['clock'], ms: number, run: () => void) => {
  let cancel: (() => void) | undefined
  return {
    begin: (): void => void (cancel ??= clock.after(ms, run)),
    end: (): void => {
      cancel?.()
      cancel = undefined
    },
  }
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
