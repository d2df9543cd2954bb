import { has } from './guard.ts'
import { at, tryParseJson } from './json.ts'
import type { Obj, Stored } from './schema.ts'

/**
 * What the triggers remember of a hook's deliveries, in the ReceiverHookRecord of the hook's name: which named ones have
 * been decided, when it last ran, and what is told in its status. Times are in milliseconds since the epoch.
 */

/** What can become of a delivery that is told in the status. */
export const deliveryOutcomes = ['applied', 'unchanged', 'skipped', 'rejected', 'failed'] as const
export type DeliveryOutcome = (typeof deliveryOutcomes)[number]

const time = { type: 'integer', format: 'int64' } as const
const count = { type: 'integer' } as const

/** A write of a count that is under way, told so that whoever meets it can send the very same request. */
const claimSchema = {
  type: 'object',
  required: ['mark', 'target', 'uid', 'version', 'to'],
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
    /** False while nobody but the process that stored it may have sent the write. */
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

/** What was decided of an earlier news of the same delivery. */
const formerSchema = {
  type: 'object',
  required: ['at'],
  properties: {
    at: time,
    newsAt: time,
    /** The hash of the signed body, where the hook counts one once. */
    body: { type: 'string' },
    from: count,
    to: count,
    told: { type: 'string' },
    skipped: { type: 'string' },
  },
} as const satisfies Obj

const rowSchema = {
  type: 'object',
  required: ['key', 'at'],
  properties: {
    /** The hash of the identity's key; of an unnamed delivery, its mark. */
    key: { type: 'string' },
    /** When it was decided. */
    at: time,
    newsAt: time,
    body: { type: 'string' },
    /** The delivery's own step. Absent when it was skipped. */
    from: count,
    to: count,
    /** What was done, where it is no step. */
    told: { type: 'string' },
    /** The reason, when it was skipped. */
    skipped: { type: 'string' },
    /** The mark of its write, where nobody could tell what became of that: whoever has made it may tell yet. */
    lost: { type: 'string' },
    /** The hash of the key of the alert group that is to take this step back. */
    group: { type: 'string' },
    /** What this step takes back of its group, when it is an undo. */
    undoes: count,
    /** Present while it is not known that the write has been stored. */
    claim: claimSchema,
    /** What stood in its place, and stands there again if the write is not made. */
    former: formerSchema,
    /** What it reports of its group of alerts, which counts as seen once the write has been stored. */
    report: reportSchema,
  },
} as const satisfies Obj

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
    /** The same of other objects: a hook can be aimed at another while its alert fires. Earlier versions know the newest alone. */
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

const memorySchema = {
  type: 'object',
  required: ['rows', 'groups', 'undo', 'recent', 'counts', 'writers'],
  properties: {
    /** The form of this content; absent in what the first version wrote, which is form 1. */
    format: { type: 'integer', minimum: 1 },
    /** Deliveries that were decided, in that order. */
    rows: { type: 'array', items: rowSchema },
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
  properties: { format: { type: 'integer', minimum: 1 }, page: { type: 'array', items: rowSchema } },
} as const satisfies Obj

/** What a record's content says. `src/record/memory.ts` has the rows with their states. */
export type StoredMemory = Stored<typeof memorySchema>
export type StoredRow = Stored<typeof rowSchema>
export type OpenAct = Stored<typeof actSchema>
export type Claim = Stored<typeof claimSchema>
export type Report = Stored<typeof reportSchema>
export type Changed = Stored<typeof changedSchema>
/** A delivery as `recent` and the counts tell of it. */
export type RecentDelivery = Stored<typeof recentSchema>

/**
 * The newest form of a record's content that this version knows. It rises when an earlier version could not work on the
 * content without doing a delivery twice or losing one. A content says the earliest form that has all that is in it.
 */
export const recordFormat = 3

/** The form in which a claim may say that nobody has helped it: who finishes it has to say so in the record first. */
export const unhelpedFormat = 2

/** The form in which a record may have closed pages. */
export const pagedFormat = 3

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

/** Reads a record's content, as any version has stored it. */
export const parseContent = (content: unknown): Content => {
  const parsed = parsedContent(content, maxContent)
  const format = at(parsed, 'format')
  if (typeof format === 'number' && format > recordFormat) return { content: 'newer', format }
  const isMemory = has(memorySchema, parsed) && (parsed.pages?.length ?? 0) <= maxPages
  return isMemory ? { content: 'known', memory: parsed } : { content: 'unreadable' }
}

const parsedContent = (content: unknown, maxLength: number): unknown =>
  typeof content === 'string' && content.length <= maxLength ? tryParseJson(content) : undefined

/** The longest content of a page, in characters: 512 rows have 44,000. */
const maxPageContent = 256 * 1024

/** What can be made of a page's content. */
export type PageContent =
  | { readonly content: 'known'; readonly rows: readonly StoredRow[] }
  | Exclude<Content, { content: 'known' }>

/** Reads a page's content. */
export const parsePage = (content: unknown): PageContent => {
  const parsed = parsedContent(content, maxPageContent)
  const format = at(parsed, 'format')
  if (typeof format === 'number' && format > recordFormat) return { content: 'newer', format }
  return has(pageSchema, parsed) ? { content: 'known', rows: parsed.page } : { content: 'unreadable' }
}

/** Makes the content of a page. */
export const storedPage = (page: readonly StoredRow[]): Stored<typeof pageSchema> => ({ format: pagedFormat, page })

export const recordKind = 'ReceiverHookRecord'
export const recordPlural = 'receiverhookrecords'
