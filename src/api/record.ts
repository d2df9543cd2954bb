import { bySchema } from './by.ts'
import { confirmationSchema, withoutUnfit } from './confirmation.ts'
import { has } from './guard.ts'
import { at, tryParseJson } from './json.ts'
import { arePossible, areRows, overSchema, senderTime, time, reportSchema, type Row } from './row.ts'
import { settlementStates } from './settlement.ts'
import type { Obj, Stored } from './schema.ts'

const count = { type: 'integer' } as const

/** An act that was begun and is not known to be finished. */
const actSchema = {
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
const runSchema = {
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

/**
 * What triggers remember of a hook's deliveries, stored in the ReceiverHookRecord with the hook's
 * name: the decided deliveries, when the hook last ran, and what its status shows. All times are in
 * milliseconds since the epoch.
 */

/**
 * The version of the stored form, of records and of pages. It is raised if an older program could
 * repeat or lose a delivery with the new form. Such a program then leaves the record alone. No earlier
 * form was ever released, so none is read.
 */
export const recordFormat = 4

/** The outcomes that a status can show. */
export const deliveryOutcomes = ['applied', 'unchanged', 'skipped', 'rejected', 'failed'] as const
export type DeliveryOutcome = (typeof deliveryOutcomes)[number]

const groupSchema = {
  type: 'object',
  required: ['at', 'firing'],
  properties: {
    at: time,
    /** The hashes of the alerts that fired in the group's last report. Empty if it was about their end. */
    firing: { type: 'array', items: { type: 'string' } },
    /** When the last of these alerts began, by the sender's clock, if it says it. */
    beganAt: senderTime,
    /** When the alerts last ended, by the sender's clock, if it says it. */
    endedAt: senderTime,
    /** When some alerts last ended while others fired on, by the sender's clock. */
    someEndedAt: senderTime,
    /** What the last report of an end has ended. Alerts of it may have begun again since. */
    over: overSchema,
    /** True if the hook could not run when the alerts of the last report were first reported. */
    skipped: { type: 'boolean' },
    /** True if the group's lease has ended since its last report. */
    ended: { type: 'boolean' },
  },
} as const satisfies Obj

/** A count that deliveries of the hook have changed. */
const countedSchema = {
  type: 'object',
  required: ['target', 'uid'],
  properties: {
    /** The object and its count, as in a claim. */
    target: { type: 'string' },
    uid: { type: 'string' },
  },
} as const satisfies Obj

/** What some deliveries have changed in a count, and nobody has taken back. */
const partSchema = {
  type: 'object',
  required: ['key', 'object', 'delta', 'since', 'at'],
  properties: {
    /** The hash of the alert group's key, or `~` and a time. */
    key: { type: 'string' },
    /** The place of its count in `objects`. */
    object: count,
    delta: count,
    /** Since which version of the object only hooks had written the count when this was changed. */
    since: { type: 'string' },
    /** How far its end may lower and raise the count. Absent if it has no end. */
    low: count,
    high: count,
    /** When its first step was decided. Without `until`: when its last one was. */
    at: time,
    /** When it ends by itself. Absent if only the end of its alerts takes it back. */
    until: time,
    /** Who asked for it, for people. */
    of: { type: 'string' },
    /** True if bounds have kept its end back, at least in part. */
    held: { type: 'boolean' },
  },
} as const satisfies Obj

const overdueSchema = {
  type: 'object',
  required: ['at', 'why'],
  properties: {
    /** Since when something should have ended. */
    at: time,
    why: { type: 'string' },
  },
} as const satisfies Obj

const recentSchema = {
  type: 'object',
  required: ['at', 'sender', 'outcome', 'reason'],
  properties: {
    at: time,
    sender: { type: 'string' },
    /** Who sent it, as far as that is proved. */
    by: bySchema,
    outcome: { type: 'string', enum: deliveryOutcomes },
    reason: { type: 'string' },
    from: count,
    to: count,
    summary: { type: 'string' },
    message: { type: 'string' },
    /** The state of the change. Absent until the process that made the change has seen how it ended. */
    state: { type: 'string', enum: settlementStates },
    /** Why the change stalled. */
    stateMessage: { type: 'string' },
  },
} as const satisfies Obj

const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as const

const memorySchema = {
  type: 'object',
  required: ['format', 'rows', 'groups', 'recent', 'counts', 'writers'],
  properties: {
    format: { type: 'integer', minimum: recordFormat },
    /** Decided deliveries in the order of their decision, each a {@link Row}. */
    rows: { type: 'array', items: anything },
    /** The names of the closed pages, oldest first. They hold older rows. */
    pages: { type: 'array', items: { type: 'string' } },
    /** Acts that were begun and are not known to be finished, oldest first. */
    acts: { type: 'array', items: actSchema },
    /** When the hook last changed an object. */
    ranAt: time,
    /** What counts for the limits of the hook. Absent if it has none. */
    runs: { type: 'array', items: runSchema },
    groups: { type: 'object', additionalProperties: groupSchema },
    /** The counts that `parts` are about. */
    objects: { type: 'array', items: countedSchema },
    /** What an undo or the end of a lease would take back. */
    parts: { type: 'array', items: partSchema },
    /** True if what the hook has leased ends with it. */
    endsWithHook: { type: 'boolean' },
    /** Present while something could not end in time. */
    overdue: overdueSchema,
    /** When alerts last fired on after their lease had ended. */
    tooShortAt: time,
    /** When it was last found that nobody can know whether a lease began, or has ended. */
    unknownAt: time,
    /** The newest deliveries, newest first. */
    recent: { type: 'array', items: recentSchema },
    counts: { type: 'object', additionalProperties: count },
    /** When a delivery was last refused because the record was full. */
    fullAt: time,
    /** When a process last reported that it refuses deliveries because they store too much. */
    limitedAt: time,
    confirmation: confirmationSchema,
    /**
     * The processes that wrote last, newest first. Each has its id and the number of its last
     * write. After a lost answer, a process looks here for its own write.
     */
    writers: {
      type: 'array',
      items: {
        type: 'object',
        required: ['id', 'writes'],
        properties: { id: { type: 'string' }, writes: count },
      },
    },
  },
} as const satisfies Obj

/** The content of a closed page. */
const pageSchema = {
  type: 'object',
  required: ['format', 'page'],
  properties: { format: { type: 'integer', minimum: recordFormat }, page: { type: 'array', items: anything } },
} as const satisfies Obj

/** The content of a record. The rows in closed pages are not part of it. */
export type StoredMemory = Omit<Stored<typeof memorySchema>, 'rows'> & { readonly rows: readonly Row[] }
export type OpenAct = Stored<typeof actSchema>
export type CountedObject = Stored<typeof countedSchema>
export type OpenPart = Stored<typeof partSchema>
export type CountedRun = Stored<typeof runSchema>
/** A delivery as `recent` and the counts show it. */
export type RecentDelivery = Stored<typeof recentSchema>

/** The result of reading a record's content. */
export type Content =
  | { readonly content: 'known'; readonly memory: StoredMemory }
  /**
   * A newer program wrote the content, so this program does not interpret it. The record must not
   * be replaced by a new one.
   */
  | { readonly content: 'newer'; readonly format: number }
  | { readonly content: 'unreadable' }

/**
 * The longest content, in characters. etcd limits the size of an object, and the other members of
 * the record need some room too.
 */
export const maxContent = 1024 * 1024

/**
 * The largest number of pages in a record. A record keeps 4,000 deliveries, and each page has 16 or
 * more. No trigger writes a longer list, and every post would have to read all its pages.
 */
const maxPages = 512

export const parseContent = (content: unknown): Content => {
  const parsed = withoutUnfit(parsedContent(content, maxContent))
  const format = at(parsed, 'format')
  if (typeof format === 'number' && format > recordFormat) return { content: 'newer', format }
  return isMemory(parsed) ? { content: 'known', memory: parsed } : { content: 'unreadable' }
}

const isMemory = (value: unknown): value is StoredMemory =>
  has(memorySchema, value) && areRows(value.rows) && (value.pages?.length ?? 0) <= maxPages && arePossible(value.parts)

const parsedContent = (content: unknown, maxLength: number): unknown =>
  typeof content === 'string' && content.length <= maxLength ? tryParseJson(content) : undefined

/**
 * The longest content of a page, in characters. A page of 512 rows has 52,000, and at most 370,000: then all are acts
 * with a long summary and all the evidence that a row keeps.
 */
const maxPageContent = 512 * 1024

/** The result of reading a page's content. */
export type PageContent =
  | { readonly content: 'known'; readonly rows: readonly Row[] }
  | Exclude<Content, { content: 'known' }>

export const parsePage = (content: unknown): PageContent => {
  const parsed = parsedContent(content, maxPageContent)
  const format = at(parsed, 'format')
  if (typeof format === 'number' && format > recordFormat) return { content: 'newer', format }
  const rows = has(pageSchema, parsed) ? parsed.page : undefined
  return areRows(rows) ? { content: 'known', rows } : { content: 'unreadable' }
}

/** Returns the content of a page with these rows, in the form in which it is stored. */
export const storedPage = (page: readonly Row[]) => ({ format: recordFormat, page })

export const recordKind = 'ReceiverHookRecord'
export const recordPlural = 'receiverhookrecords'
