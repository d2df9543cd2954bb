import { confirmationSchema, withoutUnfit } from './confirmation.ts'
import { has } from './guard.ts'
import { at, tryParseJson } from './json.ts'
import { actSchema, runSchema } from './run.ts'
import { arePossible, areRows, overSchema, senderTime, time, type Row } from './row.ts'
import { settlementStates } from './settlement.ts'
import type { Obj, Stored } from './schema.ts'

/**
 * What triggers remember of a hook's deliveries, stored in the ReceiverHookRecord with the hook's
 * name: the decided deliveries, when the hook last ran, and what its status shows. All times are in
 * milliseconds since the epoch.
 */

/** The outcomes that a status can show. */
export const deliveryOutcomes = ['applied', 'unchanged', 'skipped', 'rejected', 'failed'] as const
export type DeliveryOutcome = (typeof deliveryOutcomes)[number]

const count = { type: 'integer' } as const

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
    /** The object and its count, as in a claim. Empty if an earlier version of the product stored it. */
    target: { type: 'string' },
    uid: { type: 'string' },
  },
} as const satisfies Obj

/** What some deliveries have changed in a count, and nobody has taken back. */
const partSchema = {
  type: 'object',
  required: ['key', 'object', 'delta', 'at'],
  properties: {
    /** The hash of the alert group's key, or `~` and a time. */
    key: { type: 'string' },
    /** The place of its count in `objects`. */
    object: count,
    delta: count,
    /**
     * Since which version of the object only hooks had written the count when this was changed. Absent
     * if that is not known.
     */
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

const changed = {
  /** When the group's deliveries last changed this object. */
  at: time,
  /** The uid of the object. */
  uid: { type: 'string' },
  /**
   * By how much the group's firings have changed the object's count. An undo subtracts this number
   * from the count.
   */
  delta: count,
  /**
   * Since which version of the object only hooks had written the count when this was changed. Absent
   * if a version that did not know it has stored this.
   */
  since: { type: 'string' },
  /** The object and its count, as in a claim. Present only if the object may have several counts. */
  target: { type: 'string' },
} as const

const changedSchema = { type: 'object', required: ['at', 'uid', 'delta'], properties: changed } as const satisfies Obj

const undoSchema = {
  type: 'object',
  required: ['at', 'uid', 'delta'],
  properties: {
    ...changed,
    /** The same members for other objects, if the hook's target was changed while alerts fired. */
    others: { type: 'array', items: changedSchema },
  },
} as const satisfies Obj

const recentSchema = {
  type: 'object',
  required: ['at', 'sender', 'outcome', 'reason'],
  properties: {
    at: time,
    sender: { type: 'string' },
    outcome: { type: 'string', enum: deliveryOutcomes },
    reason: { type: 'string' },
    from: count,
    to: count,
    summary: { type: 'string' },
    message: { type: 'string' },
    /**
     * The state of the change. Absent until the process that made the change has seen how it ended.
     */
    state: { type: 'string', enum: settlementStates },
    /** Why the change stalled. */
    stateMessage: { type: 'string' },
  },
} as const satisfies Obj

const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as const

const memorySchema = {
  type: 'object',
  required: ['format', 'rows', 'groups', 'undo', 'recent', 'counts', 'writers'],
  properties: {
    format: { type: 'integer', minimum: 1 },
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
    /** What the end of a lease would take back. An undo would take it back too. */
    parts: { type: 'array', items: partSchema },
    /** True if what the hook has leased ends with it. */
    endsWithHook: { type: 'boolean' },
    /** Present while something could not end in time. */
    overdue: overdueSchema,
    /** When alerts last fired on after their lease had ended. */
    tooShortAt: time,
    /** When it was last found that nobody can know whether a lease began, or has ended. */
    unknownAt: time,
    /**
     * The parts without an end, for each alert group, in a form that earlier versions know too. The
     * name of a member is the hash of the group's key.
     */
    undo: { type: 'object', additionalProperties: undoSchema },
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
  properties: { format: { type: 'integer', minimum: 1 }, page: { type: 'array', items: anything } },
} as const satisfies Obj

/** The content of a record. The rows in closed pages are not part of it. */
export type StoredMemory = Omit<Stored<typeof memorySchema>, 'rows'> & { readonly rows: readonly Row[] }
export type OpenAct = Stored<typeof actSchema>
export type Changed = Stored<typeof changedSchema>
export type CountedObject = Stored<typeof countedSchema>
export type OpenPart = Stored<typeof partSchema>
export type CountedRun = Stored<typeof runSchema>
/** A delivery as `recent` and the counts show it. */
export type RecentDelivery = Stored<typeof recentSchema>

/**
 * The version of the stored form, of records and of pages. It is raised if an older program could
 * repeat or lose a delivery with the new form. Such a program then leaves the record alone.
 */
export const recordFormat = 3

/** The formats of a record with runs that limits count, of one in which something ends by itself, and of all others. */
export const limitsFormat = 3
export const leasesFormat = 2
export const plainFormat = 1

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

/** Parses the content of a record. */
export const parseContent = (content: unknown): Content => {
  const parsed = withoutUnfit(parsedContent(content, maxContent))
  const format = at(parsed, 'format')
  if (typeof format === 'number' && format > recordFormat) return { content: 'newer', format }
  return isMemory(parsed) ? { content: 'known', memory: parsed } : { content: 'unreadable' }
}

const isMemory = (value: unknown): value is StoredMemory =>
  has(memorySchema, value) && areRows(value.rows) && (value.pages?.length ?? 0) <= maxPages && arePossible(value)

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

/** Parses the content of a page. */
export const parsePage = (content: unknown): PageContent => {
  const parsed = parsedContent(content, maxPageContent)
  const format = at(parsed, 'format')
  if (typeof format === 'number' && format > recordFormat) return { content: 'newer', format }
  const rows = has(pageSchema, parsed) ? parsed.page : undefined
  return areRows(rows) ? { content: 'known', rows } : { content: 'unreadable' }
}

/** Returns the content of a page with these rows, in the form in which it is stored. */
export const storedPage = (page: readonly Row[]) => ({ format: plainFormat, page })

export const recordKind = 'ReceiverHookRecord'
export const recordPlural = 'receiverhookrecords'
