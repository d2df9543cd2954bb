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
  // Express's router says so of a path that it cannot decode, and repeats it.
  const isUndecodable = error instanceof URIError && statusOf(error) === 400
  return isUndecodable ? new Refused(400, 'BadRequest', 'the path is not encoded as it has to be') : undefined
}

/** The status that an error of express or of a part of it carries. */
export const statusOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined
