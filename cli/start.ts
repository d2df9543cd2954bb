import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import type { CommandEntry } from '../src/commands/command.ts'
import { CommandFailure } from '../src/commands/failure.ts'
import { readably } from './output/terminal.ts'
import { runProgram } from './program.ts'
import type { Output, Shell } from '../src/commands/shell.ts'
import { nodeClock, nodeRandom } from '../src/environment/system.ts'
import { version } from '../src/version.ts'

const summary = 'URLs that run one action in a Kubernetes cluster when something POSTs to them'

/** Runs the program and ends the process with its exit code. */
export const startProgram = (
  process: NodeJS.Process,
  name: Shell['program'],
  entries: readonly CommandEntry[],
): void => {
  const stop = new AbortController()
  const shell = shellOf(process, name, stop.signal)
  const fail = async (error: unknown): Promise<never> => {
    // Loaded on demand: a command that succeeds explains nothing.
    const { explain } = await import('./explain.ts')
    const { exitCode, message } = explain(error, shell)
    readably(shell.err).write(`${message}\n`)
    process.exit(exitCode)
  }
  endWithItsReader(process)
  const running = runProgram({ entries, version, summary, node: process.versions.node }, process.argv.slice(2), shell)
  running.then(ended => {
    if (typeof ended === 'number') process.exitCode = ended
  }, fail)

  const onSignal = (): void => {
    // A second signal ends the process at once.
    if (stop.signal.aborted) process.exit(130)
    stop.abort()
    running
      .then(async ended => {
        if (typeof ended !== 'number') await ended()
        process.exit(typeof ended === 'number' ? 130 : 0)
      })
      .catch(fail)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal)
}

/** The shell's exit code for a program whose pipe has no reader: 128 plus the number of SIGPIPE. */
const brokenPipe = 141

/**
 * Ends the program when the reader of its output is gone, as `head` is after its last line. Node
 * ignores SIGPIPE and reports an error on the stream instead.
 */
const endWithItsReader = (process: NodeJS.Process): void => {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
      process.exit(brokenPipe)
    })
  }
}

const shellOf = (process: NodeJS.Process, program: Shell['program'], stop: AbortSignal): Shell => ({
  program,
  env: process.env,
  out: outputOf(process.stdout),
  err: outputOf(process.stderr),
  input: {
    isTerminal: process.stdin.isTTY,
    text: () => unlessStopped(stop, text(process.stdin)),
    line: () => unlessStopped(stop, firstLine(process.stdin)),
    onLine: run => {
      const lines = createInterface({ input: process.stdin }).on('line', run)
      return () => lines.close()
    },
  },
  clock: nodeClock,
  random: nodeRandom,
  stop,
  atExit: run => void process.on('exit', run),
  exit: code => process.exit(code),
})

/**
 * Resolves with what was typed, or throws at the first signal. Otherwise a command that asks or reads
 * would go on until something is typed.
 */
const unlessStopped = async (stop: AbortSignal, typed: Promise<string>): Promise<string> => {
  const stopped = new Promise<undefined>(resolve => {
    if (stop.aborted) resolve(undefined)
    else stop.addEventListener('abort', () => resolve(undefined))
  })
  const first = await Promise.race([stopped, typed])
  if (first === undefined) throw new CommandFailure('interrupted', 130)
  return first
}

const firstLine = async (input: NodeJS.ReadStream): Promise<string> => {
  const lines = createInterface({ input })
  try {
    for await (const line of lines) return line
    return ''
  } finally {
    lines.close()
  }
}

const outputOf = (stream: NodeJS.WriteStream): Output => ({
  write: line => void stream.write(line),
  rewriteLine: line => void stream.write(`\r\u001B[K${line}`),
  clear: () => void stream.write('\u001B[H\u001B[J'),
  isTerminal: stream.isTTY,
  columns: () => (stream.isTTY ? stream.columns : undefined),
})
