import { has } from './guard.ts'
import type { Obj, Stored } from './schema.ts'

/** A moment, in milliseconds since the epoch. */
export const time = { type: 'integer', format: 'int64' } as const
const count = { type: 'integer' } as const

/** A write of a count that is under way, told so that whoever meets it can send the very same request. */
const claimSchema = {
  type: 'object',
  required: ['mark', 'target', 'uid', 'version', 'to', 'helped'],
  properties: {
    /** The field manager of the marked write. */
    mark: { type: 'string' },
    /** As in `apps/v1/deployments/Deployment/web`; the core group is empty. */
    target: { type: 'string' },
    uid: { type: 'string' },
    /** The resourceVersion that the count was computed from. */
    version: { type: 'string' },
    /** The count that the write sets, which may fold other posts' steps. */
    to: count,
    /** False while nobody but the process that stored it may have sent the write: whoever helps says so in the record first. */
    helped: { type: 'boolean' },
  },
} as const satisfies Obj

const reportSchema = {
  type: 'object',
  required: ['group', 'firing'],
  properties: {
    /** The hash of the group's key. */
    group: { type: 'string' },
    /** The hashes of the alerts that fire. */
    firing: { type: 'array', items: { type: 'string' } },
  },
} as const satisfies Obj

/** What is known of every delivery that was decided: when, and by what it is known besides its key. */
const moment = {
  at: time,
  /** When what it reports happened, where it says so. */
  newsAt: time,
  /** The hash of its signed body, where its hook counts one once. */
  body: { type: 'string' },
  /** The beginning of its body's hash, where the sender has given it its key: 16 bytes of a row. */
  of: { type: 'string' },
} as const

/** What a finished delivery came to, by its state. */
const finished = {
  /** The step is stored, or the count was left as it was. */
  done: {
    type: 'object',
    required: ['state', 'at', 'from', 'to'],
    properties: { state: { type: 'string', enum: ['done'] }, ...moment, from: count, to: count },
  },
  /** What the delivery asked for is done, and is no step: `summary` says what was done, for people. */
  acted: {
    type: 'object',
    required: ['state', 'at', 'summary'],
    properties: {
      state: { type: 'string', enum: ['acted'] },
      ...moment,
      summary: { type: 'string' },
      /** Why nothing was done, where nothing was. */
      reason: { type: 'string' },
      /** What it has left, where its sender may ask for its outcome: 48 bytes for one push, 288 at most. */
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
  /** Nobody could tell whether the step was made: it is never made again. */
  untold: {
    type: 'object',
    required: ['state', 'at'],
    properties: { state: { type: 'string', enum: ['untold'] }, ...moment },
  },
} as const satisfies Record<string, Obj>

/** What every row has besides. */
const keyed = {
  type: 'object',
  required: ['key'],
  properties: {
    /** The hash of the identity's key; of an unnamed delivery, its mark. */
    key: { type: 'string' },
    /** Of an untold row, the mark of its write: a process that has made it may still report that. */
    mark: { type: 'string' },
  },
} as const satisfies Obj

/** A write was stored as intended, and is not known to be made. */
const claimedSchema = {
  type: 'object',
  required: ['state', 'key', 'at', 'from', 'to', 'claim'],
  properties: {
    state: { type: 'string', enum: ['claimed'] },
    key: { type: 'string' },
    ...moment,
    /** The delivery's own step, of those that the write folds. */
    from: count,
    to: count,
    claim: claimSchema,
    /** The hash of the key of the alert group that is to take this step back. */
    group: { type: 'string' },
    /** What this step takes back of its group, when it is an undo. */
    undoes: count,
    /** What it reports of its group of alerts, which counts as seen once the write is made. */
    report: reportSchema,
    /** The row that is stored here again if the write is never made: a {@link Former}. */
    former: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  },
} as const satisfies Obj

export type Claim = Stored<typeof claimSchema>
export type Report = Stored<typeof reportSchema>

interface Keyed {
  readonly key: string
}

/** How a delivery was decided before the one that claims its row now. */
export type Former = Stored<(typeof finished)[keyof typeof finished]>
export type ClaimedRow = Omit<Stored<typeof claimedSchema>, 'former'> & { readonly former?: Former }
export type DoneRow = Stored<typeof finished.done> & Keyed
export type ActedRow = Stored<typeof finished.acted> & Keyed
type SkippedRow = Stored<typeof finished.skipped> & Keyed
type UntoldRow = Stored<typeof finished.untold> & Stored<typeof keyed>

/** What is remembered of one delivery. docs/explanation/glossary.md draws how one state follows from another. */
export type Row = ClaimedRow | DoneRow | ActedRow | SkippedRow | UntoldRow

const isFinished = (value: unknown): value is Former => Object.values(finished).some(schema => has(schema, value))

const isRow = (value: unknown): value is Row =>
  has(claimedSchema, value)
    ? value.former === undefined || isFinished(value.former)
    : isFinished(value) && has(keyed, value)

export const areRows = (value: unknown): value is readonly Row[] => Array.isArray(value) && value.every(isRow)
