import type { ApiConnection, ApiRequest, ApiResponse, Clock, WatchLine } from '../environment/environment.ts'
import { WatchRefused } from '../environment/unreachable.ts'

/** A connection that knows whether the API server takes this process for nobody. */
export interface Recognised {
  readonly api: ApiConnection
  /** True while every request has been answered 401 for a while: its account was deleted, or its token is valid no more. */
  readonly unauthorized: () => boolean
}

/** How long every answer has to be 401, in milliseconds: a token that is being replaced is no reason to fail. */
const patienceMs = 5000

/** How often it is asked whether that is over, in milliseconds: without posts nothing else might ask. */
const askEveryMs = 5000

/** How long that question may take, in milliseconds. */
const askWithinMs = 2000

/** Watches the answers of a connection. `unauthorized` asks by itself, now and then, once there was nothing but 401. */
export const recognised = (api: ApiConnection, clock: Pick<Clock, 'monotonic'>): Recognised => {
  /** Since when there was nothing but 401, in monotonic milliseconds. */
  let since: number | undefined
  let askedAt = -Infinity

  const note = ({ status }: { readonly status: number }): void => {
    since = status === 401 ? (since ?? clock.monotonic()) : undefined
  }
  const watched: ApiConnection = {
    // The promise is handed on as it is: whoever waits for it is not held up.
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
      // Without the way to ask, no watch could be proven to be current, and every post would read its hook live.
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
      return clock.monotonic() - since >= patienceMs
    },
  }
}

/** Whoever asked is told of a failure. */
const ignored = (): void => {}
