import { milliseconds } from '../api/duration.ts'
import { defaultWaitMs, longestWaitMs } from './limits.ts'

/** What a post's query asks of the trigger. */
export interface AskedByQuery {
  /** Only to say what would be done. */
  readonly dryRun: boolean
  /** How long to wait for its outcome, in milliseconds; undefined where nobody waits. */
  readonly waitMs?: number | undefined
}

/**
 * Reads what a query asks for; undefined where it may mean something of it and does not say so plainly, as with kubectl's
 * `dry-run=server`: a typo never runs a hook.
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
  return isDry || waitMs === undefined || waitMs > longestWaitMs ? undefined : { dryRun: false, waitMs }
}

/** The one parameter of a name; `unclear` where it is spelled differently, or comes twice. */
const onlyOf = (query: URLSearchParams, name: string): { readonly value: string } | 'unclear' | undefined => {
  const meant = [...query].filter(([each]) => each.toLowerCase().replace(/[^a-z]/g, '') === name.toLowerCase())
  const [first] = meant
  if (!first) return undefined
  return meant.length > 1 || first[0] !== name ? 'unclear' : { value: first[1] }
}
