import type { Rule } from './schema.ts'

/**
 * Go's syntax of durations without signs and fractions, such as `5m` and `1h30m`: numbers, each
 * with h, m, s or ms.
 */
const pattern = '^([0-9]+(h|m|s|ms))+$'
const compiled = new RegExp(pattern)
const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 }

/** Returns the milliseconds of a duration such as `1h30m`, or undefined if the text is no duration. */
export const milliseconds = (duration: string): number | undefined => {
  if (!compiled.test(duration)) return undefined
  let total = 0
  for (const [, count, unit] of duration.matchAll(/([0-9]+)(ms|h|m|s)/g)) {
    total += Number(count) * (units[unit ?? ''] ?? 0)
  }
  return total
}

/**
 * Returns the milliseconds of a duration that has passed {@link durationRule}. Throws TypeError for
 * any other text.
 */
export const checkedMilliseconds = (duration: string): number => {
  const parsed = milliseconds(duration)
  if (parsed === undefined) throw new TypeError(`not a duration: ${JSON.stringify(duration)}`)
  return parsed
}

/**
 * Returns a CEL expression that is true if the value of `expression` is a duration. Rules about
 * lengths begin with it. For another text, CEL's `duration()` would end with an error, in addition
 * to the message of {@link durationRule}.
 */
export const isDuration = (expression: string): string => `${expression}.matches('${pattern}')`

/** The rule of all fields that hold a duration. */
export const durationRule = {
  rule: isDuration('self'),
  message: 'must be a duration: a number and a unit (h, m, s, ms), as in 30s, 5m or 1h30m',
  holds: self => typeof self === 'string' && compiled.test(self),
} as const satisfies Rule

const dayMs = 24 * 3_600_000

/**
 * The rule that a duration is at most a day. It is for fields that make a hook remember earlier
 * deliveries, because a record keeps deliveries for a day.
 */
export const noLongerThanADay = {
  rule: `!${isDuration('self')} || duration(self) <= duration('24h')`,
  message: 'must be at most 24h',
  holds: self => typeof self === 'string' && (milliseconds(self) ?? 0) <= dayMs,
} as const satisfies Rule

const minLeaseMs = 1000
const maxLeaseMs = 7 * dayMs

/** The rule of how long a step may last. */
export const leaseLengthRule = {
  rule: `!${isDuration('self')} || (duration(self) >= duration('1s') && duration(self) <= duration('168h'))`,
  message: 'must be from 1s to 168h',
  holds: self => {
    const ms = (typeof self === 'string' ? milliseconds(self) : undefined) ?? minLeaseMs
    return ms >= minLeaseMs && ms <= maxLeaseMs
  },
} as const satisfies Rule
