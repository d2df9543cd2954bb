import { fork, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { isAnswer, readyMessage, type StartEvaluator } from './message.ts'
import { maxMemoryMiB } from './limits.ts'

/** The program of an evaluator: next to this file in the source, next to the bundle in a build. */
const program = import.meta.url.endsWith('.ts')
  ? new URL('child.ts', import.meta.url)
  : new URL('receiver-hooks-evaluator.mjs', import.meta.url)

/**
 * The signals with which Node itself crashes. Other signals come from outside: SIGKILL from the
 * system, SIGTERM from a person.
 */
const crashes: ReadonlySet<NodeJS.Signals> = new Set(['SIGABRT', 'SIGTRAP', 'SIGILL', 'SIGSEGV', 'SIGBUS'])

/**
 * Starts an evaluator in a process of its own. A thread is not enough: Node ends the whole process
 * if one allocation exceeds the thread's limit, as `size()` of a text of 10 MB does.
 */
export const forkEvaluator: StartEvaluator = events => {
  let isHeard = true
  const ended = (how: 'broke' | 'was ended'): void => {
    if (isHeard) events.ended(how)
    isHeard = false
  }
  const child = forked()
  if (!child) {
    queueMicrotask(() => ended('was ended'))
    return { send: () => {}, usedMs: () => undefined, end: () => void (isHeard = false) }
  }
  child.on('message', message => {
    if (!isHeard) return
    if (message === readyMessage) events.ready()
    else if (isAnswer(message)) events.answered(message)
  })
  child.on('exit', (code, signal) => {
    ended((signal === null ? code !== 0 : crashes.has(signal)) ? 'broke' : 'was ended')
  })
  child.on('error', () => ended('was ended'))
  child.unref()
  child.channel?.unref()
  return {
    send: question => {
      // If the process is gone, its exit event reports it.
      child.send(question, () => {})
    },
    usedMs: () => usedMs(child),
    end: () => {
      isHeard = false
      child.kill('SIGKILL')
    },
  }
}

/**
 * Starts a process. Returns undefined if Node throws, as it does if memory is short. If there are
 * too many processes, Node emits an `error` event instead.
 */
const forked = (): ChildProcess | undefined => {
  try {
    return fork(program, [], {
      execArgv: [
        `--max-old-space-size=${maxMemoryMiB}`,
        '--max-semi-space-size=8',
        '--v8-pool-size=1',
        '--no-warnings',
      ],
      // The process needs no environment variables, and must not see the secrets in them.
      env: {},
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      serialization: 'advanced',
    })
  } catch {
    return undefined
  }
}

/** The unit of times in /proc on Linux: hundredths of a second. */
const tickMs = 10

/**
 * Returns the processor time of the main thread, from fields 14 (user) and 15 (system) of its stat
 * file (proc(5)). Other threads compile and collect garbage at any time, so they do not count.
 */
const usedMs = ({ pid }: ChildProcess): number | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/task/${pid}/stat`, 'utf8')
    // The second field, the name, may contain blanks. It ends with the last parenthesis.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const used = (Number(fields[11]) + Number(fields[12])) * tickMs
    return Number.isNaN(used) ? undefined : used
  } catch {
    return undefined
  }
}
