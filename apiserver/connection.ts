import type { ApiConnection, ApiRequest, ApiResponse, Picked, WatchLine } from '../src/environment/environment.ts'
import { JsonPicker } from '../src/environment/json-picker.ts'
import { maxAnswerBytes } from '../src/environment/large-answers.ts'
import { WatchRefused } from '../src/environment/unreachable.ts'
import type { ApiServer, ServerRequest } from './server.ts'

/**
 * Returns a connection to an in-memory server in the same process, without sockets, for tests and
 * simulations. The server can always be reached. Answers, refusals too, arrive in the next
 * microtask.
 */
export const connectInProcess = (server: ApiServer): ApiConnection => ({
  request: request => Promise.resolve().then(() => answerTo(request, server)),
  watch: (request, stop) => {
    const streamed = lines(server, request, stop)
    return {
      [Symbol.asyncIterator]: () => streamed,
      ask: asked => Promise.resolve().then(() => answerTo(asked, server)),
    }
  },
})

const answerTo = (request: ApiRequest, server: ApiServer): ApiResponse => {
  const response = server.handle(serverRequest(request))
  const picked = pickedOf(response.body, request)
  return picked ? { ...response, body: '', tooLarge: picked } : response
}

/**
 * Returns the picked values of an answer or a line that is longer than `maxBytes`. Undefined if it
 * is not longer.
 */
const pickedOf = (text: string, { maxBytes = maxAnswerBytes, pick = [] }: ApiRequest): Picked | undefined => {
  // A UTF-16 unit takes at most three bytes.
  if (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) return undefined
  const picker = new JsonPicker(pick)
  picker.write(Buffer.from(text))
  return picker.picked
}

const serverRequest = ({ as, method, path, query, contentType, body }: ApiRequest): ServerRequest => ({
  method,
  path,
  contentType: contentType ?? 'application/json',
  userAgent: 'receiver-hooks',
  ...(as === 'metadata' && { accept: 'application/json;as=PartialObjectMetadata' }),
  ...(as === 'metadata list' && { accept: 'application/json;as=PartialObjectMetadataList' }),
  ...(query === undefined ? {} : { query }),
  ...(body === undefined ? {} : { body }),
})

/**
 * Yields the lines of a watch from a queue, so that the server never waits for the reader. Of a
 * line that is too long, it yields the picked values. Throws WatchRefused if the server refuses the
 * watch.
 */
async function* lines(
  server: ApiServer,
  request: ApiRequest,
  stop: AbortSignal,
): AsyncGenerator<WatchLine, void, undefined> {
  const waiting: string[] = []
  let ended = stop.aborted
  let wake = (): void => undefined
  const end = (): void => {
    ended = true
    wake()
  }
  const query = { ...request.query, watch: 'true' }
  const cancel = server.watch(
    { ...serverRequest(request), query },
    {
      line: text => {
        waiting.push(text)
        wake()
      },
      end,
    },
  )
  if (typeof cancel !== 'function') throw new WatchRefused(cancel.status, cancel.body)
  stop.addEventListener('abort', end)
  try {
    for (;;) {
      while (waiting.length > 0 && !stop.aborted) {
        const line = waiting.shift()
        if (line !== undefined) yield pickedOf(line, request) ?? line
      }
      if (ended || stop.aborted) return
      await new Promise<void>(resolve => {
        wake = resolve
      })
    }
  } finally {
    stop.removeEventListener('abort', end)
    cancel()
  }
}
