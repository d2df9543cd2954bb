import type { IncomingMessage } from 'node:http'

/**
 * Ends the body of a request before bytes that are not part of it. Otherwise Node would close the
 * connection, and the earlier requests would get no answers. Node would also close it if the body
 * ended without being `complete`.
 */
export const cutShort = (request: IncomingMessage): void => {
  Object.assign(request, { complete: true, [mark]: true })
  request.push(null)
}

/** Returns whether a body ended early. Such a body must never count as a whole one. */
export const isCutShort = (request: IncomingMessage): boolean => mark in request

const mark = Symbol('cut short')
