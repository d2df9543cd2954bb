import { has } from './guard.ts'
import { at, tryParseJson } from './json.ts'
import { areRows, time, type Row } from './row.ts'
import type { Obj, Stored } from './schema.ts'

/**
 * What the triggers remember of a hook's deliveries, in the ReceiverHookRecord of the hook's name: which named ones have
 * been decided, when it last ran, and what is told in its status. Times are in milliseconds since the epoch.
 */

/** What can become of a delivery that is told in the status. */
export const deliveryOutcomes = ['applied', 'unchanged', 'skipped', 'rejected', 'failed'] as const
export type DeliveryOutcome = (typeof deliveryOutcomes)[number]

const count = { type: 'integer' } as const

const actSchema = {
  type: 'object',
  required: ['key', 'at', 'id'],
  properties: {
    /** As of a row. */
    key: { type: 'string' },
    /** When it was decided. */
    at: time,
    newsAt: time,
    body: { type: 'string' },
    of: { type: 'string' },
    /** What it leaves as evidence wherever it writes. */
    id: { type: 'string' },
  },
} as const satisfies Obj

const groupSchema = {
  type: 'object',
  required: ['at', 'firing'],
  properties: {
    at: time,
    /** The hashes of the alerts that fired when the group was last reported. */
    firing: { type: 'array', items: { type: 'string' } },
  },
} as const satisfies Obj

const changed = {
  /** When it last changed. */
  at: time,
  /** The object's. */
  uid: { type: 'string' },
  /** By how much the group's firings have changed its count, and nobody has taken that back. */
  delta: count,
} as const

const changedSchema = { type: 'object', required: ['at', 'uid', 'delta'], properties: changed } as const satisfies Obj

const undoSchema = {
  type: 'object',
  required: ['at', 'uid', 'delta'],
  properties: {
    ...changed,
    /** The same of other objects: a hook can be aimed at another while its alert fires. */
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
  },
} as const satisfies Obj

const confirmationSchema = {
  type: 'object',
  required: ['at', 'subject', 'link'],
  properties: { at: time, subject: { type: 'string' }, link: { type: 'string' } },
} as const satisfies Obj

const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as const

const memorySchema = {
  type: 'object',
  required: ['format', 'rows', 'groups', 'undo', 'recent', 'counts', 'writers'],
  properties: {
    format: { type: 'integer', minimum: 1 },
    /** Deliveries that were decided, in that order: each a {@link Row}. */
    rows: { type: 'array', items: anything },
    /** The names of its closed pages, the oldest first: what was decided before. */
    pages: { type: 'array', items: { type: 'string' } },
    /** What was begun for deliveries and is not known to be done, in the order in which it was begun. */
    acts: { type: 'array', items: actSchema },
    /** When the hook last changed something. */
    ranAt: time,
    groups: { type: 'object', additionalProperties: groupSchema },
    /** By the hash of the group's key. */
    undo: { type: 'object', additionalProperties: undoSchema },
    /** The newest deliveries, newest first. */
    recent: { type: 'array', items: recentSchema },
    counts: { type: 'object', additionalProperties: count },
    /** When a delivery was last refused since no further name could be remembered. */
    fullAt: time,
    /** When a process last told that deliveries are refused since they make the API server store too much. */
    limitedAt: time,
    /** What a sender has asked to be confirmed by a person, and when. */
    confirmation: confirmationSchema,
    /** The last write of each process, newest first: how one tells after a lost answer whether its write is in here. */
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

/** What an object holds that is a closed page of a record. */
const pageSchema = {
  type: 'object',
  required: ['format', 'page'],
  properties: { format: { type: 'integer', minimum: 1 }, page: { type: 'array', items: anything } },
} as const satisfies Obj

/** What a record's content says: a hook's memory, but for the rows in its closed pages. */
export type StoredMemory = Omit<Stored<typeof memorySchema>, 'rows'> & { readonly rows: readonly Row[] }
export type OpenAct = Stored<typeof actSchema>
export type Changed = Stored<typeof changedSchema>
/** A delivery as `recent` and the counts tell of it. */
export type RecentDelivery = Stored<typeof recentSchema>

/**
 * The form of a record's content, and of a page's. It rises when an earlier version could not work on the content without doing a
 * delivery twice or losing one: that version then leaves the record as it is.
 */
export const recordFormat = 1

/** What can be made of a record's content. */
export type Content =
  | { readonly content: 'known'; readonly memory: StoredMemory }
  /** A later version wrote it: what it says is not to be guessed, and must not be begun anew. */
  | { readonly content: 'newer'; readonly format: number }
  | { readonly content: 'unreadable' }

/** The longest content, in bytes: what etcd stores, less what else is in an object. */
export const maxContent = 1024 * 1024

/**
 * How many pages a record may list. It remembers 4,000 deliveries, and a page has 16 of them at least. Whoever writes another list
 * makes every post to its hook read all that is on it.
 */
const maxPages = 512

/** Reads a record's content. */
export const parseContent = (content: unknown): Content => {
  const parsed = parsedContent(content, maxContent)
  const format = at(parsed, 'format')
  if (typeof format === 'number' && format > recordFormat) return { content: 'newer', format }
  return isMemory(parsed) ? { content: 'known', memory: parsed } : { content: 'unreadable' }
}

const isMemory = (value: unknown): value is StoredMemory =>
  has(memorySchema, value) && areRows(value.rows) && (value.pages?.length ?? 0) <= maxPages

const parsedContent = (content: unknown, maxLength: number): unknown =>
  typeof content === 'string' && content.length <= maxLength ? tryParseJson(content) : undefined

/** The longest content of a page, in characters: 512 rows have 52,000. */
const maxPageContent = 256 * 1024

/** What can be made of a page's content. */
export type PageContent =
  | { readonly content: 'known'; readonly rows: readonly Row[] }
  | Exclude<Content, { content: 'known' }>

/** Reads a page's content. */
export const parsePage = (content: unknown): PageContent => {
  const parsed = parsedContent(content, maxPageContent)
  const format = at(parsed, 'format')
  if (typeof format === 'number' && format > recordFormat) return { content: 'newer', format }
  const rows = has(pageSchema, parsed) ? parsed.page : undefined
  return areRows(rows) ? { content: 'known', rows } : { content: 'unreadable' }
}

/** Makes the content of a page. */
export const storedPage = (page: readonly Row[]) => ({ format: recordFormat, page })

export const recordKind = 'ReceiverHookRecord'
export const recordPlural = 'receiverhookrecords'
