import type { Rule } from './schema.ts'

/** Go's duration syntax without sign and fraction: one or more of a number and h, m, s or ms: `5m`, `1h30m`. */
const pattern = '^([0-9]+(h|m|s|ms))+$'
const compiled = new RegExp(pattern)
const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 }

/** Milliseconds of a duration such as `1h30m`, or undefined when it is none. */
export const milliseconds = (duration: string): number | undefined => {
  if (!compiled.test(duration)) return undefined
  let total = 0
  for (const [, count, unit] of duration.matchAll(/([0-9]+)(ms|h|m|s)/g)) {
    total += Number(count) * (units[unit ?? ''] ?? 0)
  }
  return total
}

/** A duration out of a field whose rule has been checked; a caller that has not is told so. */
export const checkedMilliseconds = (duration: string): number => {
  const parsed = milliseconds(duration)
  if (parsed === undefined) throw new TypeError(`not a duration: ${JSON.stringify(duration)}`)
  return parsed
}

/** In CEL: whether an expression is a duration, for rules that would fail on what {@link durationRule} refuses anyway. */
export const isDuration = (expression: string): string => `${expression}.matches('${pattern}')`

/** The rule of every field that holds a duration. */
export const durationRule = {
  rule: isDuration('self'),
  message: 'must be a duration: a number and a unit (h, m, s, ms), as in 30s, 5m or 1h30m',
  holds: self => typeof self === 'string' && compiled.test(self),
} as const satisfies Rule

const dayMs = 24 * 3_600_000

/** The rule of a time for which deliveries have to be remembered: they are for a day. */
export const noLongerThanADay = {
  rule: `!${isDuration('self')} || duration(self) <= duration('24h')`,
  message: 'must be at most 24h',
  holds: self => typeof self === 'string' && (milliseconds(self) ?? 0) <= dayMs,
} as const satisfies Rule
