import { pino, stdSerializers } from 'pino'
import type { Clock, Log, LogFields } from './environment.ts'
import { redacted } from './redact.ts'
import { rfc3339Micro } from './time.ts'

export const logLevels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

/**
 * Makes a log with one JSON object a line. Lines below `level` are dropped. `write` gets each line
 * with its line feed. A text that looks like a token is replaced by `[token]`.
 */
export const pinoLog = (options: {
  readonly level: LogLevel
  readonly clock: Clock
  readonly write: (line: string) => void
}): Log =>
  pino(
    {
      level: options.level,
      base: null,
      timestamp: () => `,"time":"${rfc3339Micro(options.clock.now())}"`,
      formatters: { level: label => ({ level: label }), log: withErrors },
      hooks: { streamWrite: redacted },
    },
    { write: options.write },
  )

/** Replaces each Error by its type, message, stack and causes. JSON.stringify would write `{}`. */
const withErrors = (fields: LogFields): Record<string, unknown> => {
  let written: Record<string, unknown> = fields
  // Every post writes a line, and most lines have no error.
  for (const name in fields) {
    const value = fields[name]
    if (value instanceof Error) written = { ...written, [name]: stdSerializers.err(value) }
  }
  return written
}
