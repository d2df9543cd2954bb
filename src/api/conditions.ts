import { rfc3339 } from '../environment/time.ts'
import type { ReasonIn } from './reasons.ts'
import type { List, Stored } from './schema.ts'

/** The schema of conditions, which follows Kubernetes' API conventions and kstatus. */
export const conditionsSchema = {
  type: 'array',
  description:
    'Ready sums up. Stalled is there only when true, and means that a person must act. Reconciling is there only when true, and means that the controller tries again. LeaseOverdue is there only when true, and means that a lease could not end in time.',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['type'],
  maxItems: 16,
  items: {
    type: 'object',
    required: ['type', 'status', 'lastTransitionTime', 'reason', 'message'],
    properties: {
      type: { type: 'string', maxLength: 64 },
      status: { type: 'string', enum: ['True', 'False', 'Unknown'] },
      observedGeneration: { type: 'integer', format: 'int64' },
      lastTransitionTime: { type: 'string', format: 'date-time' },
      reason: { type: 'string', maxLength: 1024 },
      message: { type: 'string', maxLength: 32768 },
    },
  },
} as const satisfies List

export type Condition = Stored<typeof conditionsSchema>[number]

/**
 * The longest message of a condition, in characters. A longer one is cut: some messages quote the
 * API server or a webhook.
 */
const maxMessage = 1024

/** A problem of a hook, from which its conditions are made. */
export interface Problem {
  readonly reason: ReasonIn<'condition'>
  readonly message: string
  /**
   * stalled: a person has to act. reconciling: it may resolve by itself, and the controller checks
   * again.
   */
  readonly lasts: 'stalled' | 'reconciling'
}

/**
 * Returns the conditions of an object. Without a problem, Ready is True. With a problem, Ready is
 * False, and Stalled or Reconciling is True.
 * `before` are the conditions that the object has now. A condition keeps its lastTransitionTime as
 * long as its status stays the same, so an unchanged state gives an equal list. `now` is in
 * milliseconds since the epoch.
 */
export const conditionsFor = (
  problem: Problem | undefined,
  ready: { readonly reason: ReasonIn<'ready'>; readonly message: string },
  before: readonly Condition[],
  generation: number,
  now: number,
): Condition[] => {
  const make = (type: string, status: Condition['status'], reason: string, text: string): Condition => {
    const message = text.length > maxMessage ? `${text.slice(0, maxMessage - 1)}…` : text
    const old = before.find(condition => condition.type === type)
    const lastTransitionTime = old?.status === status ? old.lastTransitionTime : rfc3339(now)
    return { type, status, observedGeneration: generation, lastTransitionTime, reason, message }
  }
  const kept = before.filter(({ type }) => type === leaseOverdue)
  if (!problem) return [make('Ready', 'True', ready.reason, ready.message), ...kept]
  const { reason, message, lasts } = problem
  return [
    make('Ready', 'False', reason, message),
    make(lasts === 'stalled' ? 'Stalled' : 'Reconciling', 'True', reason, message),
    ...kept,
  ]
}

/** The type of the condition that a lease could not end in time. Such a hook may be Ready. */
const leaseOverdue = 'LeaseOverdue'

/**
 * Returns conditions with the one that a lease is overdue, or without it. `overdue`: since when, as an RFC 3339
 * time, and why. The list is the same one if it says so already.
 */
export const withLeaseOverdue = (
  conditions: readonly Condition[],
  overdue: { readonly since: string; readonly message: string } | undefined,
  generation: number,
): readonly Condition[] => {
  const now = conditions.find(({ type }) => type === leaseOverdue)
  if (now?.lastTransitionTime === overdue?.since && now?.message === overdue?.message) return conditions
  const others = conditions.filter(condition => condition !== now)
  if (!overdue) return others
  const { message, since } = overdue
  const said = { type: leaseOverdue, status: 'True', reason: leaseOverdue, message } as const
  return [...others, { ...said, observedGeneration: generation, lastTransitionTime: since }]
}
