import { checkedMilliseconds, durationRule, isDuration, milliseconds, noLongerThanADay } from './duration.ts'
import { at } from './json.ts'
import type { List, Obj, Rule, Stored } from './schema.ts'

/**
 * The largest number in a limit. A record keeps the time of each change that a limit counts, some 50
 * bytes, as long as the limit counts it.
 */
export const largestLimit = 1000

export const maxLimits = 4

const minWithinMs = 1000

const atLeastASecond = {
  rule: `!${isDuration('self')} || duration(self) >= duration('1s')`,
  message: 'must be at least 1s',
  holds: self => typeof self !== 'string' || (milliseconds(self) ?? minWithinMs) >= minWithinMs,
} as const satisfies Rule

const limitSchema = {
  type: 'object',
  title: 'Limit',
  description: 'How often or how far the hook may act within a period.',
  required: ['within'],
  properties: {
    most: {
      type: 'integer',
      title: 'Deliveries',
      format: 'int32',
      minimum: 1,
      maximum: largestLimit,
      description: 'How many deliveries may change something.',
      hint: 'How many may change something. Use this or “Change of the count”.',
    },
    by: {
      type: 'integer',
      title: 'Change of the count',
      format: 'int32',
      minimum: 1,
      maximum: largestLimit,
      description:
        'How far deliveries may move the count in total, in each direction. Only for hooks that change a count. A step that does not fit is skipped entirely.',
      hint: 'How far deliveries may move the count in total. Only for hooks that change a count.',
    },
    within: {
      type: 'string',
      title: 'Within',
      maxLength: 32,
      description: 'The time span, such as "1h": it slides, so it doesn\'t begin on the hour. At most 24h.',
      hint: "As in 1h. It slides, so it doesn't begin on the hour.",
      'x-kubernetes-validations': [durationRule, noLongerThanADay, atLeastASecond],
    },
  },
  'x-kubernetes-validations': [
    {
      rule: 'has(self.most) != has(self.by)',
      message: 'must have either most or by: write two entries if you want both',
      holds: self => (at(self, 'most') === undefined) !== (at(self, 'by') === undefined),
    },
  ],
} as const satisfies Obj

/** How often, and how far, a hook may act within a time. */
export const limitsSchema = {
  type: 'array',
  title: 'At most, within a period',
  maxItems: maxLimits,
  'x-kubernetes-list-type': 'atomic',
  items: limitSchema,
  description:
    "How often, or how far, deliveries may change something within a period, counted exactly across all replicas. Posts beyond a limit are skipped. Ending a lease or undoing an alert doesn't count, and frees no room. By default there is no limit; [how to use it](../how-to/when-a-hook-acts.md#limit-how-often-a-hook-acts).",
  hint: "A post beyond a limit is skipped. Ending a lease or undoing an alert doesn't count, and frees no room.",
  'x-kubernetes-validations': [
    {
      rule: 'self.size() > 0',
      message: 'must have an entry: leave it out for no limit',
      holds: self => !Array.isArray(self) || self.length > 0,
    },
  ],
} as const satisfies List

export type LimitSpec = Stored<typeof limitSchema>

/** Returns the rule about `by`: only drivers that change a count may have it. */
export const limitRule = (counting: readonly string[]): Rule => ({
  rule: `!has(self.limits) || self.limits.all(limit, !has(limit.by)) || self.driver in [${counting.map(name => `'${name}'`).join(', ')}]`,
  fieldPath: '.limits',
  reason: 'FieldValueForbidden',
  message: `must have no by with this driver, which changes no count (${counting.join(', ')} do): use most`,
  holds: self => {
    const limits: unknown = at(self, 'limits')
    const hasBy = Array.isArray(limits) && limits.some(limit => at(limit, 'by') !== undefined)
    return !hasBy || counting.some(name => name === at(self, 'driver'))
  },
})

/** A limit as a delivery is judged by it. Exactly one of `most` and `by` is set. */
export interface Limit {
  /** How many deliveries may change something. */
  readonly most?: number | undefined
  /** How far they may move the count, up and down each. */
  readonly by?: number | undefined
  /** Within which time, in milliseconds, and as its author wrote it. */
  readonly withinMs: number
  readonly within: string
}

/** Returns the limits of a spec that has passed its rules. Undefined if there are none. */
export const limitsOf = (limits: readonly LimitSpec[] | undefined): readonly Limit[] | undefined =>
  limits?.map(({ by, most, within }) => ({ by, most, within, withinMs: checkedMilliseconds(within) }))

/** Returns a limit in words, such as `6 deliveries within 1h`. */
export const limitInWords = ({ by, most, within }: Pick<Limit, 'by' | 'most' | 'within'>): string =>
  most === undefined
    ? `a change of the count by ${by} within ${within}`
    : `${most} ${most === 1 ? 'delivery' : 'deliveries'} within ${within}`

/** How much of a limit is used, as a status says it. */
interface Used extends Partial<Pick<Limit, 'by' | 'most' | 'within'>> {
  readonly used: number
  readonly until?: string | undefined
}

/**
 * Returns the limits of a hook in words, with how much of each its deliveries had used. `used` is from
 * its status, which may be of other limits. `timeIn` returns a time for people.
 */
export const limitsInWords = (
  limits: readonly LimitSpec[] | undefined,
  used: readonly Used[] | undefined,
  timeIn: (rfc3339: string) => string,
): readonly string[] =>
  (limits ?? []).map((limit, index) => {
    const found = used?.[index]
    const isOf = found?.most === limit.most && found?.by === limit.by && found?.within === limit.within
    const text = limitInWords(limit)
    return found?.until === undefined || !isOf
      ? text
      : `${text}: ${found.used} of ${limit.most ?? limit.by} used, frees up at ${timeIn(found.until)}`
  })
