import { spawn, type ChildProcess } from 'node:child_process'

export interface Ended {
  readonly isGood: boolean
  readonly ranOut: boolean
  /** The last of what it printed. */
  readonly output: string
}

const keptOutput = 20_000

/** Runs programs, one at a time, each with all that it starts in a group of its own. */
export class Programs {
  readonly #folder: string
  #running: ChildProcess | undefined

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Runs Node with these arguments, and ends it after `limitMs`. */
  async node(args: readonly string[], limitMs: number): Promise<Ended> {
    const { CI: _, COVERAGE: __, ...env } = process.env
    const child = spawn(process.execPath, args, {
      cwd: this.#folder,
      detached: true,
      env: { ...env, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#running = child
    let output = ''
    const keep = (text: unknown): void => void (output = (output + String(text)).slice(-keptOutput))
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    let ranOut = false
    const timer = setTimeout(() => {
      ranOut = true
      this.stop()
    }, limitMs)
    const code = await new Promise(resolve => child.on('error', resolve).on('close', resolve))
    clearTimeout(timer)
    this.#running = undefined
    return { isGood: code === 0, ranOut, output }
  }

  /** Ends the program that runs. A program in an endless loop handles no other signal. */
  stop(): void {
    const pid = this.#running?.pid
    if (pid === undefined) return
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // It has just ended by itself.
    }
  }
}
