import type { Clock, Random } from '../environment/environment.ts'

/** What a command sees of the process that it runs in. */
export interface Shell {
  /** How the program was started: usage, errors and examples begin with it. */
  readonly program: 'receiver-hooks' | 'kubectl receiverhook'
  readonly env: Readonly<Record<string, string | undefined>>
  /** Results: tables, manifests, URLs. */
  readonly out: Output
  /** Words to a person: progress, warnings, errors. */
  readonly err: Output
  readonly input: Input
  readonly clock: Clock
  readonly random: Random
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly stop: AbortSignal
  /** Runs something right before the process ends. It cannot wait. */
  readonly atExit: (run: () => void) => void
}

export interface Output {
  write(text: string): void
  /** Empties the screen of a terminal. */
  clear(): void
  readonly isTerminal: boolean
  /** The width of the terminal; undefined where there is none. */
  columns(): number | undefined
}

export interface Input {
  readonly isTerminal: boolean
  /** All of it, until its end. */
  text(): Promise<string>
  /** One line of it, without its end; empty at the end of the input. */
  line(): Promise<string>
  /** Calls `run` for each line that is typed, until what it returns is called. */
  onLine(run: (line: string) => void): () => void
}
