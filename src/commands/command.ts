import type { Shell } from './shell.ts'

/** A flag of a command, with its help, its check and the type of its value. */
export interface Option<T> {
  /** The long name without dashes, such as `public-url`. */
  readonly flag: string
  /** The short name, one letter without its dash. */
  readonly short?: string
  /** The placeholder of the value in help, such as `URL`. Absent for a switch. */
  readonly value?: string
  /**
   * True if the flag's value may be left out, as in kubectl. If it is given, it must be written as
   * `--flag=VALUE`, not as `--flag VALUE`.
   */
  readonly isOptional?: true
  /** True if the flag may be given several times. */
  readonly many?: true
  /** The flag's meaning and default, for help. Starts in lower case, without a full stop. */
  readonly means: string
  /** The heading above the flag in help. Default: the heading of the command's own flags. */
  readonly group?: string
  /** All possible values, for help and completion. */
  readonly choices?: readonly string[]
  /** What completion offers as a value if there are no {@link choices}. */
  readonly completes?: Completes
  /**
   * Parses the texts of the flag: one text for each time that the flag was given, or none. Throws
   * {@link UsageError}.
   */
  read(texts: readonly string[]): T
}

/**
 * A kind of values that completion offers. They are read from the cluster, from the kubeconfig or
 * from the file system.
 */
export type Completes = 'hooks' | 'namespaces' | 'contexts' | 'deployments' | 'targets' | 'files' | 'former keys'

/** A word after the command's name. */
export interface Argument {
  /** The placeholder in help, such as `NAME`. */
  readonly name: string
  readonly means: string
  readonly optional?: true
  /** The argument takes one word or more. Only the last argument of a command can. */
  readonly many?: true
  readonly choices?: readonly string[]
  readonly completes?: Completes
}

/** The arguments and flags that were typed. */
export interface ParsedLine {
  readonly arguments: readonly string[]
  /** Returns the parsed value of a flag, or its default. */
  get<T>(option: Option<T>): T
}

/** A command line without the program's name, and what it does. */
export interface Example {
  readonly line: string
  readonly means: string
}

/** A word that an argument may take, with its meaning. */
export interface ArgumentTerm {
  readonly term: string
  /** The meaning of the word. It starts in lower case, without a full stop. Code is in backticks. */
  readonly means: string
}

/**
 * One entry in the list of commands. The implementation is loaded only when the command runs, so
 * `url` does not load what `create` needs.
 */
export interface CommandEntry {
  readonly name: string
  readonly aliases?: readonly string[]
  /** The heading under which help lists the command. */
  readonly group: Group
  /** What the command does, in one line. It starts in lower case, without a full stop. */
  readonly summary: string
  /**
   * The oldest major version of Node for this command. Absent if every version that runs the
   * program suffices.
   */
  readonly minNode?: number
  load(): Promise<Command>
}

/**
 * Everything about a command besides its {@link CommandEntry}: what it runs, and what help,
 * completion and reference page show.
 */
export interface Command {
  /** Words that an argument takes, each with its meaning, for the command's help. */
  readonly terms?: readonly ArgumentTerm[]
  /** Further paragraphs for the command's help. Each line is one paragraph. */
  readonly details?: string
  readonly arguments?: readonly Argument[]
  readonly options: readonly Option<unknown>[]
  readonly examples?: readonly Example[]
  /**
   * Returns whether the output may contain tokens of URLs. In the output of other commands, tokens
   * are replaced by a placeholder.
   */
  readonly showsSecrets?: (given: ParsedLine) => boolean
  /**
   * Runs the command. Resolves with the exit code. A command that runs until a signal resolves with a
   * function to stop it. Throws {@link UsageError}, or an error that says what to do.
   */
  run(given: ParsedLine, shell: Shell): Promise<CommandResult>
}

export type Group = 'Hooks' | 'Senders' | 'This installation' | 'Servers' | 'Other'

export type CommandResult = number | (() => Promise<void>)

/** A wrong command line. The message says how to correct it. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  /** The command whose help explains more. Undefined if the command is unknown. */
  readonly command: string | undefined

  constructor(message: string, command?: string) {
    super(message)
    this.command = command
  }
}
