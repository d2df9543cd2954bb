import type { Clock } from '../../src/environment/environment.ts'
import { debounceMs } from './limits.ts'

/** Collects changes by key. Passes on the newest change of each key, at most once in 100 ms. */
export interface Debounce<T> {
  /** Adds a change. `undefined` means deleted. */
  add(key: string, value: T | undefined): void
  /** Passes on all collected changes now. */
  flush(): void
  /** Drops all collected changes. */
  drop(): void
}

export const debounce = <T>(clock: Clock, give: (changed: ReadonlyMap<string, T | undefined>) => void): Debounce<T> => {
  let changed = new Map<string, T | undefined>()
  let cancel: (() => void) | undefined
  const drop = (): void => {
    cancel?.()
    cancel = undefined
    changed = new Map()
  }
  const flush = (): void => {
    const now = changed
    drop()
    if (now.size > 0) give(now)
  }
  return {
    add: (key, value) => {
      changed.set(key, value)
      cancel ??= clock.after(debounceMs, flush)
    },
    flush,
    drop,
  }
}
