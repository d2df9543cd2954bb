import { signal } from '@preact/signals'
import { after, now } from './browser.ts'

/** The present moment, in milliseconds since the epoch: it moves every few seconds, for times that are told as "2m ago". */
export const moment = signal(now())

const everyMs = 5_000

export const runClock = (): void => {
  moment.value = now()
  after(everyMs, runClock)
}
