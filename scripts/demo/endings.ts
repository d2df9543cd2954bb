/** What a program has to end before it ends itself. */
export interface Endings {
  /** Aborted as soon as the end begins. */
  readonly stop: AbortSignal
  /** Has this done at the end; what was begun last is ended first. */
  readonly atEnd: (end: () => Promise<void> | void) => void
  /** Ends everything, once, however often it is called. */
  readonly end: () => Promise<void>
}

/** Returns a list of endings that is empty at first. */
export const endings = (): Endings => {
  const stop = new AbortController()
  const ends: (() => Promise<void> | void)[] = []
  let ending: Promise<void> | undefined
  const endAll = async (): Promise<void> => {
    stop.abort()
    for (const end of ends.toReversed()) await end()
  }
  return { stop: stop.signal, atEnd: end => void ends.push(end), end: () => (ending ??= endAll()) }
}
