import { waitAfter, type Backoff } from '../environment/backoff.ts'
import { jittered } from '../environment/chance.ts'
import type { Environment, Random } from '../environment/environment.ts'
import { wait } from '../environment/wait.ts'
import { isStatus } from './errors.ts'
import { listPages } from './list.ts'
import type { Page } from './pager.ts'
import type { Source } from './source.ts'
import { MalformedEvent, openWatch, openWithinMs, type OpenWatch, type WatchEvent } from './watch.ts'

/** What happens to the objects of a source. */
export type ObjectChange =
  /** A list begins. Nothing of it counts before `listed`: a list that fails is followed by a new one. */
  | { readonly type: 'list' }
  | ({ readonly type: 'page' } & Page)
  | { readonly type: 'listed'; readonly version: string }
  | WatchEvent
  /** The list or the watch has failed. It is tried again after a wait, and with a new list where `relists`. */
  | { readonly type: 'cut'; readonly error: unknown; readonly relists: boolean; readonly retryInMs: number }

export interface WatchObjectsOptions {
  /** The version from which to watch, without a list. */
  readonly from?: string | undefined
  /** Is called with each watch that was opened, and what it returns once that has ended. */
  readonly opened?: (watch: OpenWatch) => () => void
}

/**
 * The one list-and-watch: lists the objects of `source`, watches from the list's version on, and resumes from the last version that
 * was seen. Where the API server no longer has that one, it lists again. Ends when `stop` is aborted or you leave the loop,
 * and never throws: a failure is a change of its own.
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
      // A resumed watch found that the API server is back: list at once. After a list, that would be a loop.
      if (relists && !answered && version !== undefined) retries.reset()
      if (relists) version = undefined
      answered = false
      const retryInMs = Math.round(retries.next())
      yield { type: 'cut', error, relists, retryInMs }
      await wait(clock, retryInMs, stop)
    }
  }
}

/** The first retry is quick, since most cuts are over at once, in milliseconds. */
const quickMs = 50

/** Short enough that a new hook is not long unseen after an outage: each process has no more than four watches. */
const maxRetryMs = 10_000

const backoff: Backoff = { firstMs: 500, maxMs: maxRetryMs / 1.5 }

/** Waits that double from 500 ms up to 10 s, after one quick retry. Each is lengthened by up to its half, by chance. */
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

/** Whether nothing can be resumed: the API server no longer has the version, or what it sent cannot be read. */
const needsList = (error: unknown): boolean => error instanceof MalformedEvent || isStatus(error, 410)
