import { bySchema } from './by.ts'
import { conditionsSchema } from './conditions.ts'
import { maxLimits } from './limits-schema.ts'
import { deliveryOutcomes } from './record.ts'
import type { List, Obj, Stored } from './schema.ts'
import { settlementStates } from './settlement.ts'

/** How many of the newest deliveries a status shows. */
export const maxRecent = 10

/**
 * The longest message of a delivery in a status, in characters. Ten of them are kept for each hook,
 * in its record too.
 */
export const maxDeliveryMessage = 160

/** The longest target in a status, in characters. A kind has up to 63 and a name up to 253. */
export const maxTarget = 320

const count = { type: 'integer', format: 'int64' } as const

const deliverySchema = {
  type: 'object',
  description: 'The outcome of a delivery.',
  required: ['time', 'sender', 'outcome', 'reason'],
  properties: {
    time: { type: 'string', format: 'date-time', description: 'When it was answered.' },
    sender: {
      type: 'string',
      maxLength: 64,
      description: 'Who sent it: `alertmanager` for example, or `plain` for an unknown sender.',
    },
    by: bySchema,
    outcome: { type: 'string', enum: deliveryOutcomes, description: 'The outcome.' },
    reason: { type: 'string', maxLength: 64, description: 'Why; [every reason](reasons.md).' },
    from: { type: 'integer', format: 'int64', description: 'The count before.' },
    to: { type: 'integer', format: 'int64', description: 'The count after.' },
    summary: { type: 'string', maxLength: 256, description: 'What the hook did, if it did not change a count.' },
    message: {
      type: 'string',
      maxLength: maxDeliveryMessage,
      description: 'The answer to the sender, shortened if it is long.',
    },
    state: {
      type: 'string',
      enum: settlementStates,
      description:
        "The outcome of a rollout, a restart or a Job, [as with `wait`](http.md#waiting-for-the-outcome). Absent if it isn't known yet, if three later ones of the hook took its place first, if too many hooks are being followed, or if the trigger that made it has stopped since.",
    },
    stateMessage: {
      type: 'string',
      maxLength: maxDeliveryMessage,
      description: 'Why it stalled or failed, shortened if it is long.',
    },
  },
} as const satisfies Obj

/** A column of `kubectl get` cannot join several members. So the result is stored as one text as well. */
const lastDeliverySchema = {
  ...deliverySchema,
  properties: {
    ...deliverySchema.properties,
    result: {
      type: 'string',
      maxLength: 128,
      description: 'The outcome, for a column: `applied 2 -> 3`, `skipped Duplicate`.',
    },
  },
} as const satisfies Obj

export const maxShownLeases = 20

const leaseSchema = {
  type: 'object',
  description: 'A change that the hook has made for a limited time.',
  required: ['object', 'by', 'since', 'until', 'state'],
  properties: {
    object: { type: 'string', maxLength: maxTarget, description: 'What was changed, as in `Deployment/web`.' },
    by: { type: 'integer', format: 'int64', description: 'How much the count was changed.' },
    since: { type: 'string', format: 'date-time', description: 'When its first step was decided.' },
    until: { type: 'string', format: 'date-time', description: 'When it ends.' },
    of: {
      type: 'string',
      maxLength: 128,
      description: 'Who asked for it, and why: `alertmanager: WebBusy`, or the `reason` of the post.',
    },
    state: {
      type: 'string',
      enum: ['open', 'held', 'overdue', 'overruled'],
      description:
        "open: it ends at `until`. held: bounds delay its end, at least in part. overdue: it couldn't end yet. overruled: someone else has set the field since, and nothing is put back.",
    },
  },
} as const satisfies Obj

const leasesSchema = {
  type: 'object',
  description: "What the hook has changed for a limited time, with `for`. Absent if there's nothing.",
  required: ['open', 'sum', 'shown'],
  properties: {
    open: { type: 'integer', format: 'int64', description: 'How many leases are open.' },
    sum: { type: 'integer', format: 'int64', description: 'How much they change the current target in total.' },
    next: { type: 'string', format: 'date-time', description: 'When the first of them ends.' },
    shown: {
      type: 'array',
      description: 'The leases that end first.',
      maxItems: maxShownLeases,
      'x-kubernetes-list-type': 'atomic',
      items: leaseSchema,
    },
  },
} as const satisfies Obj

