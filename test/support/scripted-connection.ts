import type { ApiConnection, ApiRequest, ApiResponse, WatchLine } from '../../src/environment/environment.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'

/** A watch that the code under test has opened, as the server's side sees it. */
export interface ScriptedWatch {
  readonly request: ApiRequest
  /** Whether the other side still listens. */
  readonly open: boolean
  /** Sends lines: text as it is, a Map as what is picked of a line that is too large, anything else as JSON. */
  send(...lines: readonly unknown[]): void
  /** Ends it in order. */
  end(): void
  /** Cuts it. */
  cut(error?: Error): void
}

export interface ScriptedConnection extends ApiConnection {
  /** Every request so far, watches not among them. */
  readonly requests: readonly ApiRequest[]
  readonly watches: readonly ScriptedWatch[]
  /** What was asked over the connections of watches. */
  readonly asked: readonly ApiRequest[]
  /** The newest watch; throws when none was opened. */
  watching(): ScriptedWatch
}

/** What a test lets a request be answered with: an Error rejects it. */
export type Scripted = (request: ApiRequest, count: number) => ApiResponse | Error | Promise<ApiResponse | Error>

/** Returns an answer whose body is JSON. */
export const answer = (status: number, body: unknown, headers: ApiResponse['headers'] = {}): ApiResponse => ({
  status,
  headers,
  body: JSON.stringify(body),
})

/** What a consistent list of nothing is answered. */
const nothingNew = answer(200, { metadata: { resourceVersion: '1' }, items: [] })

/**
 * Returns a connection whose other side is the test. `answers` is asked for every request, with how many came before it;
 * `opens` may refuse a watch with an error; `asks` is asked for what comes over the connection of a watch, which is shared
 * unless it is undefined.
 */
export const scriptedConnection = (
  answers: Scripted,
  opens: (request: ApiRequest, count: number) => Error | undefined = () => undefined,
  asks: Scripted | undefined = () => nothingNew,
): ScriptedConnection => {
  const requests: ApiRequest[] = []
  const asked: ApiRequest[] = []
  const watches: ScriptedWatch[] = []
  return {
    requests,
    watches,
    asked,
    watching: () => {
      const newest = watches.at(-1)
      if (newest === undefined) throw new Error('no watch was opened')
      return newest
    },
    request: async request => {
      const answered = await answers(request, requests.push(request) - 1)
      if (answered instanceof Error) throw answered
      return answered
    },
    watch: (request, stop) => {
      const { watch, lines } = scriptedWatch(request, stop, opens(request, watches.length))
      watches.push(watch)
      return {
        [Symbol.asyncIterator]: () => lines[Symbol.asyncIterator](),
        ask: async asking => {
          const answered = await asks?.(asking, asked.push(asking) - 1)
          if (answered instanceof Error) throw answered
          return answered
        },
      }
    },
  }
}

const scriptedWatch = (
  request: ApiRequest,
  stop: AbortSignal,
  refusal: Error | undefined,
): { watch: ScriptedWatch; lines: AsyncIterable<WatchLine> } => {
  const queue: (WatchLine | Error)[] = refusal === undefined ? [] : [refusal]
  let open = true
  let wake = (): void => {}
  const push = (...items: (WatchLine | Error)[]): void => {
    queue.push(...items)
    wake()
  }
  stop.addEventListener('abort', () => wake())
  // An Error in the queue throws, but `end` ends in order.
  const lines = async function* (): AsyncGenerator<WatchLine, void, undefined> {
    try {
      for (;;) {
        const next = queue.shift()
        if (stop.aborted || next === end) return
        if (next instanceof Error) throw next
        if (next !== undefined) yield next
        else await new Promise<void>(resolve => (wake = resolve))
      }
    } finally {
      open = false
    }
  }
  const watch: ScriptedWatch = {
    request,
    get open() {
      return open
    },
    send: (...sent) => push(...sent.map(lineOf)),
    end: () => push(end),
    cut: (error = new Unreachable('cut by the test', true)) => push(error),
  }
  return { watch, lines: lines() }
}

const end = new Error('ended in order')

const lineOf = (sent: unknown): WatchLine => {
  if (sent instanceof Map) return new Map([...sent].map(([path, value]) => [String(path), String(value)]))
  return typeof sent === 'string' ? sent : JSON.stringify(sent)
}
