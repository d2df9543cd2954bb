import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import { compileCache } from './compile-cache.ts'
import { spawnOwned } from './owned-process.ts'

/** The product in a process of its own, ended with the test at the latest. */
export interface Program {
  /** Every line that it has printed so far. */
  readonly lines: readonly string[]
  /** The first line for which `find` gives something, as soon as it is printed. Rejects when the program ends before. */
  readonly said: <T>(find: (line: string) => T | undefined) => Promise<T>
  /** Resolves with its exit code when it has ended, or null when a signal killed it. */
  readonly ended: Promise<number | null>
  /** Makes it stand still, as on a machine that is suspended, or go on. */
  readonly signal: (signal: 'SIGSTOP' | 'SIGCONT') => void
  /** Ends it with a signal and waits until it is gone. Resolves with its exit code, or null when the signal killed it. */
  readonly end: (signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL') => Promise<number | null>
}

/** Starts `receiver-hooks`, from its source or from a bundle, with these arguments, and variables besides. */
export const program = (
  args: readonly string[],
  file = 'src/main.ts',
  variables: Readonly<Record<string, string>> = {},
): Program => {
  const env = { ...process.env, ...compileCache, ...variables }
  const { child, end, signal } = spawnOwned(process.execPath, [file, ...args], {
    env,
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const lines: string[] = []
  const listeners = new Set<() => void>()
  if (!child.stdout) throw new Error('its output is to be a pipe')
  createInterface({ input: child.stdout }).on('line', line => {
    lines.push(line)
    for (const listener of listeners) listener()
  })
  onTestFinished(() => end('SIGKILL'))
  return {
    lines,
    ended: new Promise(resolve => child.once('exit', resolve)),
    signal,
    end: async how => {
      await end(how)
      return child.exitCode
    },
    said: find =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = lines.map(find).find(said => said !== undefined)
          if (found === undefined) return
          listeners.delete(look)
          resolve(found)
        }
        listeners.add(look)
        child.once('exit', code => reject(new Error(`ended with ${code} after: ${lines.join('\n')}`)))
        look()
      }),
  }
}
