import { reportSchema, senderTime, time } from './row.ts'
import type { Obj } from './schema.ts'

const count = { type: 'integer' } as const

/** An act that was begun and is not known to be finished. */
export const actSchema = {
  type: 'object',
  required: ['key', 'at', 'id'],
  properties: {
    /** The key of the delivery's row. */
    key: { type: 'string' },
    /** When the act began. */
    at: time,
    newsAt: senderTime,
    /** True if the delivery repeats an event. Then the work is as old as the act, and not as the event. */
    repeats: { type: 'boolean' },
    /** What the delivery says of its alerts. It counts once the act is done. */
    report: reportSchema,
    body: { type: 'string' },
    of: { type: 'string' },
    /** The id of the act. The act leaves this id as evidence on the objects that it changes. */
    id: { type: 'string' },
    /** How long its run counts for the limits of its hook, in milliseconds. Absent if the hook has none. */
    keep: count,
    /** How often another process has taken up an act that is serial. Absent: never. */
    turn: count,
    /** When a process last took the act up again, long after it was begun. Absent: never. */
    takenAt: time,
  },
} as const satisfies Obj

/** What one write or one act counts for the limits of its hook. */
export const runSchema = {
  type: 'object',
  required: ['at', 'of'],
  properties: {
    at: time,
    /** The beginning of a hash of the mark of the write, or of the id of the act. */
    of: { type: 'string' },
    /** How many deliveries it has run. Absent for one. */
    n: count,
    /** How far they have moved a count, up and down. Absent for no move. */
    up: count,
    down: count,
  },
} as const satisfies Obj
