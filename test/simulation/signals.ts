/**
 * Takes note of all that can abort something, and returns what aborts it all: Node keeps what waits for a signal that was made
 * of others, and so would keep each history, whose dead processes wait for ever.
 */
export const signalsEnd = (): (() => void) => {
  const before = globalThis.AbortController
  const made: AbortController[] = []
  globalThis.AbortController = class extends before {
    constructor() {
      super()
      made.push(this)
    }
  }
  return () => {
    globalThis.AbortController = before
    for (const controller of made) if (!controller.signal.aborted) controller.abort('the history is over')
  }
}
