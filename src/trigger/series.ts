import type { Clock, Counter } from '../environment/environment.ts'
import type { Hooks } from './hooks.ts'

/** How often the series are looked through, in milliseconds. */
const lookEveryMs = 600_000

/**
 * Ends the series of hooks that are no more, or they would add up for as long as the process lives. Each is kept from one
 * look to the next, in which time it is scraped once more. To be called again and again: it looks when it is time.
 */
export const seriesEnder = (clock: Clock, counter: Counter, hooks: Pick<Hooks, 'has'>): (() => void) => {
  let lookedAt = clock.monotonic()
  let gone: ReadonlySet<string> = new Set()
  return () => {
    if (clock.monotonic() - lookedAt < lookEveryMs) return
    lookedAt = clock.monotonic()
    const goneBefore = gone
    const goneNow = new Set<string>()
    gone = goneNow
    void counter.forget(labels => {
      const [namespace, hook] = [String(labels['namespace']), String(labels['hook'])]
      if (hook === '' || hooks.has(namespace, hook)) return false
      const key = `${namespace}/${hook}`
      goneNow.add(key)
      return goneBefore.has(key)
    })
  }
}
