import { milliseconds } from '../api/duration.ts'
import { defaultWaitMs, maxWaitMs } from './limits.ts'

export interface AskedByQuery {
  /** True if nothing may be changed, and the answer must say what would happen. */
  readonly dryRun: boolean
  /** How long to wait for the outcome, in milliseconds. Undefined if the sender does not wait. */
  readonly waitMs?: number | undefined
  /** Why the sender posts, for people. It decides nothing. */
  readonly reason?: string | undefined
}

/** Matches a reason: at most 64 printable characters. */
const fitReason = /^[^\p{C}\p{Zl}\p{Zp}]{1,64}$/u

/** Returns as much of a text as a post may have as its reason. */
export const reasonFrom = (text: string): string =>
  /^.{0,64}/u.exec(text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' '))?.[0] ?? ''

/**
 * Reads what a query asks for. Returns undefined if that is unclear or not allowed, for example
 * `dry-run=server` as in kubectl. So a typo never runs a hook.
 */
export const askedIn = (query: URLSearchParams): AskedByQuery | undefined => {
  const dryRun = onlyOf(query, 'dryRun')
  const wait = onlyOf(query, 'wait')
  const given = onlyOf(query, 'reason')
  if (dryRun === 'unclear' || wait === 'unclear' || given === 'unclear') return undefined
  if (given && !fitReason.test(given.value)) return undefined
  const reason = given && { reason: given.value }
  if (dryRun !== undefined && dryRun.value !== 'true' && dryRun.value !== 'false') return undefined
  const isDry = dryRun?.value === 'true'
  if (!wait) return { dryRun: isDry, ...reason }
  const waitMs = wait.value === '' ? defaultWaitMs : milliseconds(wait.value)
  return isDry || waitMs === undefined || waitMs > maxWaitMs ? undefined : { dryRun: false, waitMs, ...reason }
}

/**
 * Returns the value of the parameter with a name, or undefined if there is none. Returns `unclear`
 * if the parameter is spelled differently, or is there twice.
 */
const onlyOf = (query: URLSearchParams, name: string): { readonly value: string } | 'unclear' | undefined => {
  const meant = [...query].filter(([each]) => each.toLowerCase().replace(/[^a-z]/g, '') === name.toLowerCase())
  const [first] = meant
  if (!first) return undefined
  return meant.length > 1 || first[0] !== name ? 'unclear' : { value: first[1] }
}
