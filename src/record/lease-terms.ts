import type { Delivery } from '../api/delivery.ts'
import { keyOf } from '../api/hash.ts'
import type { OpenPart } from '../api/record.ts'
import type { LeaseTerms, StepBounds } from '../api/row.ts'
import type { MemoryDraft } from './draft.ts'

/** How long the steps of a hook last. All times are in milliseconds. */
export interface Leasing {
  readonly forMs: number
  /** What was leased before this moment ends by then, since the epoch. Undefined: nothing has to. */
  readonly endBefore?: number | undefined
  /** The count that the hook changes, as the hook calls it, such as `Deployment/web`. */
  readonly aim: string
  /** Whether what is leased ends when the hook is deleted. */
  readonly endsWithHook?: boolean
  /** Why the sender posts, for people. */
  readonly reason?: string | undefined
}

/**
 * Returns when a step ends that is decided at `now`. A future `endBefore` is a limit for all. The time
 * of an earlier report may be later.
 */
export const untilOf = ({ endBefore = 0, forMs }: Leasing, now: number): number =>
  endBefore > now ? Math.min(now + forMs, endBefore) : now + forMs

/** How many parts the leases without an alert group of one time `for` share at most, until they end. */
const grains = 32

/**
 * Returns the key of a part for a delivery. Alerts of one group share a part. Other leases of one count
 * share one if they end at about the same time. Undefined if the step is for good and cannot be undone.
 */
export const partKeyFor = (
  { group }: Pick<Delivery, 'group'>,
  leasing: Leasing | undefined,
  undo: boolean,
  now: number,
): string | undefined => {
  if (group) return undo || leasing ? keyOf(group.key) : undefined
  if (!leasing) return undefined
  const grainMs = leasing.forMs / grains
  return `~${Math.ceil(Math.ceil(untilOf(leasing, now) / grainMs) * grainMs)}`
}

/**
 * Returns the terms of a step that is decided at `now` and begins at the count `from`. `word` is what
 * somebody else has last set the count to. What was raised from below `min` may return there.
 */
export const termsOf = (
  delivery: Pick<Delivery, 'group'> & { readonly sender?: string },
  leasing: Leasing,
  { max, min }: StepBounds,
  { from, now, word }: { readonly from: number; readonly word: number; readonly now: number },
): LeaseTerms => {
  const of = askedBy(delivery, leasing.reason)
  return {
    until: untilOf(leasing, now),
    low: Math.min(min, word, from),
    high: Math.max(max, word, from),
    of,
  }
}

/** The longest name of who asked for a lease without a reason, in characters. */
const maxAsked = 64

/** Returns who asked for a step and why, such as `alertmanager: WebBusy` or `plain: database migration`. */
const askedBy = (
  { group, sender }: Pick<Delivery, 'group'> & { readonly sender?: string },
  reason: string | undefined,
): string | undefined => {
  if (sender === undefined) return undefined
  if (reason !== undefined) return `${sender}: ${reason}`
  const [, alert] = /alertname\W{1,6}?([\w .:-]+)/.exec(group?.key ?? '') ?? []
  return `${sender}${alert === undefined ? '' : `: ${alert}`}`.slice(0, maxAsked)
}

/**
 * Returns whether a report moves the end of a part enough to be stored: by more than a tenth of `for`.
 * So the copy that a second sender posts stores nothing.
 */
export const movesEnd = (
  { until = -Infinity }: Pick<OpenPart, 'until'>,
  terms: Pick<LeaseTerms, 'until'>,
  { forMs }: Leasing,
): boolean => terms.until - until > forMs / 10

export const reportsFiring = ({ group, phase }: Pick<Delivery, 'group' | 'phase'>): boolean =>
  group !== undefined && group.firing.length > 0 && (phase === 'firing' || phase === 'partly resolved')

/** Stores whether what a hook leases ends with it. Nothing if that is stored already. */
export const setEndsWithHook = (draft: MemoryDraft, endsWithHook: boolean): void => {
  if ((draft.fields.endsWithHook ?? false) !== endsWithHook) draft.set({ endsWithHook })
}
