import type { Clock } from '../../src/environment/environment.ts'
import type { Output } from '../../src/commands/shell.ts'
import { printable } from './table.ts'

/** The interval at which a terminal shows the time since the beginning, in milliseconds. */
const tickMs = 1_000

/** The place where the progress of a wait is shown. */
interface ProgressLine {
  readonly show: (text: string) => void
  /** Removes the line from a terminal. */
  readonly end: () => void
}

/**
 * Shows the progress of a wait. On a terminal this is one line with the time since the beginning,
 * rewritten every second. Elsewhere each change is a new line.
 */
export const progressLine = ({ clock, err }: { readonly clock: Clock; readonly err: Output }): ProgressLine => {
  const beganAt = clock.monotonic()
  let text = 'waiting'
  let cancel: (() => void) | undefined
  const tick = (): void => {
    const seconds = Math.round((clock.monotonic() - beganAt) / 1000)
    const time = seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`
    const room = (err.columns() ?? 80) - time.length - 2
    err.rewriteLine(`${time} ${Array.from(text).slice(0, room).join('')}`)
    cancel = clock.after(tickMs, tick)
  }
  if (err.isTerminal) tick()
  return {
    show: shown => {
      const next = printable(shown)
      if (!err.isTerminal && next !== text) err.write(`${next}\n`)
      text = next
      if (!err.isTerminal) return
      cancel?.()
      tick()
    },
    end: () => {
      cancel?.()
      if (err.isTerminal) err.rewriteLine('')
    },
  }
}
