import { json, type RequestHandler } from 'express'
import { Refused, tooLarge } from './refused.ts'

/** Reads a body of JSON of at most so many bytes. Where the head says already that it is none, nothing is read. */
export const jsonBody = (maxBytes: number): RequestHandler => {
  const read = json({ limit: maxBytes, inflate: false })
  return (request, response, next) => {
    if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge()
    if (!request.is('application/json')) {
      throw new Refused(415, 'UnsupportedMediaType', 'the body must be application/json')
    }
    if (request.headers.expect !== undefined) response.writeContinue()
    read(request, response, next)
  }
}
