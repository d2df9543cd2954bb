import { createHash } from 'node:crypto'
import { has } from './guard.ts'
import { tryParseJson, type JsonObject } from './json.ts'
import { group, version } from './names.ts'
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
  properties: { at: time, newsAt: time, from: count, to: count, skipped: { type: 'string' } },
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
    /** The delivery's own step. Absent when it was skipped. */
    from: count,
    to: count,
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

const groupSchema = {
  type: 'object',
  required: ['at', 'firing'],
  properties: {
    at: time,
    /** The hashes of the alerts that fired when the group was last reported. */
    firing: { type: 'array', items: { type: 'string' } },
  },
} as const satisfies Obj

const undoSchema = {
  type: 'object',
  required: ['at', 'uid', 'delta'],
  properties: {
    /** When it last changed. */
    at: time,
    /** The target's. A target that was replaced has nothing to take back. */
    uid: { type: 'string' },
    /** As in a claim. */
    target: { type: 'string' },
    /** The newest version of the target that such a step was computed from. Those of an object that it replaced are lower. */
    version: { type: 'string' },
    /** What the group's firings have changed the count by. */
    delta: count,
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
    /** Deliveries that were decided, in that order. */
    rows: { type: 'array', items: rowSchema },
    /** When the hook last changed something. */
    ranAt: time,
    groups: { type: 'object', additionalProperties: groupSchema },
    /** By the hash of the group's key. */
    undo: { type: 'object', additionalProperties: undoSchema },
    /** The newest deliveries, newest first. */
    recent: { type: 'array', items: recentSchema },
    counts: { type: 'object', additionalProperties: count },
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

export type Memory = Stored<typeof memorySchema>
export type Row = Stored<typeof rowSchema>
export type Claim = Stored<typeof claimSchema>
export type Report = Stored<typeof reportSchema>
/** A delivery as `recent` and the counts tell of it. */
export type RecentDelivery = Stored<typeof recentSchema>

export const emptyMemory: Memory = { rows: [], groups: {}, undo: {}, recent: [], counts: {}, writers: [] }

/** What a record's content says; undefined when it is none that this version wrote. */
export const parseMemory = (content: unknown): Memory | undefined => {
  const parsed = typeof content === 'string' ? tryParseJson(content) : undefined
  return has(memorySchema, parsed) ? parsed : undefined
}

/** 128 bits of SHA-256 (FIPS 180-4) in base64url: names can be long, and may tell what is nobody's business. */
export const keyOf = (name: string): string => createHash('sha256').update(name).digest('base64url').slice(0, 22)

export const recordKind = 'ReceiverHookRecord'
export const recordPlural = 'receiverhookrecords'

/** The longest content, in bytes: what etcd stores, less what else is in an object. */
const mostContent = 1024 * 1024

/** The CustomResourceDefinition of ReceiverHookRecord. One JSON string costs a twentieth of a list of objects. */
export const recordCrd: JsonObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${recordPlural}.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { kind: recordKind, listKind: `${recordKind}List`, plural: recordPlural, singular: 'receiverhookrecord' },
    versions: [
      {
        name: version,
        served: true,
        storage: true,
        additionalPrinterColumns: [{ name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            description:
              'What the triggers remember of the deliveries of the ReceiverHook of the same name. It is theirs alone; deleting it forgets which deliveries have been executed.',
            properties: {
              apiVersion: { type: 'string' },
              kind: { type: 'string' },
              metadata: { type: 'object' },
              content: { type: 'string', maxLength: mostContent, description: 'JSON.' },
            },
          },
        },
      },
    ],
  },
}
