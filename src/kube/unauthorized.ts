import type { ApiConnection, ApiRequest, ApiResponse, Clock, WatchLine } from '../environment/environment.ts'
import { WatchRefused } from '../environment/unreachable.ts'

/** A connection that knows whether the API server still accepts this process's credentials. */
export interface Recognised {
  readonly api: ApiConnection
  /**
   * Returns whether every answer has been 401 for a while: the account was deleted, or its token is
   * no longer valid.
   */
  readonly unauthorized: () => boolean
}

/**
 * How long every answer must have been 401 before `unauthorized` returns true, in milliseconds. A
 * token that is being replaced is no reason to fail.
 */
const unauthorizedForMs = 5000

/**
 * How often to check whether the API server accepts the credentials again, in milliseconds. Without
 * posts there may be no other request.
 */
const askEveryMs = 5000

/** The time limit of that check, in milliseconds. */
const askWithinMs = 2000

/**
 * Observes the answers of a connection. While there are only 401s, `unauthorized` sends a request
 * of its own from time to time.
 */
export const recognised = (api: ApiConnection, clock: Pick<Clock, 'monotonic'>): Recognised => {
  /** Since when every answer has been 401, in monotonic milliseconds. Undefined if the last one was not. */
  let since: number | undefined
  let askedAt = -Infinity

  const note = ({ status }: { readonly status: number }): void => {
    since = status === 401 ? (since ?? clock.monotonic()) : undefined
  }
  const watched: ApiConnection = {
    // Returns the same promise, so that its caller is not delayed.
    request: request => {
      const answered = api.request(request)
      answered.then(note, ignored)
      return answered
    },
    watch: (request, stop) => {
      const opened = api.watch(request, stop)
      const lines = async function* (): AsyncGenerator<WatchLine> {
        try {
          yield* opened
        } catch (error) {
          if (error instanceof WatchRefused) note(error)
          throw error
        }
      }
      // Passes on the function `ask` of the watch. Without it no watch could be proven to be
      // current, and every post would read its hook from the API server.
      const asked = async (question: ApiRequest): Promise<ApiResponse | undefined> => {
        const answer = await opened.ask(question)
        if (answer) note(answer)
        return answer
      }
      return { ask: asked, [Symbol.asyncIterator]: lines }
    },
  }
  const ask = (): void => {
    const now = clock.monotonic()
    if (now - askedAt < askEveryMs) return
    askedAt = now
    watched.request({ method: 'GET', path: '/version', lane: 'bulk', timeoutMs: askWithinMs }).catch(() => undefined)
  }
  return {
    api: watched,
    unauthorized: () => {
      if (since === undefined) return false
      ask()
      return clock.monotonic() - since >= unauthorizedForMs
    },
  }
}

/** Ignores an error of a request. The caller of the request gets the same error. */
const ignored = (): void => {}
