import { createContext, Script } from 'node:vm'

/**
 * Runs something, and throws after `maxMs`. Who started this process ends it long before. But if they are gone, it
 * must end by itself, and no event is seen while an expression runs: so Node's own watchdog ends the run.
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
    if (result === undefined) throw new Error('the watched run gave nothing')
    return result
  }
}
