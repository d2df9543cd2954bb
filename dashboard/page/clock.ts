import { signal } from '@preact/signals'
import { after, now } from './browser.ts'

/**
 * The current time in milliseconds since the epoch, for texts such as "2m ago". Updated every few
 * seconds.
 */
export const moment = signal(now())

const everyMs = 5_000

export const runClock = (): void => {
  moment.value = now()
  after(everyMs, runClock)
}
