import { conditionsSchema } from './conditions.ts'
import { deliveryOutcomes } from './record.ts'
import type { Obj, Stored } from './schema.ts'

/** The newest deliveries, newest first: how many a status tells. */
export const mostRecent = 10

const count = { type: 'integer', format: 'int64' } as const

const deliverySchema = {
  type: 'object',
  description: 'What became of a delivery.',
  required: ['time', 'sender', 'outcome', 'reason'],
  properties: {
    time: { type: 'string', format: 'date-time', description: 'When it was answered.' },
    sender: {
      type: 'string',
      maxLength: 64,
      description: 'Who sent it, as far as that can be told: `alertmanager`, `plain`.',
    },
    outcome: { type: 'string', enum: deliveryOutcomes, description: 'What became of it.' },
    reason: { type: 'string', maxLength: 64, description: 'Why; [every reason](reasons.md).' },
    from: { type: 'integer', format: 'int64', description: 'The count before.' },
    to: { type: 'integer', format: 'int64', description: 'The count after.' },
  },
} as const satisfies Obj

/** The status of a hook; only the controller writes it. */
export const statusSchema = {
  type: 'object',
  description: 'What the controller found and made.',
  default: { observedGeneration: -1 },
  properties: {
    observedGeneration: {
      type: 'integer',
      format: 'int64',
      description: 'The generation of the spec that this status speaks of.',
    },
    target: { type: 'string', description: 'What the hook acts on, as in `Deployment/web`.' },
    conditions: conditionsSchema,
    token: {
      type: 'string',
      description: 'The trigger token. Who has it can run the hook. Absent where `token.secretName` is set.',
    },
    triggerURL: {
      type: 'string',
      description: 'POST to this URL to run the hook. Absent where `token.secretName` is set.',
    },
    minted: {
      type: 'object',
      description: 'About the token, without the token.',
      required: ['id', 'rotation'],
      properties: {
        id: { type: 'string', description: 'A short fingerprint of the token, to tell two apart.' },
        rotation: { type: 'integer', format: 'int64', description: 'The `token.rotation` that it was minted for.' },
        expiresAt: { type: 'string', format: 'date-time', description: 'When it expires; absent when it does not.' },
        previous: {
          type: 'object',
          description: 'The token before the last rotation.',
          required: ['rotation', 'acceptedUntil'],
          properties: {
            rotation: { type: 'integer', format: 'int64', description: 'The rotation that it was minted for.' },
            acceptedUntil: { type: 'string', format: 'date-time', description: 'Until when it is still accepted.' },
          },
        },
      },
    },
    lastDelivery: deliverySchema,
    recent: {
      type: 'array',
      description: 'The last deliveries that were answered, newest first. They appear within seconds.',
      maxItems: mostRecent,
      'x-kubernetes-list-type': 'atomic',
      items: deliverySchema,
    },
    counts: {
      type: 'object',
      description:
        "How many deliveries had which outcome since the hook was created. A trigger that is killed takes those with it that it has not written yet, mostly its last second's; the metrics are exact.",
      properties: { applied: count, unchanged: count, skipped: count, rejected: count, failed: count },
    },
  },
} as const satisfies Obj

export type HookStatus = Stored<typeof statusSchema>
export type Minted = NonNullable<HookStatus['minted']>
