import type { ServerResponse } from 'node:http'
import { objectNameRule } from '../../../src/api/names.ts'
import { parameter, type Api, type Context } from '../context.ts'
import { RefusedError } from '../refused.ts'
import { streamHooks, type Out } from '../stream.ts'

/** A resourceVersion is opaque, but always short and made of these characters. */
const versionPattern = /^[A-Za-z0-9-]{1,64}$/

/** The largest number of kinds that a page may name. All drivers together have fewer. */
const maxKinds = 20

/** Streams the hooks of one namespace or of all. */
export const streamRoutes = (api: Api, { sessionOf, sessions, version, world }: Context): void => {
  api.get('/stream', async (request, response) => {
    const { query } = request
    const session = sessionOf(request)
    const namespace = parameter(query, 'namespace')
    if (namespace !== '' && !objectNameRule.holds(namespace)) {
      throw new RefusedError(400, 'BadRequest', 'namespace is not a valid name')
    }
    const free = sessions.stream(session)
    if (free === undefined) {
      throw new RefusedError(429, 'TooManyStreams', 'too many pages are open; close some', {
        headers: { 'retry-after': '5' },
      })
    }
    const from = request.get('last-event-id') ?? ''
    const options = {
      ...(namespace === '' ? {} : { namespace }),
      ...(versionPattern.test(from) ? { from } : {}),
      kinds: parameter(query, 'kinds').split(',').slice(0, maxKinds),
      version,
      sessionEnded: session.ended,
      onExpired: () => sessions.end(session, 'expired'),
    }
    // Asks proxies not to buffer the events.
    response.writeHead(200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' })
    await streamHooks({ ...world, api: session.api }, options, outOf(response)).finally(free)
    response.end()
  })
}

const outOf = (response: ServerResponse): Out => {
  const closed = new AbortController()
  response.once('close', () => closed.abort())
  return {
    write: text => void response.write(text),
    waiting: () => response.writableLength,
    drained: async () => {
      if (response.writableNeedDrain) await new Promise(resolve => response.once('drain', resolve))
    },
    end: () => void response.end(),
    cut: () => {
      response.destroy()
      closed.abort()
    },
    closed: closed.signal,
  }
}
