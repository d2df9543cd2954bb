import { fork, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { isAnswer, readyMessage } from './message.ts'
import type { StartEvaluator } from './evaluator.ts'
import { maxMemoryMiB } from './limits.ts'

/**
 * The program of an evaluator: next to this file in the source, and next to the bundle once
 * bundled.
 */
const program = import.meta.url.endsWith('.ts')
  ? new URL('child.ts', import.meta.url)
  : new URL('receiver-hooks-evaluator.mjs', import.meta.url)

/** What a crash looks like that Node brings about itself. The system ends a process by SIGKILL, a person by SIGTERM. */
const crashes: ReadonlySet<NodeJS.Signals> = new Set(['SIGABRT', 'SIGTRAP', 'SIGILL', 'SIGSEGV', 'SIGBUS'])

/**
 * Starts an evaluator as a process of its own. A thread would not do: Node ends the whole process when one allocation of
 * a thread goes past the thread's limit, as `size()` of a text of 10 MB does.
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
      // A process that has gone says so by its exit.
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
 * Starts a process. Node emits an event if there are too many processes, and throws if there is too
 * little memory.
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
      // It needs nothing of this process, and is to learn nothing of it.
      env: {},
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      serialization: 'advanced',
    })
  } catch {
    return undefined
  }
}

/** The unit of times in /proc, on every Linux: hundredths of a second. */
const tickMs = 10

/**
 * proc(5): what a thread spent in user and in system mode are the 14th and 15th field. The first thread has the number
 * of the process; it alone counts, since the others, which compile and collect garbage, come and go as they like.
 */
const usedMs = ({ pid }: ChildProcess): number | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/task/${pid}/stat`, 'utf8')
    // The second field, the name, may hold blanks; it ends with the last parenthesis.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const used = (Number(fields[11]) + Number(fields[12])) * tickMs
    return Number.isNaN(used) ? undefined : used
  } catch {
    return undefined
  }
}
