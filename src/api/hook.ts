/**
 * The resources of the product: schemas, the types that follow from them, and the table of reasons.
 * All code in this folder is pure. All other folders may import this one, so it imports only
 * `environment/time.ts`.
 */

import { approvalRules, approvalSchema } from './approval.ts'
import { authSchema } from './auth-schema.ts'
import { durationRule, leaseLengthRule, noLongerThanADay } from './duration.ts'
import { at, isObject } from './json.ts'
import { limitRule, limitsSchema } from './limits-schema.ts'
import { nameLength, objectNameRule } from './names.ts'
import { namedRules } from './named.ts'
import type { StoredObject } from './object.ts'
import type { Obj, Properties, Rule, Stored } from './schema.ts'
import type { HookStatus } from './status.ts'
import { tokenSchema } from './token-schema.ts'
import { whenSchema } from './when.ts'
import { windowsSchema } from './windows.ts'

/** The limit of a hook that sets none. It stops floods and lets the burst of a sender pass. */
export const defaultRateLimit = { perSecond: 100, burst: 1000 } as const

/**
 * The field has no default, because guard.ts requires every field that has one. A hook that was
 * stored under an older CRD does not have this field, and must stay valid.
 */
const rateLimitSchema = {
  type: 'object',
  title: 'Limit of posts',
  description:
    'How many posts each trigger replica accepts for this hook. The rest get 503 with Retry-After before their body is read, and change nothing. By default 100 a second, and 1,000 at once after a pause.',
  properties: {
    perSecond: {
      type: 'integer',
      title: 'Posts a second',
      format: 'int32',
      minimum: 1,
      maximum: 10_000,
      default: defaultRateLimit.perSecond,
      description: 'Posts a second, in the long run. For less than one, use `cooldown`.',
      hint: 'In the long run. For less than one a second, set a cooldown.',
    },
    burst: {
      type: 'integer',
      title: 'Posts at once',
      format: 'int32',
      minimum: 1,
      maximum: 100_000,
      default: defaultRateLimit.burst,
      description: 'How many posts may come at once after a pause.',
    },
  },
} as const satisfies Obj

/** The members of a hook's spec that do not depend on its driver. */
const commonSpec = {
  suspend: {
    type: 'boolean',
    title: 'Suspended',
    default: false,
    description: 'While true, the hook answers every delivery with 200 and skips it.',
    hint: 'The hook answers deliveries, but skips them.',
  },
  when: whenSchema,
  onResolved: {
    type: 'string',
    title: 'When an alert ends',
    enum: ['ignore', 'run', 'undo'],
    titles: { ignore: 'do nothing', run: 'run', undo: 'take back what the alert changed' },
    default: 'ignore',
    description:
      'What happens when an alert ends: ignore skips the post, run treats it like any other delivery, and undo takes back what the alert changed, within the bounds, unless someone else has set the count since.',
    hint: 'What happens when a post reports the end of an alert ("resolved"). The hook takes back nothing past the bounds, and leaves the count alone if someone else has set it since.',
  },
  cooldown: {
    type: 'string',
    title: 'Cooldown',
    maxLength: 32,
    default: '0s',
    description:
      'The minimum time between two deliveries that change something, across all replicas. Earlier ones are skipped.',
    'x-kubernetes-validations': [durationRule, noLongerThanADay],
  },
  dedupeWindow: {
    type: 'string',
    title: 'Repeats count once within',
    maxLength: 32,
    default: '40s',
    description:
      'Identical notifications within this time count once. After that, a repeat is a new step. A post with an idempotency key counts once within a day.',
    'x-kubernetes-validations': [durationRule, noLongerThanADay],
  },
  for: {
    type: 'string',
    title: 'For how long',
    maxLength: 32,
    description:
      'How long a step lasts. After that the hook undoes it, unless someone else has set the count since. Each report that the alerts are still firing restarts the time. Only for hooks that change a count. By default a step stays.',
    hint: "After this time, the hook undoes the change that a post made. Use at least three times the sender's repeat interval. Empty: the step stays.",
    'x-kubernetes-validations': [durationRule, leaseLengthRule],
  },
  onDelete: {
    type: 'string',
    title: 'When the hook is deleted',
    enum: ['keep', 'end'],
    titles: { keep: 'its leases stay as they are', end: 'its leases end at once' },
    description:
      "What happens to the hook's leases (see `for`) when you delete the hook: keep leaves the count as it is, end undoes them at once. The default is keep, or end with the driver hold.",
    hint: "Whether the hook's leases then stay as they are, or end at once. By default they stay, but a hold ends.",
  },
  endBefore: {
    type: 'string',
    title: 'End earlier leases by',
    format: 'date-time',
    description:
      "A time, such as 2026-11-27T20:00:00Z. The hook's leases (`for`) from before this time end by then. `kubectl receiverhook end` sets it to now.",
    hint: "The hook's leases from before this time end by then.",
  },
  windows: windowsSchema,
  limits: limitsSchema,
  approval: approvalSchema,
  rateLimit: rateLimitSchema,
  token: tokenSchema,
  auth: authSchema,
  serviceAccountName: {
    type: 'string',
    title: 'Acts as the account',
    minLength: 1,
    maxLength: nameLength,
    description:
      "A service account in the hook's namespace. The hook then reads and changes its targets as this account, with only its rights. To set it, you need the right to impersonate the account, but no right to the targets. By default the hook acts as the trigger.",
    hint: 'A service account of this namespace: the hook acts with its rights. You need the right to impersonate it. Empty: the hook acts as the trigger.',
    'x-kubernetes-validations': [objectNameRule],
  },
} as const satisfies Properties

