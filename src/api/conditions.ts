import { rfc3339 } from '../environment/time.ts'
import type { ReasonIn } from './reasons.ts'
import type { List, Stored } from './schema.ts'

/** The schema of conditions, which follows Kubernetes' API conventions and kstatus. */
export const conditionsSchema = {
  type: 'array',
  description:
    "Ready sums up the others, which exist only while they are true. Stalled means a person must act; Reconciling, the controller tries again; LeaseOverdue, a lease could not end in time; FormerSecretKept, the API server doesn't let the controller delete a Secret that the hook no longer names; Overruled, someone else has set a field that the hook held.",
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
  /** stalled: a person has to act. reconciling: it may resolve by itself, and the controller checks again. */
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
    const message = cut(text)
    const old = before.find(condition => condition.type === type)
    const lastTransitionTime = old?.status === status ? old.lastTransitionTime : rfc3339(now)
    return { type, status, observedGeneration: generation, lastTransitionTime, reason, message }
  }
  const kept = before.filter(({ type }) => isSeparate(type))
  if (!problem) return [make('Ready', 'True', ready.reason, ready.message), ...kept]
  const { reason, message, lasts } = problem
  return [
    make('Ready', 'False', reason, message),
    make(lasts === 'stalled' ? 'Stalled' : 'Reconciling', 'True', reason, message),
    ...kept,
  ]
}

/**
 * The types of conditions that a hook may have whether it is Ready or not. A person should see them: a lease
 * could not end in time, a former Secret could not be deleted, or somebody else has set what the hook held.
 */
const separateTypes = ['LeaseOverdue', 'FormerSecretKept', 'Overruled'] as const
type SeparateType = (typeof separateTypes)[number]

/** Returns whether a condition of this type says something of its own, also of a hook that is Ready. */
export const isSeparate = (type: string): boolean => separateTypes.some(separate => separate === type)

/**
 * Returns conditions with one of such a type, or without it. `said`: since when, as an RFC 3339 time, and why.
 * The list is the same one if it says so already.
 */
export const withSeparate = (
  conditions: readonly Condition[],
  type: SeparateType,
  said: { readonly since: string; readonly message: string } | undefined,
  generation: number,
): readonly Condition[] => {
  const now = conditions.find(condition => condition.type === type)
  if (now?.lastTransitionTime === said?.since && now?.message === said?.message) return conditions
  const others = conditions.filter(condition => condition !== now)
  if (!said) return others
  const { message, since } = said
  const added = { type, status: 'True', reason: type, message } as const
  return [...others, { ...added, observedGeneration: generation, lastTransitionTime: since }]
}

/**
 * Returns conditions with one of such a type, which says `message` since it was first there, or without it if
 * `message` is undefined. `now` is in milliseconds since the epoch.
 */
export const withFound = (
  conditions: readonly Condition[],
  type: SeparateType,
  message: string | undefined,
  generation: number,
  now: number,
): readonly Condition[] => {
  const since = conditionOf(conditions, type)?.lastTransitionTime ?? rfc3339(now)
  const said = message === undefined ? undefined : { since, message: cut(message) }
  return withSeparate(conditions, type, said, generation)
}

/** Returns the condition of such a type. Undefined if a hook has none. */
export const conditionOf = (conditions: readonly Condition[] = [], type: SeparateType): Condition | undefined =>
  conditions.find(condition => condition.type === type)

/** Returns whether the status says that a former Secret of the hook is still there. */
export const hasFormerSecret = (conditions: readonly Condition[] | undefined): boolean =>
  conditionOf(conditions, 'FormerSecretKept') !== undefined

const cut = (text: string): string => (text.length > maxMessage ? `${text.slice(0, maxMessage - 1)}…` : text)
