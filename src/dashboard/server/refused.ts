import type { ErrorRequestHandler } from 'express'
import type { Log } from '../../environment/environment.ts'
import type { Refusal } from '../protocol.ts'

/** Thrown where a request is refused: the page gets its status, its reason and its message. */
export class Refused extends Error {
  override readonly name: string = 'Refused'
  readonly status: number
  readonly refusal: Refusal
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    reason: string,
    message: string,
    {
      fields,
      headers = {},
    }: { readonly fields?: Refusal['fields'] | undefined; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message)
    this.status = status
    this.refusal = { reason, message, ...(fields === undefined ? {} : { fields }) }
    this.headers = headers
  }
}

export const tooLarge = (): Refused => new Refused(413, 'TooLarge', 'the body is too large')

/** Answers what was thrown, with its reason and never with its stack. */
export const errorHandler =
  (log: Log): ErrorRequestHandler =>
  (error: unknown, request, response, _next) => {
    const refused = refusedBy(error)
    if (refused === undefined) log.error({ error }, 'a request of the dashboard failed')
    if (response.headersSent) return void response.destroy()
    // Nothing more is read of a body that nobody wants.
    if (!request.complete) response.set('connection', 'close')
    const { headers, refusal, status } = refused ?? failed
    response.status(status).set(headers).json(refusal)
  }

const failed = new Refused(500, 'InternalError', 'the dashboard failed; its log says why')

const refusedBy = (error: unknown): Refused | undefined => {
  if (error instanceof Refused) return error
  // Express's own errors hold the body, or a part of the path: none of that is repeated.
  switch (statusOf(error)) {
    case 400:
      return new Refused(400, 'BadRequest', 'the body is no JSON, or the path is not encoded as it has to be')
    case 413:
      return tooLarge()
    case 415:
      return new Refused(415, 'UnsupportedMediaType', 'the body must be UTF-8 that is not compressed')
    default:
      return undefined
  }
}

const statusOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined
