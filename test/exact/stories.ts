import type { Answer, Attempt, History, Hook, OutsideWrite, Version } from '../cluster/exact/history.ts'

/** The target of a history: two processes, `a` and `b`, and hooks that move it by one. */
export const web = 'web'

const hook: Hook = { name: 'up', target: web, action: 'up', by: 1, min: 0, max: 9, overshoot: 'reject' }

const hooks: readonly Hook[] = [
  hook,
  { ...hook, name: 'down', action: 'down' },
  { ...hook, name: 'up-4', by: 4 },
  // As of an autoscaler that allows 3 to 7.
  { ...hook, name: 'up-in-own', least: 3, most: 7, overshoot: 'clamp', by: 4 },
  { ...hook, name: 'down-in-own', action: 'down', least: 3, most: 7 },
]

/** Stored versions by their counts: `[5, 'a', 10]` is a write of process `a` that was seen at 10. The first is nobody's. */
export type Stored = readonly [count: number, by: 'a' | 'b' | 'kubectl' | 'fence', seenAt: number]

/** Returns versions of which the first is there at 0, and process `a` writes the others at 10, 20 and so on. */
export const byA = (...counts: readonly number[]): readonly Stored[] =>
  counts.map((count, index) => [count, 'a', 10 * index])

export interface Story {
  readonly stored: readonly Stored[]
  readonly attempts?: readonly Attempt[]
  readonly outside?: readonly OutsideWrite[]
}

/** Versions are numbered from 1. */
export const historyOf = ({ attempts = [], outside = [], stored }: Story): History => ({
  hooks,
  instances: [
    { instance: 'ia', process: 'a' },
    { instance: 'ib', process: 'b' },
  ],
  versions: stored.map(([count, by, seenAt], index): Version => ({
    target: web,
    resourceVersion: String(index + 1),
    generation: stored.slice(0, index + 1).filter(([own], at) => own !== stored[at - 1]?.[0]).length,
    count,
    owners: [ownerOf(by, index)],
    seenAt,
  })),
  attempts,
  outside,
})

const ownerOf = (by: Stored[1], index: number): string => {
  if (by === 'kubectl') return by
  return by === 'fence' ? `receiver-hooks.fence.${index}` : `receiver-hooks.i${by}.${index}`
}

/** Returns a post to a process, from one moment to another. Without an answer its connection was closed. */
export const post = (
  to: string,
  process: string,
  [sentAt, endedAt]: readonly [number, number],
  answer?: Answer,
): Attempt => ({ hook: to, process, sentAt, endedAt, ...(answer && { answer }) })

export const named = (attempt: Attempt): Attempt => ({ ...attempt, name: 'delivery' })

export const stepped = (from: number, to: number): Answer => ({
  status: 200,
  outcome: 'applied',
  reason: 'Stepped',
  from,
  to,
})

export const atBound = (count: number): Answer => ({
  status: 200,
  outcome: 'unchanged',
  reason: 'AtBound',
  from: count,
  to: count,
})

export const wouldPass = (from: number): Answer => ({
  status: 409,
  outcome: 'rejected',
  reason: 'WouldPassBound',
  from,
})

export const duplicate = (from: number, to: number): Answer => ({
  status: 200,
  outcome: 'skipped',
  reason: 'Duplicate',
  message: `the same delivery was decided at 2026-01-01T00:00:00Z: the count went from ${from} to ${to}`,
})

export const unavailable: Answer = { status: 503, outcome: 'unavailable', reason: 'ApiUnreachable', message: 'away' }
