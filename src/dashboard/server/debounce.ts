import type { Clock } from '../../environment/environment.ts'
import { debounceMs } from './limits.ts'

/** Collects changes by key, and hands the newest of each over at most once in 100 ms. */
export interface Debounce<T> {
  /** `undefined`: it is gone. */
  add(key: string, value: T | undefined): void
  /** Hands over what there is. */
  flush(): void
  /** Forgets what there is. */
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
