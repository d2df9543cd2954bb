/** The request got no answer: refused, reset, timed out or cut. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable'
  /** False only when the server cannot have seen the request, so that sending it again cannot do it twice. */
  readonly mayHaveArrived: boolean

  constructor(message: string, mayHaveArrived: boolean, cause?: unknown) {
    super(message, { cause })
    this.mayHaveArrived = mayHaveArrived
  }
}

/** The server answered a watch with an error: 410 asks for a new list, others for patience. */
export class WatchRefused extends Error {
  override readonly name = 'WatchRefused'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}
