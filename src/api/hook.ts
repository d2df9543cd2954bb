import { authSchema } from './auth.ts'
import { checkedMilliseconds, durationRule, isDuration, milliseconds } from './duration.ts'
import { at, isObject, stringAt } from './json.ts'
import { nameLength, objectNameRule } from './names.ts'
import type { StoredObject } from './object.ts'
import type { Obj, Properties, Rule, Stored } from './schema.ts'
import type { HookStatus } from './status.ts'

/** A URL that lives shorter would be replaced more often than its senders could follow. In milliseconds. */
const shortestLifeMs = 60_000

const dayMs = 24 * 3_600_000
const yearMs = 365 * dayMs

/** Longer times are mistakes, and far longer ones lead past the end of the calendar. */
const noLongerThanAYear = {
  rule: `!${isDuration('self')} || duration(self) <= duration('8760h')`,
  message: 'must be at most 8760h (a year)',
  holds: self => typeof self === 'string' && (milliseconds(self) ?? 0) <= yearMs,
} as const satisfies Rule

/** Deliveries are remembered for as long. */
const noLongerThanADay = {
  rule: `!${isDuration('self')} || duration(self) <= duration('24h')`,
  message: 'must be at most 24h',
  holds: self => typeof self === 'string' && (milliseconds(self) ?? 0) <= dayMs,
} as const satisfies Rule

/** The token's own settings. Its rotation only rises, so that no revert in Git brings a leaked URL back. */
export const tokenSchema = {
  type: 'object',
  description: 'The trigger token in the URL.',
  default: {},
  properties: {
    rotation: {
      type: 'integer',
      format: 'int64',
      minimum: 0,
      maximum: 2_147_483_647,
      default: 0,
      description: 'Raise it to get a new URL. It cannot be lowered: an old URL never comes back.',
      'x-kubernetes-validations': [
        {
          rule: 'self >= oldSelf',
          message: 'cannot be lowered: raise it to get a new URL; an old one never comes back',
        },
      ],
    },
    overlap: {
      type: 'string',
      maxLength: 32,
      default: '5m',
      description:
        'How long the former URL is accepted beside the new one, after a rotation and before an expiry. "0s" cuts a leaked URL off at once.',
      'x-kubernetes-validations': [durationRule, noLongerThanAYear],
    },
    expiresAfter: {
      type: 'string',
      maxLength: 32,
      description:
        'When set, a URL is accepted until the next multiple of this time since the hook was created, and a new one appears `overlap` earlier. It says nothing of URLs that were published before it was set or changed: raise `rotation` as well to end those. At least 1m. By default a URL does not expire.',
      'x-kubernetes-validations': [
        durationRule,
        noLongerThanAYear,
        {
          rule: `!${isDuration('self')} || duration(self) >= duration('1m')`,
          message: 'must be at least 1m',
          holds: self => typeof self === 'string' && (milliseconds(self) ?? shortestLifeMs) >= shortestLifeMs,
        },
      ],
    },
    secretName: {
      type: 'string',
      maxLength: nameLength,
      description:
        'When set, the URL and the token are put into this Secret (keys `url` and `token`), which the controller creates, and are left out of the status.',
      'x-kubernetes-validations': [objectNameRule],
    },
  },
  'x-kubernetes-validations': [
    {
      rule: `!has(self.expiresAfter) || !${isDuration('self.expiresAfter')} || !${isDuration('self.overlap')} || duration(self.overlap) < duration(self.expiresAfter)`,
      fieldPath: '.overlap',
      message: 'must be shorter than expiresAfter',
      holds: self => overlapIsShorter(self),
    },
  ],
} as const satisfies Obj

const overlapIsShorter: NonNullable<Rule['holds']> = self => {
  const expiresAfter = stringAt(self, 'expiresAfter')
  const overlap = stringAt(self, 'overlap')
  if (expiresAfter === undefined || overlap === undefined) return true
  return checkedMilliseconds(overlap) < checkedMilliseconds(expiresAfter)
}

export type TokenSpec = Stored<typeof tokenSchema>

/** The members of a hook's spec that do not depend on its driver. */
const commonSpec = {
  suspend: {
    type: 'boolean',
    default: false,
    description: 'While true, deliveries are answered and skipped.',
  },
  when: {
    type: 'string',
    minLength: 1,
    maxLength: 4096,
    description:
      'A CEL expression over body, headers, query and sender: a delivery for which it is false is skipped. By default every delivery counts.',
  },
  onResolved: {
    type: 'string',
    enum: ['ignore', 'run', 'undo'],
    default: 'ignore',
    description:
      'What an alert\'s "resolved" does: ignore skips it, run treats it like any other delivery, undo takes back what this alert\'s firings have changed, within the bounds.',
  },
  cooldown: {
    type: 'string',
    maxLength: 32,
    default: '0s',
    description:
      'The least time between two deliveries that change something, over all replicas. Those that come sooner are skipped.',
    'x-kubernetes-validations': [durationRule, noLongerThanADay],
  },
  dedupeWindow: {
    type: 'string',
    maxLength: 32,
    default: '40s',
    description:
      'How long two deliveries that bring the same news are one. After it a repeat is a new step; a delivery with an id of its own is never repeated.',
    'x-kubernetes-validations': [durationRule, noLongerThanADay],
  },
  token: tokenSchema,
  auth: authSchema,
} as const satisfies Properties

/** The schema of `spec`, made from the common members and each driver's own. */
export const specSchema = (members: Properties): Obj => {
  const names = Object.keys(members)
  return {
    type: 'object',
    description: 'What the hook does when something POSTs to its URL.',
    required: ['driver'],
    properties: {
      driver: {
        type: 'string',
        enum: names,
        description: 'What a delivery does. The member of the same name says how, and must be set.',
      },
      ...members,
      ...commonSpec,
    },
    'x-kubernetes-validations': names.flatMap(memberRules),
  }
}

/** Exactly the member that `driver` names is set. */
const memberRules = (name: string): Rule[] => [
  {
    rule: `self.driver != '${name}' || has(self.${name})`,
    fieldPath: `.${name}`,
    reason: 'FieldValueRequired',
    message: `must be set, because driver is ${name}`,
    holds: self => at(self, 'driver') !== name || at(self, name) !== undefined,
  },
  {
    rule: `self.driver == '${name}' || !has(self.${name})`,
    fieldPath: `.${name}`,
    reason: 'FieldValueForbidden',
    message: `must not be set, because driver is not ${name}: remove it, or set driver to ${name}`,
    holds: self => at(self, 'driver') === name || at(self, name) === undefined,
  },
]

/** What every part of the product may read of a hook's spec without knowing its driver. */
export interface HookSpec extends Stored<{ type: 'object'; properties: typeof commonSpec }> {
  readonly driver: string
  readonly [driverMember: string]: unknown
}

/** A hook as the API server stores it. */
export interface ReceiverHook extends StoredObject {
  readonly metadata: StoredObject['metadata'] & {
    readonly namespace: string
    readonly generation: number
    readonly creationTimestamp: string
  }
  readonly spec: HookSpec
  readonly status?: HookStatus
}

/** Whether an object has what every hook has, whatever its spec says; that is judged by its schema. */
export const isReceiverHook = (object: StoredObject | undefined): object is ReceiverHook =>
  object !== undefined &&
  object.metadata.namespace !== undefined &&
  object.metadata.generation !== undefined &&
  object.metadata.creationTimestamp !== undefined &&
  isObject(object['spec'])
