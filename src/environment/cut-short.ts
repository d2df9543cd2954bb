import type { IncomingMessage } from 'node:http'

/**
 * Ends the body of a request where bytes follow that are no part of it. By itself Node would close the connection, and with it
 * the answers to the requests before this one; so it does as well with a body that ends and is not `complete`.
 */
export const cutShort = (request: IncomingMessage): void => {
  Object.assign(request, { complete: true, [mark]: true })
  request.push(null)
}

/** True if a body has ended early: it must never be taken for a whole one. */
export const isCutShort = (request: IncomingMessage): boolean => mark in request

const mark = Symbol('cut short')
