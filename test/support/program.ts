import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'

/** The product in a process of its own, ended with the test at the latest. */
export interface Program {
  /** Every line that it has printed so far. */
  readonly lines: readonly string[]
  /** The first line for which `find` gives something, as soon as it is printed. Rejects when the program ends before. */
  said<T>(find: (line: string) => T | undefined): Promise<T>
  /** Ends it with a signal and waits until it is gone. Resolves with its exit code, or null when the signal killed it. */
  end(signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): Promise<number | null>
}

/** Starts `receiver-hooks` with these arguments. */
export const program = (args: readonly string[]): Program => {
  const child = spawn(process.execPath, ['src/main.ts', ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: string[] = []
  const listeners = new Set<() => void>()
  createInterface({ input: child.stdout }).on('line', line => {
    lines.push(line)
    for (const listener of listeners) listener()
  })
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (isRunning(child)) {
      child.kill(signal)
      await once(child, 'exit')
    }
    return child.exitCode
  }
  onTestFinished(async () => void (await end('SIGKILL')))
  return {
    lines,
    end,
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

const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null
