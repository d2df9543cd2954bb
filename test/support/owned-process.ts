import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** A process that does not outlive this one, however this one ends. */
export interface OwnedProcess {
  readonly child: ChildProcess
  readonly running: () => boolean
  /** Makes it stand still, or go on. */
  readonly signal: (signal: 'SIGSTOP' | 'SIGCONT') => void
  /** Ends it, and resolves when it is gone. */
  readonly end: (signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL') => Promise<void>
}

/**
 * The shell becomes the program, so that the child's pid is the program's own. Next to it waits a
 * shell of a few kilobytes that reads a pipe from this process. The pipe ends when this process
 * does, also by SIGKILL, and then that shell kills the program.
 */
const killedWithParent = '(read _ <&3; kill -KILL $$) & exec "$@" 3<&-'

/** Starts a program in a process group of its own. `output` is for what it prints: a file's descriptor, or a pipe. */
export const spawnOwned = (
  command: string,
  args: readonly string[],
  output: {
    readonly stdout: number | 'pipe'
    readonly stderr: number | 'inherit'
    /** Its variables, if not those of this process. */
    readonly env?: NodeJS.ProcessEnv
  },
): OwnedProcess => {
  const child = spawn('/bin/sh', ['-c', killedWithParent, 'sh', command, ...args], {
    detached: true,
    ...(output.env && { env: output.env }),
    stdio: ['ignore', output.stdout, output.stderr, 'pipe'],
  })
  const running = (): boolean => child.exitCode === null && child.signalCode === null
  // The shell next to it is still of the group, so the group's number cannot mean anybody else's yet.
  child.once('exit', () => killGroup(child))
  return {
    child,
    running,
    signal: signal => void child.kill(signal),
    end: async signal => {
      if (!running()) return
      child.kill(signal)
      await once(child, 'exit')
    },
  }
}

const killGroup = ({ pid }: ChildProcess): void => {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // All of the group are gone already.
  }
}
