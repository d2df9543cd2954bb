import { once } from 'node:events'
import type { Dispatcher } from 'undici'
import { unlessAborted } from './wait.ts'
import type { ApiRequest, ApiResponse, Watch, WatchLine } from './environment.ts'
import { JsonPicker } from './json-picker.ts'
import { largeFromBytes, maxAnswerBytes } from './large-answers.ts'
import { exchange, optionsOf, reasonOf, type Upstream } from './exchange.ts'
import { Unreachable, WatchRefused } from './unreachable.ts'

/** How much of a refusal's body the error quotes, in characters. */
const refusalLength = 500

/** A connection for one watch and for requests at the same time. */
export interface WatchConnection {
  readonly upstream: Upstream
  /**
   * Returns whether requests can share the connection with the watch. Call it only after the watch
   * has opened.
   */
  readonly isShared: () => boolean
  readonly close: () => void
}

/** Opens a watch over a connection of its own, and closes both together. */
export const watchOver = (connection: WatchConnection, request: ApiRequest, stop: AbortSignal): Watch => {
  const opened = new AbortController()
  const ended = new AbortController()
  let isBehind = false
  const lines = linesOver(connection, request, stop, {
    opened: () => opened.abort(),
    ended: () => ended.abort(),
    waits: isWaiting => void (isBehind = isWaiting),
  })
  return {
    [Symbol.asyncIterator]: () => lines,
    ask: async asked => {
      const first = AbortSignal.any([opened.signal, ended.signal, AbortSignal.timeout(asked.timeoutMs)])
      if (!first.aborted) await once(first, 'abort')
      if (!opened.signal.aborted) throw new Unreachable(`${asked.method} ${asked.path}: the watch is not open`, false)
      if (!connection.isShared()) return undefined
      const answer = await exchange(connection.upstream, asked)
      // Lines from before the answer are not read yet, so the answer would say that they are. It is no
      // reason to close the watch: the next one would wait for the same memory.
      return isBehind && answer.status === 200 ? waitsForMemory : answer
    },
  }
}

/** The answer to a request over a watch whose lines wait for memory: this process is busy. */
const waitsForMemory: ApiResponse = { status: 429, headers: {}, body: '' }

/** What happens to the connection of a watch. `waits`: whether its lines wait for memory from now on. */
interface WatchEvents {
  readonly opened: () => void
  readonly ended: () => void
  readonly waits: (isWaiting: boolean) => void
}

async function* linesOver(
  { close, upstream }: WatchConnection,
  request: ApiRequest,
  stop: AbortSignal,
  events: WatchEvents,
): AsyncGenerator<WatchLine, void, undefined> {
  if (stop.aborted) return close()
  const abort = new AbortController()
  const stopped = (): void => abort.abort(new Error('stopped'))
  stop.addEventListener('abort', stopped)
  const late = (): void => abort.abort(new Error(`no answer within ${request.timeoutMs} ms`))
  const timer = setTimeout(late, request.timeoutMs)
  try {
    const authorization = await unlessAborted(upstream.authorization(), abort.signal)
    const options = optionsOf(upstream, request, authorization)
    const response = await upstream.dispatcher.request({ ...options, signal: abort.signal })
    if (response.statusCode !== 200) throw await refusalOf(request, response)
    clearTimeout(timer)
    events.opened()
    yield* linesOf(response.body, upstream, request, events)
  } catch (error) {
    if (stop.aborted) return
    if (error instanceof WatchRefused) throw error
    // A watch changes nothing, so it does not matter whether the server has seen it.
    throw new Unreachable(`watch of ${request.path}: ${reasonOf(error)}`, true, error)
  } finally {
    clearTimeout(timer)
    stop.removeEventListener('abort', stopped)
    abort.abort()
    events.ended()
    close()
  }
}

const refusalOf = async (request: ApiRequest, response: Dispatcher.ResponseData): Promise<WatchRefused> => {
  const said = (await response.body.text()).slice(0, refusalLength)
  return new WatchRefused(
    response.statusCode,
    `watch of ${request.path}: the API server answered ${response.statusCode}: ${said}`,
  )
}

/**
 * Splits a stream into lines. An incomplete last line is dropped. If a line is too long, only its
 * picked values are kept.
 */
async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  { large }: Pick<Upstream, 'large'>,
  { maxBytes = maxAnswerBytes, pick = [] }: ApiRequest,
  { waits }: Pick<WatchEvents, 'waits'>,
): AsyncGenerator<WatchLine, void, undefined> {
  let parts: Uint8Array[] = []
  let bytes = 0
  let picker: JsonPicker | undefined
  let giveBack: (() => void) | undefined
  try {
    for await (const chunk of chunks) {
      let from = 0
      for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, from)) {
        const last = chunk.subarray(from, end)
        from = end + 1
        picker?.write(last)
        yield picker ? picker.picked : textOf(parts, last)
        giveBack?.()
        ;[parts, bytes, picker, giveBack] = [[], 0, undefined, undefined]
      }
      if (from === chunk.length) continue
      const rest = chunk.subarray(from)
      bytes += rest.length
      if (picker) picker.write(rest)
      // Copies the bytes, so that the line does not keep the whole chunk in memory.
      else parts.push(Uint8Array.from(rest))
      if (!picker && bytes > maxBytes) {
        picker = new JsonPicker(pick)
        for (const part of parts) picker.write(part)
        parts = []
        giveBack?.()
      } else if (!picker && bytes > largeFromBytes && !giveBack) {
        waits(true)
        giveBack = await large.take(maxBytes)
        waits(false)
      }
    }
  } finally {
    giveBack?.()
  }
}

const lineFeed = 0x0a

const textOf = (parts: readonly Uint8Array[], last: Uint8Array): string =>
  parts.length === 0
    ? Buffer.from(last.buffer, last.byteOffset, last.length).toString('utf8')
    : Buffer.concat([...parts, last]).toString('utf8')
