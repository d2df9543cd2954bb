import { has } from '../../../src/api/guard.ts'
import { at, parseJson } from '../../../src/api/json.ts'
import type { Obj, Schema, Stored } from '../../../src/api/schema.ts'

/**
 * What was seen of a run: what the API server stored, and what senders were answered. Moments are of one monotonic clock, in
 * milliseconds: a version was stored before it was seen, and a post arrived after it was sent.
 */
export interface History {
  readonly hooks: readonly Hook[]
  /** Which process signs its marks in which way. */
  readonly instances: readonly Instance[]
  /** All versions of each target, from the first to the last. */
  readonly versions: readonly Version[]
  readonly attempts: readonly Attempt[]
  readonly outside: readonly OutsideWrite[]
}

const text = { type: 'string' } as const
const whole = { type: 'integer' } as const

/** A hook, as far as it says what a step is. */
const hookSchema = {
  type: 'object',
  required: ['name', 'target', 'action', 'by', 'min', 'max', 'overshoot'],
  properties: {
    name: text,
    target: text,
    action: { type: 'string', enum: ['up', 'down'] },
    by: whole,
    min: whole,
    max: whole,
    overshoot: { type: 'string', enum: ['clamp', 'reject'] },
    /** The target's own bounds, where it has some: an autoscaler's. */
    least: whole,
    most: whole,
  },
} as const satisfies Obj

const instanceSchema = {
  type: 'object',
  required: ['instance', 'process'],
  properties: {
    /** The second part of its marks: `receiver-hooks.INSTANCE.NUMBER`. */
    instance: text,
    /** A process that is started again is another one. */
    process: text,
  },
} as const satisfies Obj

/** A version of a target. */
const versionSchema = {
  type: 'object',
  required: ['target', 'resourceVersion', 'count', 'owners', 'seenAt'],
  properties: {
    target: text,
    resourceVersion: text,
    /** Every change of the count raises it by one. Absent where the kind has none. */
    generation: whole,
    count: whole,
    /** The field managers that own the count; or the one mark next to it, where that is an annotation. */
    owners: { type: 'array', items: text },
    seenAt: whole,
  },
} as const satisfies Obj

const answerSchema = {
  type: 'object',
  required: ['status', 'reason'],
  properties: { status: whole, outcome: text, reason: text, from: whole, to: whole, message: text },
} as const satisfies Obj

/** One post that may have arrived. */
const attemptSchema = {
  type: 'object',
  required: ['hook', 'process', 'sentAt', 'endedAt'],
  properties: {
    hook: text,
    /** What the delivery is called, where it names itself: the same for all its copies. */
    name: text,
    process: text,
    sentAt: whole,
    endedAt: whole,
    /** Absent where the connection was closed. */
    answer: answerSchema,
  },
} as const satisfies Obj

/** Somebody else's write of a count, at the version `base` and at no other. Those that were refused are left out. */
const outsideSchema = {
  type: 'object',
  required: ['target', 'base', 'to', 'sentAt', 'endedAt'],
  properties: {
    target: text,
    base: text,
    to: whole,
    sentAt: whole,
    endedAt: whole,
    /** The version that it made; absent where its answer was lost. */
    made: text,
  },
} as const satisfies Obj

export type Hook = Stored<typeof hookSchema>
export type Instance = Stored<typeof instanceSchema>
export type Version = Stored<typeof versionSchema>
export type Answer = Stored<typeof answerSchema>
export type Attempt = Stored<typeof attemptSchema>
export type OutsideWrite = Stored<typeof outsideSchema>

/** Returns a history as text, an entry a line. */
export const written = ({ attempts, hooks, instances, outside, versions }: History): string =>
  [
    ...hooks.map(hook => ({ hook })),
    ...instances.map(instance => ({ instance })),
    ...versions.map(version => ({ version })),
    ...attempts.map(attempt => ({ attempt })),
    ...outside.map(write => ({ outside: write })),
  ]
    .map(entry => `${JSON.stringify(entry)}\n`)
    .join('')

/** Returns the history that was {@link written}. */
export const parsed = (lines: string): History => {
  const entries = lines
    .trim()
    .split('\n')
    .map(line => parseJson(line))
  const all = <S extends Schema>(kind: string, schema: S): readonly Stored<S>[] =>
    entries.flatMap(entry => {
      const value = at(entry, kind)
      return has(schema, value) ? [value] : []
    })
  const history = {
    hooks: all('hook', hookSchema),
    instances: all('instance', instanceSchema),
    versions: all('version', versionSchema),
    attempts: all('attempt', attemptSchema),
    outside: all('outside', outsideSchema),
  }
  const read = Object.values(history).reduce((sum, list) => sum + list.length, 0)
  if (read !== entries.length) throw new Error(`${entries.length - read} lines are no entry of a history`)
  return history
}
