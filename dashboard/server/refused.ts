import type { ErrorRequestHandler } from 'express'
import type { Log } from '../../src/environment/environment.ts'
import type { ServerRefusal } from '../protocol.ts'

/** An error for a refused request. The page gets its status, reason and message. */
export class RefusedError extends Error {
  override readonly name: string = 'Refused'
  readonly status: number
  readonly refusal: ServerRefusal
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    reason: string,
    message: string,
    { fields, headers = {} }: Partial<Pick<RefusedError, 'headers'>> & Pick<ServerRefusal, 'fields'> = {},
  ) {
    super(message)
    this.status = status
    this.refusal = { reason, message, ...(fields === undefined ? {} : { fields }) }
    this.headers = headers
  }
}

/** Answers an error with its reason and without its stack. */
export const errorHandler =
  (log: Log): ErrorRequestHandler =>
  (error: unknown, request, response, _next) => {
    const refused = refusedBy(error)
    if (refused === undefined) log.error({ error }, 'a request of the dashboard failed')
    if (response.headersSent) return void response.destroy()
    // Closes the connection, because the rest of the request's body is not read.
    if (!request.complete) response.set('connection', 'close')
    const { headers, refusal, status } = refused ?? failed
    response.status(status).set(headers).json(refusal)
  }

const failed = new RefusedError(500, 'InternalError', 'the dashboard failed; its log says why')

const refusedBy = (error: unknown): RefusedError | undefined => {
  if (error instanceof RefusedError) return error
  // Express's router throws this for a path that it cannot decode, and quotes the path.
  const isUndecodable = error instanceof URIError && statusOf(error) === 400
  return isUndecodable ? new RefusedError(400, 'BadRequest', 'the path is not valid percent-encoding') : undefined
}

/** Returns the status in an error of express or of its parts. */
export const statusOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined
