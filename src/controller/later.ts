import type { Clock } from '../environment/environment.ts'

/** Keys with the time at which each is due. */
export interface Later {
  /** Sets when a key is due, in milliseconds from now. Replaces its earlier time. */
  set(key: string, ms: number): void
  delete(key: string): void
  clear(): void
}

/**
 * Calls `due` for each key at its time. All share one timer, because ten thousand timers would take
 * megabytes.
 */
export const keysByTime = (clock: Clock, due: (key: string) => void): Later => {
  /** When each key is due, in monotonic milliseconds. */
  const times = new Map<string, number>()
  let armed: { readonly at: number; readonly cancel: () => void } | undefined

  const disarm = (): void => {
    armed?.cancel()
    armed = undefined
  }

  const arm = (at: number): void => {
    if (armed && armed.at <= at) return
    disarm()
    armed = { at, cancel: clock.after(Math.max(0, at - clock.monotonic()), fire) }
  }

  const fire = (): void => {
    armed = undefined
    const now = clock.monotonic()
    const expired: (readonly [key: string, at: number])[] = []
    let next = Infinity
    for (const [key, at] of times) {
      if (at <= now) expired.push([key, at])
      else next = Math.min(next, at)
    }
    for (const [key] of expired) times.delete(key)
    if (times.size > 0) arm(next)
    for (const [key] of expired.sort(([, one], [, other]) => one - other)) due(key)
  }

  return {
    set: (key, ms) => {
      const at = clock.monotonic() + ms
      times.set(key, at)
      arm(at)
    },
    delete: key => {
      times.delete(key)
      if (times.size === 0) disarm()
    },
    clear: () => {
      times.clear()
      disarm()
    },
  }
}
