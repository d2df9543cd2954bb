import { createContext, Script } from 'node:vm'

/**
 * Returns a function that runs something, and throws if that takes more than `maxMs` milliseconds.
 * The parent process normally ends this one long before that. If the parent is gone, only Node's
 * own watchdog can end the run: no event is handled while an expression runs.
 */
export const watchdog = <T>(maxMs: number): ((run: () => T) => T) => {
  const script = new Script('results.push(run())')
  const inside: { run: () => T | undefined; results: T[] } = { run: () => undefined, results: [] }
  const context = createContext(inside)
  return run => {
    inside.run = run
    inside.results = []
    script.runInContext(context, { timeout: maxMs })
    const [result] = inside.results
    if (result === undefined) throw new Error('the watched run gave no result')
    return result
  }
}
