import { has } from './guard.ts'
import { at } from './json.ts'
import type { Obj, Stored } from './schema.ts'

/**
 * The schema of a moment by the clock of a trigger, in milliseconds since the epoch. It is in the years 0 to 9999,
 * because RFC 3339 can write no other moment.
 */
export const time = {
  type: 'integer',
  format: 'int64',
  minimum: -62_167_219_200_000,
  maximum: 253_402_300_799_999,
} as const

/** The schema of a moment by the clock of a sender, which may say any. It is only compared, and never written. */
export const senderTime = { type: 'integer', format: 'int64' } as const
const count = { type: 'integer' } as const

/**
 * The claim of a write that may be in progress. It holds all of the write, so that any process can
 * send the very same request.
 */
const claimSchema = {
  type: 'object',
  required: ['mark', 'target', 'uid', 'version', 'to', 'helped'],
  properties: {
    /** The field manager that only this write has. */
    mark: { type: 'string' },
    /**
     * The object that the write changes, such as `apps/v1/deployments/Deployment/web`. For the core
     * group the first part is empty.
     */
    target: { type: 'string' },
    uid: { type: 'string' },
    /** The resourceVersion from which the count was computed. */
    version: { type: 'string' },
    /**
     * The mark of the write that this write replaces. Absent if the count in `version` has none. As
     * long as it is there at another version, this write was not made.
     */
    before: { type: 'string' },
    /** The count that the write sets. It can include the steps of other posts. */
    to: count,
    /**
     * False as long as only the process that stored the claim may send its write. Another process
     * first sets it to true.
     */
    helped: { type: 'boolean' },
  },
} as const satisfies Obj

const leasesSchema = {
  type: 'object',
  required: ['until', 'low', 'high'],
  properties: {
    /** When the step ends by itself. */
    until: time,
    /** How far its end may lower and raise the count. */
    low: count,
    high: count,
    of: { type: 'string' },
  },
} as const satisfies Obj

/** Alerts that have all ended, and when the first of them did, by the sender's clock. */
export const overSchema = {
  type: 'object',
  required: ['alerts', 'firstAt'],
  properties: {
    /** The hashes of the alerts. */
    alerts: { type: 'array', items: { type: 'string' } },
    firstAt: senderTime,
  },
} as const satisfies Obj

export const reportSchema = {
  type: 'object',
  required: ['group', 'firing'],
  properties: {
    /** The hash of the alert group's key. */
    group: { type: 'string' },
    /** The hashes of the firing alerts. */
    firing: { type: 'array', items: { type: 'string' } },
    /** When the last of the alerts began, by the sender's clock. Absent unless some fire. */
    beganAt: senderTime,
    /** When the alerts ended, by the sender's clock. Absent unless all have ended. */
    endedAt: senderTime,
    /** When the last of those alerts ended that have ended, if others fire on. */
    someEndedAt: senderTime,
    /** What has ended. Absent unless all have, and if they are too many. */
    over: overSchema,
  },
} as const satisfies Obj

/**
 * The members that every row has besides its key. `at` is when the delivery was decided, or when
 * its write was claimed.
 */
const moment = {
  at: time,
  /** When the reported event occurred, if the sender says it. */
  newsAt: senderTime,
  /** The hash of the signed body, if the hook counts a body only once. */
  body: { type: 'string' },
  /** The beginning of the body's hash, if the key was given by the sender. It costs 16 bytes a row. */
  of: { type: 'string' },
} as const

/**
 * The beginning of a hash that identifies the object and its field with the count. Absent if the
 * sender may not ask for the outcome. It costs 16 bytes a row.
 */
const on = { type: 'string' } as const

