import { waitAfter, type Backoff } from '../environment/backoff.ts'
import { jittered } from '../environment/chance.ts'
import type { Environment, Random } from '../environment/environment.ts'
import { wait } from '../environment/wait.ts'
import { isStatus } from './errors.ts'
import { listPages } from './list.ts'
import type { ListPage } from './pager.ts'
import type { Source } from './source.ts'
import { MalformedEvent, openWatch, openWithinMs, type OpenWatch, type WatchEvent } from './watch.ts'

/**
 * What {@link watchObjects} yields: the beginning, the pages and the end of a list, the events of a
 * watch, and failures.
 */
export type ObjectChange =
  /** A list begins. Its objects do not count before `listed`; a list that fails is followed by a new one. */
  | { readonly type: 'list' }
  | ({ readonly type: 'page' } & ListPage)
  | { readonly type: 'listed'; readonly version: string }
  | WatchEvent
  /** The list or the watch failed. It is tried again after a wait, with a new list if `relists`. */
  | { readonly type: 'cut'; readonly error: unknown; readonly relists: boolean; readonly retryInMs: number }

export interface WatchObjectsOptions {
  /** The version from which to watch without a list. Undefined: a list is read first. */
  readonly from?: string | undefined
  /** Called with each opened watch. The function that it returns is called when the watch ends. */
  readonly opened?: (watch: OpenWatch) => () => void
}

/**
 * Lists and watches the objects of `source`. All parts of the product use this function. It resumes
 * from the last version that was seen, or lists again if the API server no longer has that version.
 * It ends when `stop` is aborted or you leave the loop. It never throws: a failure is yielded as a
 * change.
 */
export async function* watchObjects(
  environment: Pick<Environment, 'api' | 'clock' | 'random'>,
  source: Source,
  stop: AbortSignal,
  { from, opened }: WatchObjectsOptions = {},
): AsyncGenerator<ObjectChange, void, undefined> {
  const { clock } = environment
  const retries = new Retries(environment.random)
  let version = from
  let answered = false
  while (!stop.aborted) {
    try {
      if (version === undefined) {
        yield { type: 'list' }
        let listed = ''
        for await (const page of listPages(environment.api, source, stop)) {
          listed = page.version
          yield { type: 'page', ...page }
        }
        version = listed
        answered = true
        yield { type: 'listed', version }
      }
      const watch = openWatch(environment, source, version, stop)
      const cancelReset = clock.after(openWithinMs, () => retries.reset())
      const ended = opened?.(watch)
      try {
        for await (const event of watch.events) {
          yield event
          version = event.version
        }
      } finally {
        ended?.()
        cancelReset()
      }
      answered = true
    } catch (error) {
      if (stop.aborted) return
      const relists = version === undefined || needsList(error)
      // This watch was resumed, and its first answer asks for a list. So the API server is back:
      // list soon. Right after another list, that would be a loop.
      if (relists && !answered && version !== undefined) retries.reset()
      if (relists) version = undefined
      answered = false
      const retryInMs = Math.round(retries.next())
      yield { type: 'cut', error, relists, retryInMs }
      await wait(clock, retryInMs, stop)
    }
  }
}

/** The first retry is fast, in milliseconds, because most failures are short. */
const quickMs = 50

/**
 * The longest wait before a retry, in milliseconds. It is short, so that a new hook is seen soon
 * after an outage. A process has only a few watches, so retries are no load for the API server.
 */
const maxRetryMs = 10_000

const backoff: Backoff = { firstMs: 500, maxMs: maxRetryMs / 1.5 }

/**
 * Computes the waits before retries: first {@link quickMs}, then 500 ms, doubled each time. Each
 * wait is lengthened by a random part of up to half of it. No wait is longer than {@link
 * maxRetryMs}.
 */
class Retries {
  readonly #random: Random
  #isFirst = true
  #attempts = 0

  constructor(random: Random) {
    this.#random = random
  }

  next(): number {
    const ms = this.#isFirst ? quickMs : waitAfter(backoff, this.#attempts++)
    this.#isFirst = false
    return jittered(this.#random, ms, 0.5)
  }

  reset(): void {
    this.#isFirst = true
    this.#attempts = 0
  }
}

/**
 * Returns whether a watch cannot be resumed: the API server no longer has the version, or sent
 * something unreadable.
 */
const needsList = (error: unknown): boolean => error instanceof MalformedEvent || isStatus(error, 410)
