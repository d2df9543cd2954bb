/** The exit codes of failures. A wrong command line has another exit code, 2: see `UsageError`. */
export type ExitCode =
  /** The request was refused, or the object does not exist. */
  | 1
  /** The API server or the trigger endpoint cannot be reached. */
  | 3
  /** A delivery was answered with a status other than 2xx. */
  | 4
  /** A time limit was exceeded. */
  | 124
  /** The user interrupted the command. */
  | 130

/** A command failed. The message says why and what to do. It contains no token. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
  readonly exitCode: ExitCode

  constructor(message: string, exitCode: ExitCode) {
    super(message)
    this.exitCode = exitCode
  }
}
