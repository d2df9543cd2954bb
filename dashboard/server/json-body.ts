import { json, type RequestHandler } from 'express'
import { cutShort } from '../../src/environment/connections.ts'
import { RefusedError, statusOf } from './refused.ts'

/**
 * Returns a handler that parses a JSON body of at most `maxBytes`. If the headers show another type
 * or a larger body, nothing is read.
 */
export const jsonBody = (maxBytes: number): RequestHandler => {
  const read = json({ limit: maxBytes, inflate: false })
  return (request, response, next) => {
    if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes)
    if (!request.is('application/json')) {
      throw new RefusedError(415, 'UnsupportedMediaType', 'the body must be application/json')
    }
    if (request.headers.expect !== undefined) response.writeContinue()
    read(request, response, (error?: unknown) => {
      if (error !== undefined) next(problemOf(error, maxBytes))
      else next(cutShort in request ? problemOf(undefined, maxBytes) : undefined)
    })
  }
}

/**
 * Returns the refusal for a parser error. The parser's messages quote the body, so they are neither
 * repeated nor logged.
 */
const problemOf = (error: unknown, maxBytes: number): RefusedError => {
  switch (statusOf(error)) {
    case 413:
      return tooLarge(maxBytes)
    case 415:
      return new RefusedError(415, 'UnsupportedMediaType', 'the body must be UTF-8 that is not compressed')
    default:
      return new RefusedError(400, 'BadRequest', 'the body is not JSON')
  }
}

const tooLarge = (maxBytes: number): RefusedError =>
  new RefusedError(413, 'TooLarge', `the body is too large: at most ${maxBytes} bytes are allowed here`)
