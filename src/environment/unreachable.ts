/** A request got no answer: it was refused, reset or cut, or timed out. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable'
  /** False only if the server cannot have seen the request. Then it is safe to send it again. */
  readonly mayHaveArrived: boolean

  constructor(message: string, mayHaveArrived: boolean, cause?: unknown) {
    super(message, { cause })
    this.mayHaveArrived = mayHaveArrived
  }
}

/** A request was not sent at all, because this is a dry run. */
export class NotSent extends Unreachable {
  constructor(message: string) {
    super(message, false)
  }
}

/**
 * The server answered a watch with an error. After status 410, read a new list. After any other
 * status, wait and try again.
 */
export class WatchRefused extends Error {
  override readonly name = 'WatchRefused'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}
