import type { Shell } from './shell.ts'

/** A flag of a command. Its name, its help and its check stand here once; reading the value is typed by it. */
export interface Option<T> {
  /** Without the dashes: `public-url`. */
  readonly flag: string
  /** One letter. */
  readonly short?: string
  /** What stands for the value in help: `URL`. Absent: a switch. */
  readonly value?: string
  /** The flag may be given several times. */
  readonly many?: true
  /** For help: what it does, and what it is by default. Starts in lower case, and has no full stop. */
  readonly means: string
  /** Under which heading help lists it; absent: under the command's own. */
  readonly group?: string
  /** The only values there are, for help and completion. */
  readonly choices?: readonly string[]
  /** What completion offers as its value, in addition to {@link choices}. */
  readonly completes?: Completes
  /** Makes the value of what was typed: the texts of all its occurrences, none where it is not given. Throws {@link UsageError}. */
  read(texts: readonly string[]): T
}

/** What completion asks the cluster for. */
export type Completes = 'hooks' | 'namespaces' | 'contexts' | 'deployments' | 'files' | 'former keys'

/** A word after the command's name. */
export interface Argument {
  /** As help shows it: `NAME`. */
  readonly name: string
  readonly means: string
  readonly optional?: true
  /** The last argument may take any number of words. */
  readonly many?: true
  readonly choices?: readonly string[]
  readonly completes?: Completes
}

/** What was typed after the command's name. */
export interface Given {
  readonly arguments: readonly string[]
  /** The value of a flag of the command. */
  get<T>(option: Option<T>): T
}

/** A line that can be typed, without the program's name, and what it does. */
export interface Example {
  readonly line: string
  readonly means: string
}

/** A word and what it means. */
export interface ArgumentTerm {
  readonly term: string
  /** Starts in lower case, and has no full stop. Code stands between backticks. */
  readonly means: string
}

/**
 * One entry in the list of commands. Its implementation is a module of its own, which is loaded only when the command
 * runs: so `url` starts without what `create` imports.
 */
export interface CommandEntry {
  readonly name: string
  readonly aliases?: readonly string[]
  /** Under which heading help lists it. */
  readonly group: Group
  /** One line: starts in lower case, has no full stop. */
  readonly summary: string
  /** The oldest major version of Node that it runs on, where that is newer than the program's. */
  readonly minNode?: number
  load(): Promise<Command>
}

/**
 * All that help, completion, the reference page and the program need of a command, in addition to
 * its {@link CommandEntry}.
 */
export interface Command {
  /** The words that an argument takes, where each needs a sentence, for the command's own help. */
  readonly terms?: readonly ArgumentTerm[]
  /** More, for the command's own help: a line for a paragraph. */
  readonly details?: string
  readonly arguments?: readonly Argument[]
  readonly options: readonly Option<unknown>[]
  readonly examples?: readonly Example[]
  /** Whether it may print what looks like a token. Of all other output tokens are struck out. */
  readonly showsSecrets?: (given: Given) => boolean
  /**
   * Does it. Resolves with the exit code, or, for a command that goes on until a signal, with what stops it. Throws
   * {@link UsageError}, or an error whose message says what to do.
   */
  run(given: Given, shell: Shell): Promise<CommandResult>
}

export type Group = 'Hooks' | 'Senders' | 'This installation' | 'Servers' | 'Other'

export type CommandResult = number | (() => Promise<void>)

/** The command line is wrong; the message says how to mend it. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  /** The command whose help says more; undefined where it is not known. */
  readonly command: string | undefined

  constructor(message: string, command?: string) {
    super(message)
    this.command = command
  }
}
