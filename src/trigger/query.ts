import { milliseconds } from '../api/duration.ts'
import { defaultWaitMs, maxWaitMs } from './limits.ts'

/** What the query of a post asks for. */
export interface AskedByQuery {
  /** True if the answer must say what would happen, and nothing may be changed. */
  readonly dryRun: boolean
  /** How long to wait for the outcome, in milliseconds. Undefined if the sender does not wait. */
  readonly waitMs?: number | undefined
}

/**
 * Reads what a query asks for. Returns undefined if it is not clear, as with kubectl's
 * `dry-run=server`, so that a typo never runs a hook.
 */
export const askedIn = (query: URLSearchParams): AskedByQuery | undefined => {
  if (query.size === 0) return { dryRun: false }
  const dryRun = onlyOf(query, 'dryRun')
  const wait = onlyOf(query, 'wait')
  if (dryRun === 'unclear' || wait === 'unclear') return undefined
  if (dryRun !== undefined && dryRun.value !== 'true' && dryRun.value !== 'false') return undefined
  const isDry = dryRun?.value === 'true'
  if (!wait) return { dryRun: isDry }
  const waitMs = wait.value === '' ? defaultWaitMs : milliseconds(wait.value)
  return isDry || waitMs === undefined || waitMs > maxWaitMs ? undefined : { dryRun: false, waitMs }
}

/** Finds the one parameter of a name. `unclear` if it is spelled differently, or comes twice. */
const onlyOf = (query: URLSearchParams, name: string): { readonly value: string } | 'unclear' | undefined => {
  const meant = [...query].filter(([each]) => each.toLowerCase().replace(/[^a-z]/g, '') === name.toLowerCase())
  const [first] = meant
  if (!first) return undefined
  return meant.length > 1 || first[0] !== name ? 'unclear' : { value: first[1] }
}
