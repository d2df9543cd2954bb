import { signal } from '@preact/signals'
import type { Finding } from '../protocol.ts'
import { askServer } from './ask.ts'
import { after, isHidden } from './browser.ts'

/** What the last look at the installation has found. Undefined before the first one. */
export const health = signal<readonly Finding[] | undefined>(undefined)

/** When the first look begins, so that it does not delay the list, and how often one follows, in milliseconds. */
const firstMs = 3_000
const everyMs = 5 * 60_000

/** Looks at the installation now and then, until the returned function is called. */
export const followHealth = (): (() => void) => {
  let cancel = (): void => undefined
  const look = (): void => {
    cancel = after(everyMs, look)
    if (isHidden()) return
    void askServer<readonly Finding[]>('GET', '/api/health').then(answer => {
      if (answer.ok) health.value = answer.body
    })
  }
  cancel = after(firstMs, look)
  return () => {
    cancel()
    health.value = undefined
  }
}
