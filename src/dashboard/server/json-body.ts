import { json, type RequestHandler } from 'express'
import { isCutShort } from '../../environment/cut-short.ts'
import { Refused, statusOf } from './refused.ts'

/** Reads a body of JSON of at most so many bytes. Where the head says already that it is none, nothing is read. */
export const jsonBody = (maxBytes: number): RequestHandler => {
  const read = json({ limit: maxBytes, inflate: false })
  return (request, response, next) => {
    if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes)
    if (!request.is('application/json')) {
      throw new Refused(415, 'UnsupportedMediaType', 'the body must be application/json')
    }
    if (request.headers.expect !== undefined) response.writeContinue()
    read(request, response, (error?: unknown) => {
      if (error !== undefined) next(problemOf(error, maxBytes))
      else next(isCutShort(request) ? problemOf(undefined, maxBytes) : undefined)
    })
  }
}

/** The parser's own errors hold the body: none of that is repeated, or logged. */
const problemOf = (error: unknown, maxBytes: number): Refused => {
  switch (statusOf(error)) {
    case 413:
      return tooLarge(maxBytes)
    case 415:
      return new Refused(415, 'UnsupportedMediaType', 'the body must be UTF-8 that is not compressed')
    default:
      return new Refused(400, 'BadRequest', 'the body is no JSON')
  }
}

const tooLarge = (maxBytes: number): Refused =>
  new Refused(413, 'TooLarge', `the body is too large: it may be ${maxBytes} bytes long here`)
