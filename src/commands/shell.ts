import type { Clock, Random } from '../environment/environment.ts'

/** What a command may use of its process. */
export interface Shell {
  /** The command that started the program. Usage, errors and examples show it before a command's name. */
  readonly program: 'receiver-hooks' | 'kubectl receiverhook'
  readonly env: Readonly<Record<string, string | undefined>>
  /** The output for results: tables, manifests, URLs. */
  readonly out: Output
  /** The output for messages: progress, warnings, errors. */
  readonly err: Output
  readonly input: Input
  readonly clock: Clock
  readonly random: Random
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly stop: AbortSignal
  /** Runs a function right before the process ends. The function must be synchronous. */
  readonly atExit: (run: () => void) => void
  /** Ends the process at once, without waiting for anything. */
  readonly exit: (code: number) => void
}

export interface Output {
  write(text: string): void
  /** Replaces the last line of a terminal, which has no line break yet. An empty text removes that line. */
  rewriteLine(text: string): void
  clear(): void
  readonly isTerminal: boolean
  /** Returns the terminal's width, or undefined without a terminal. */
  columns(): number | undefined
}

export interface Input {
  readonly isTerminal: boolean
  text(): Promise<string>
  /** Returns one line without its end, or an empty text at the end of the input. */
  line(): Promise<string>
  /** Calls `run` for each typed line. Returns a function that ends these calls. */
  onLine(run: (line: string) => void): () => void
}
