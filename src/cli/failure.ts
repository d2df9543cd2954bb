/** The exit codes of the program, except 2, which is a wrong command line. */
export type ExitCode =
  /** What was asked for is refused, or is not there. */
  | 1
  /** The API server, or the endpoint of a post, cannot be reached. */
  | 3
  /** A delivery was answered with something else than 2xx. */
  | 4
  /** It took too long. */
  | 124

/** A command cannot do what it is for. The message says why, and what to do; it holds no token. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
  readonly exitCode: ExitCode

  constructor(message: string, exitCode: ExitCode) {
    super(message)
    this.exitCode = exitCode
  }
}