/** The members of a finished row, by its state. */
const finished = {
  /** The step is stored, or the count did not have to change. */
  done: {
    type: 'object',
    required: ['state', 'at', 'from', 'to'],
    properties: { state: { type: 'string', enum: ['done'] }, ...moment, from: count, to: count, on },
  },
  /** An act, such as a rollout, is done. `summary` says for people what was done. */
  acted: {
    type: 'object',
    required: ['state', 'at', 'summary'],
    properties: {
      state: { type: 'string', enum: ['acted'] },
      ...moment,
      summary: { type: 'string' },
      /**
       * Why the act was skipped or failed. Absent for other outcomes, and if the sender may not ask
       * for the outcome.
       */
      reason: { type: 'string' },
      /**
       * The evidence that the act has left on objects. Absent if there is none, or if the sender
       * may not ask for the outcome. It costs 48 bytes for one push, and at most 288.
       */
      did: { type: 'array', items: { type: 'string' } },
      n: count,
    },
  },
  /** The delivery did not count. */
  skipped: {
    type: 'object',
    required: ['state', 'at', 'reason'],
    properties: { state: { type: 'string', enum: ['skipped'] }, ...moment, reason: { type: 'string' } },
  },
  /** It is unknown whether the step was made, so no process makes it again. */
  unknown: {
    type: 'object',
    required: ['state', 'at'],
    properties: { state: { type: 'string', enum: ['unknown'] }, ...moment },
  },
} as const satisfies Record<string, Obj>

/** The members that a finished row has in addition to those of its state. */
const keyed = {
  type: 'object',
  required: ['key'],
  properties: {
    /** The hash of the idempotency key. For a delivery without a key, it is the mark of its write. */
    key: { type: 'string' },
    /**
     * The mark of the write, in an `unknown` row alone. The process that made the write may still
     * report the outcome.
     */
    mark: { type: 'string' },
  },
} as const satisfies Obj

/**
 * A row in the state `claimed`. The intention to write is stored, and it is not known whether the
 * write was made.
 */
const claimedSchema = {
  type: 'object',
  required: ['state', 'key', 'at', 'from', 'to', 'claim'],
  properties: {
    state: { type: 'string', enum: ['claimed'] },
    key: { type: 'string' },
    ...moment,
    /** The step of this delivery alone. The write can include others. */
    from: count,
    to: count,
    claim: claimSchema,
    on,
    /**
     * The key of the part that this step adds to, or takes from: the hash of its alert group's key, or
     * `~` and a time.
     */
    group: { type: 'string' },
    /** How much of a part this step takes back at most. Absent if it takes nothing back. */
    undoes: count,
    /** The terms of its lease. Absent if the step is for good. */
    leases: leasesSchema,
    /** The key of the part that this step ends. Absent if a delivery caused the step. */
    ends: { type: 'string' },
    /**
     * How long its run counts for the limits of its hook, in milliseconds. Absent if the hook has none,
     * and if the step takes something back.
     */
    keep: count,
    /** The report on the alert group. It is noted as seen once the write is made. */
    report: reportSchema,
    /** The row to restore if the write is never made, a {@link Former}. */
    former: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  },
} as const satisfies Obj

export type Claim = Stored<typeof claimSchema>
export type LeaseTerms = Stored<typeof leasesSchema>
export type Report = Stored<typeof reportSchema>

/** How far a hook moves a count. */
export interface StepBounds {
  readonly min: number
  readonly max: number
}

interface Keyed {
  readonly key: string
}

/** The earlier decision about the same key, before the present claim. */
export type Former = Stored<(typeof finished)[keyof typeof finished]>
export type ClaimedRow = Omit<Stored<typeof claimedSchema>, 'former'> & { readonly former?: Former | undefined }
export type DoneRow = Stored<typeof finished.done> & Keyed
export type ActedRow = Stored<typeof finished.acted> & Keyed
type SkippedRow = Stored<typeof finished.skipped> & Keyed
type UnknownRow = Stored<typeof finished.unknown> & Stored<typeof keyed>

/** What a record remembers of one delivery. contributing/glossary.md shows the states and their order. */
export type Row = ClaimedRow | DoneRow | ActedRow | SkippedRow | UnknownRow

const isFinished = (value: unknown): value is Former => {
  const state = at(value, 'state')
  return isFinishedState(state) && has(finished[state], value)
}

const isFinishedState = (state: unknown): state is keyof typeof finished =>
  typeof state === 'string' && Object.hasOwn(finished, state)

// A row is checked against the schema of its state alone: a record can have thousands.
const isRow = (value: unknown): value is Row =>
  at(value, 'state') === 'claimed'
    ? has(claimedSchema, value) && (value.former === undefined || isFinished(value.former))
    : isFinished(value) && has(keyed, value)

export const areRows = (value: unknown): value is readonly Row[] => Array.isArray(value) && value.every(isRow)

/** Returns whether the versions of all parts of a record can be compared. */
export const arePossible = (parts: readonly { readonly since: string }[] = []): boolean =>
  parts.every(({ since }) => /^\d{1,20}$/.test(since))