const usedLimitSchema = {
  type: 'object',
  description: 'How much of a limit is used.',
  required: ['within', 'used'],
  properties: {
    most: { type: 'integer', format: 'int32', description: 'As in the spec.' },
    by: { type: 'integer', format: 'int32', description: 'As in the spec.' },
    within: { type: 'string', maxLength: 32, description: 'As in the spec.' },
    used: {
      type: 'integer',
      format: 'int32',
      description:
        'How much was used as of the last delivery: how many deliveries, or how large a change, up or down, whichever is larger.',
    },
    until: {
      type: 'string',
      format: 'date-time',
      description: 'When the use drops, if no other delivery counts. Absent if nothing is used.',
    },
  },
} as const satisfies Obj

export const usedLimitsSchema = {
  type: 'array',
  description: 'How much of each limit is used, in the order of `limits`. Absent if the hook has none.',
  maxItems: maxLimits,
  'x-kubernetes-list-type': 'atomic',
  items: usedLimitSchema,
} as const satisfies List

/** The status of a hook; only the controller writes it. */
export const statusSchema = {
  type: 'object',
  description: 'What the controller found and made.',
  default: { observedGeneration: -1 },
  properties: {
    observedGeneration: {
      type: 'integer',
      format: 'int64',
      description: 'The generation of the spec that this status describes.',
    },
    target: {
      type: 'string',
      maxLength: maxTarget,
      description: 'What the hook acts on, as in `Deployment/web`, shortened if it is long.',
    },
    conditions: conditionsSchema,
    token: {
      type: 'string',
      maxLength: 2048,
      description:
        'The trigger token. Anyone who has it can run the hook. Absent with `token.secretName` and with `token.url: named`.',
    },
    triggerURL: {
      type: 'string',
      maxLength: 4096,
      description:
        'POST to this URL to run the hook. Absent if part of it is in a Secret: with `token.secretName` or `auth.path`.',
    },
    endpoint: {
      type: 'string',
      maxLength: 4096,
      description:
        "The URL without its secret. Send the token in the header `Authorization: Bearer TOKEN`. With `token.url: named` the URL has the hook's name, and `auth` alone opens it.",
    },
    minted: {
      type: 'object',
      description: 'Facts about the token, without the token itself.',
      required: ['id', 'rotation'],
      properties: {
        id: { type: 'string', maxLength: 64, description: 'A short fingerprint of the token, to distinguish two.' },
        kid: { type: 'string', maxLength: 64, description: 'The id of the key that signed the token.' },
        rotation: { type: 'integer', format: 'int64', description: 'The `token.rotation` of this token.' },
        expiresAt: { type: 'string', format: 'date-time', description: "When it expires. Absent if it doesn't." },
        previous: {
          type: 'object',
          description: 'The token before the last rotation.',
          required: ['rotation', 'acceptedUntil'],
          properties: {
            rotation: { type: 'integer', format: 'int64', description: 'The rotation that it was minted for.' },
            acceptedUntil: { type: 'string', format: 'date-time', description: 'When it stops working.' },
          },
        },
      },
    },
    leases: leasesSchema,
    limits: usedLimitsSchema,
    lastDelivery: lastDeliverySchema,
    recent: {
      type: 'array',
      description:
        'The last deliveries, newest first. They appear within seconds. Three are kept longer while their rollout or Job is running, or if it ended badly.',
      maxItems: maxRecent,
      'x-kubernetes-list-type': 'atomic',
      items: deliverySchema,
    },
    counts: {
      type: 'object',
      description:
        "How many deliveries had each outcome since the hook was created. A trigger that is killed loses the ones that it hasn't written yet: usually those of its last second, or of its last five seconds for a busy hook. The metrics are exact.",
      properties: { applied: count, unchanged: count, skipped: count, rejected: count, failed: count },
    },
  },
} as const satisfies Obj

/** Returns the result of a delivery in a few words: both counts if it has them, otherwise the reason. */
export const resultOf = ({
  from,
  outcome,
  reason,
  to,
}: Pick<Stored<typeof deliverySchema>, 'outcome' | 'reason' | 'from' | 'to'>): string => {
  if (from === undefined || to === undefined) return `${outcome} ${reason}`
  return from === to ? `${outcome} at ${to}` : `${outcome} ${from} -> ${to}`
}

export type HookStatus = Stored<typeof statusSchema>
export type LeaseReport = NonNullable<HookStatus['leases']>
export type Minted = NonNullable<HookStatus['minted']>
