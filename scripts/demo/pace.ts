import type { Intervals } from './examples.ts'

/** A step every two seconds, so that one need not wait long; docs/how-to/autoscale-with-alertmanager.md says why so. */
export const intervals: Intervals = { groupWait: '1s', groupInterval: '2s', repeatInterval: '1500ms' }
export const dedupeWindow = '1s'

/** All that there is to do. Two pods have a quiet time with the one, and it takes five for the other. */
export const little = 12
export const much = 45

/** How long it stays quiet between two changes, in milliseconds. */
export const quietMs = 3000