/**
 * Returns the schema of `spec`: the common members and one for each driver. `undoing` lists the
 * drivers that change counts: they support `undo` and `for`. `showing` lists those that can show what they will change.
 */
export const specSchema = (members: Properties, undoing: readonly string[], showing: readonly string[]): Obj => {
  const names = Object.keys(members)
  return {
    type: 'object',
    description: 'What the hook does when something POSTs to its URL.',
    required: ['driver'],
    properties: {
      driver: {
        type: 'string',
        title: 'What it does',
        enum: names,
        description: 'What a delivery does. Configure it in the field of the same name.',
      },
      ...members,
      ...commonSpec,
    },
    'x-kubernetes-validations': [
      ...names.flatMap(memberRules),
      ...(names.every(name => undoing.includes(name))
        ? []
        : [undoRule(undoing), ...leaseRules(undoing), limitRule(undoing)]),
      ...approvalRules(showing),
      ...(names.includes(holding) ? holdRules : []),
      ...namedRules,
    ],
  }
}

/**
 * Returns the rules for the member of one driver: it must be set if the hook has this driver, and
 * must be absent otherwise.
 */
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

/** Returns the rule that `undo` is set only if the driver supports it. */
const undoRule = (undoing: readonly string[]): Rule => ({
  rule: `self.onResolved != 'undo' || self.driver in [${undoing.map(name => `'${name}'`).join(', ')}]`,
  fieldPath: '.onResolved',
  message: `cannot be undo with this driver: use ignore or run (drivers that can undo: ${undoing.join(', ') || 'nothing'})`,
  holds: self => at(self, 'onResolved') !== 'undo' || undoing.some(name => name === at(self, 'driver')),
})

/** Returns the rules of `for` and `onDelete`, for the drivers that change a count. In CEL, `for` is a reserved word. */
const leaseRules = (counting: readonly string[]): readonly Rule[] => [
  ...[
    { name: 'for', inRules: '__for__' },
    { name: 'onDelete', inRules: 'onDelete' },
  ].map(({ inRules, name }) => ({
    rule: `!has(self.${inRules}) || self.driver in [${counting.map(driver => `'${driver}'`).join(', ')}]`,
    fieldPath: `.${name}`,
    reason: 'FieldValueForbidden' as const,
    message: `must not be set with this driver: only changes to a count end by themselves (${counting.join(', ')})`,
    holds: (self: unknown) => at(self, name) === undefined || counting.some(driver => driver === at(self, 'driver')),
  })),
  {
    // Nothing says as whom to act once the hook is gone.
    rule: "!has(self.onDelete) || self.onDelete != 'end' || !has(self.serviceAccountName)",
    fieldPath: '.onDelete',
    reason: 'FieldValueForbidden',
    message:
      'cannot be end together with serviceAccountName, because a deleted hook has no account: use keep, and end its leases with `kubectl receiverhook end` before you delete it',
    holds: self => at(self, 'onDelete') !== 'end' || at(self, 'serviceAccountName') === undefined,
  },
]

/** The driver whose changes always end. */
const holding = 'hold'

const holdRules: readonly Rule[] = [
  {
    rule: `self.driver != '${holding}' || has(self.__for__)`,
    fieldPath: '.for',
    reason: 'FieldValueRequired',
    message: 'must be set, because every hold ends: how long it lasts, such as 2h',
    holds: self => at(self, 'driver') !== holding || at(self, 'for') !== undefined,
  },
  {
    rule: `self.onResolved != 'undo' || !has(self.${holding}) || !has(self.${holding}.selector)`,
    fieldPath: '.onResolved',
    message: 'cannot be undo with selector: the holds end after the time in for',
    holds: self => at(self, 'onResolved') !== 'undo' || at(self, holding, 'selector') === undefined,
  },
  {
    rule: `self.driver != '${holding}' || !has(self.serviceAccountName) || has(self.onDelete)`,
    fieldPath: '.onDelete',
    reason: 'FieldValueRequired',
    message:
      'must be keep together with serviceAccountName, because a deleted hook has no account: end its holds with `kubectl receiverhook end` before you delete it',
    holds: self =>
      at(self, 'driver') !== holding ||
      at(self, 'serviceAccountName') === undefined ||
      at(self, 'onDelete') !== undefined,
  },
]

/** Returns whether what a hook has leased ends with it. By default it does only if the hook holds something. */
export const endsWithHook = (spec: unknown): boolean =>
  (at(spec, 'onDelete') ?? (at(spec, 'driver') === holding ? 'end' : 'keep')) === 'end'

/** The spec of a hook: the members that every hook can have, and the member of its driver. */
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

/**
 * Returns whether an object has the metadata and spec of a hook. It does not check the spec against
 * its schema.
 */
export const isReceiverHook = (object: StoredObject | undefined): object is ReceiverHook =>
  object !== undefined &&
  object.metadata.namespace !== undefined &&
  object.metadata.generation !== undefined &&
  object.metadata.creationTimestamp !== undefined &&
  isObject(object['spec'])
