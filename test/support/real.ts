import { inject } from 'vitest'

/**
 * The API servers of a run that are real, for tests that have a meaning on them alone: `it.each(realServers)`. On the in-memory one
 * there is then no such test, and none is skipped.
 */
export const realServers: readonly string[] = inject('isReal') ? ['a real API server'] : []
