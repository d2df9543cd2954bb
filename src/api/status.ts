import { conditionsSchema } from './conditions.ts'
import type { Obj, Stored } from './schema.ts'

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
  },
} as const satisfies Obj

export type HookStatus = Stored<typeof statusSchema>
export type Minted = NonNullable<HookStatus['minted']>
