import { signal } from '@preact/signals'
import { after } from './browser.ts'

interface Notice {
  readonly text: string
  /** The equivalent kubectl command. */
  readonly line?: string
}

/** The notice that the page shows now. Undefined if it shows none. */
export const notice = signal<Notice | undefined>(undefined)
const staysMs = 7_000

/**
 * Shows a text for some seconds, such as what was done or why it was refused. `line` is the
 * equivalent kubectl command.
 */
export const say = (text: string, line?: string): void => {
  const said = { text, ...(line === undefined ? {} : { line }) }
  notice.value = said
  after(line === undefined ? staysMs : 2 * staysMs, () => {
    if (notice.peek() === said) notice.value = undefined
  })
}
