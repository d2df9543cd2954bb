import { parseTime, rfc3339 } from '../environment/time.ts'
import { at, stringAt } from './json.ts'
import { matching } from './matching.ts'
import type { Obj, Rule, Stored, Str } from './schema.ts'

/** The days of a week, as `windows` names them. The week begins on Monday (ISO 8601). */
export const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const

const timePattern = '^([01][0-9]|2[0-3]):[0-5][0-9]$'
const endPattern = '^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$'
/** The pattern of names in the time zone database, which has no others. */
const zonePattern = '^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$'
/**
 * The pattern of moments, in RFC 3339 with whole seconds. It lets 30 February through, which the
 * API server refuses when it compares `from` and `to`.
 */
const momentPattern =
  '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$'

/** The longest name of a zone, in characters. The longest in use has 32. */
const zoneLength = 64

const momentRegExp = new RegExp(momentPattern)

/**
 * Returns the milliseconds since the epoch of a moment in RFC 3339 with whole seconds. Undefined
 * for another text, and for a day that its month does not have.
 */
export const momentIn = (text: string): number | undefined =>
  momentRegExp.test(text) && hasItsDay(text.slice(0, 10)) ? parseTime(text) : undefined

/** Returns whether a month has a day. JavaScript reads 30 February as 2 March. */
const hasItsDay = (day: string): boolean => rfc3339(parseTime(`${day}T00:00:00Z`)).startsWith(day)

/** Returns whether a text has the format `date-time`: a moment, also with parts of a second and small letters. */
export const isDateTime = (text: string): boolean =>
  momentIn(text.toUpperCase().replace(/\.\d+(?=(Z|.\d\d:\d\d)$)/, '')) !== undefined

const notEmpty = (message: string): Rule => ({
  rule: 'self.size() > 0',
  message,
  holds: self => !Array.isArray(self) || self.length > 0,
})

/** Returns the condition, in CEL, that a text is a moment. */
const isMoment = (expression: string): string => `${expression}.matches('${momentPattern}')`

const momentSchema = {
  type: 'string',
  maxLength: 25,
  'x-kubernetes-validations': [
    {
      rule: isMoment('self'),
      message: 'must be a time in RFC 3339, as in 2026-12-20T00:00:00Z or 2026-12-20T00:00:00+01:00',
      holds: self => typeof self === 'string' && momentIn(self) !== undefined,
    },
  ],
} as const satisfies Str

const openSchema = {
  type: 'object',
  title: 'Open',
  description: 'Times of a week.',
  properties: {
    days: {
      type: 'array',
      title: 'Days',
      maxItems: weekdays.length,
      'x-kubernetes-list-type': 'set',
      items: { type: 'string', enum: weekdays },
      description: 'The days on which it opens. By default every day.',
      'x-kubernetes-validations': [notEmpty('must name a day: leave it out for every day')],
    },
    from: {
      type: 'string',
      title: 'From',
      maxLength: 5,
      description: 'When it opens, on a clock in `zone`, such as "08:00". By default at the beginning of the day.',
      hint: 'As in 08:00. Empty: from the beginning of the day.',
      'x-kubernetes-validations': [matching(timePattern, 'must be a time of day, from "00:00" to "23:59"')],
    },
    to: {
      type: 'string',
      title: 'To',
      maxLength: 5,
      description:
        'When it closes, such as "18:00": at 18:00 it is already closed. By default at the end of the day. A time before `from` is on the next day.',
      hint: 'As in 18:00. Empty: to the end of the day. A time before “From” is on the next day.',
      'x-kubernetes-validations': [matching(endPattern, 'must be a time of day, from "00:00" to "24:00"')],
    },
  },
  'x-kubernetes-validations': [
    {
      rule: "(has(self.from) ? self.from : '00:00') != (has(self.to) ? self.to : '24:00')",
      fieldPath: '.to',
      message: 'must not be the same time as from: leave out both for the whole day',
      holds: self => (stringAt(self, 'from') ?? '00:00') !== (stringAt(self, 'to') ?? '24:00'),
    },
  ],
} as const satisfies Obj

const exceptSchema = {
  type: 'object',
  title: 'Closed',
  description: 'A period in which the hook is closed.',
  required: ['from', 'to'],
  properties: {
    from: { ...momentSchema, title: 'From', description: 'When it begins, such as "2026-12-20T00:00:00+01:00".' },
    to: { ...momentSchema, title: 'To', description: 'When it ends, and the hook opens again.' },
    reason: {
      type: 'string',
      title: 'Why',
      maxLength: 40,
      description: "Why, for people who may read the hook. Senders don't see it.",
    },
  },
  'x-kubernetes-validations': [
    {
      rule: `!${isMoment('self.from')} || !${isMoment('self.to')} || timestamp(self.from) < timestamp(self.to)`,
      fieldPath: '.to',
      message: 'must be later than from',
      holds: self =>
        (momentIn(stringAt(self, 'from') ?? '') ?? -Infinity) < (momentIn(stringAt(self, 'to') ?? '') ?? Infinity),
    },
  ],
} as const satisfies Obj

/**
 * When posts count. The whole of it in one sentence: a post counts while a clock on the wall in
 * `zone` is within one of `open`, and never within one of `except`.
 */
export const windowsSchema = {
  type: 'object',
  title: 'Only at certain times',
  description:
    'When posts count: while the local time in `zone` is within one of `open`, but never within one of `except`. Other posts are skipped. Undoing an alert works at any time. By default posts always count; [how to use it](../how-to/when-a-hook-acts.md#act-only-at-certain-times).',
  hint: 'A post at any other time is skipped. Undoing an alert works at any time.',
  properties: {
    zone: {
      type: 'string',
      title: 'Time zone',
      maxLength: zoneLength,
      default: 'UTC',
      description: 'The IANA time zone of `open`, such as "Europe/Berlin".',
      hint: 'As in Europe/Berlin.',
      'x-kubernetes-validations': [
        matching(zonePattern, 'must be the IANA name of a time zone, such as Europe/Berlin or UTC'),
      ],
    },
    open: {
      type: 'array',
      title: 'Open',
      maxItems: 8,
      items: openSchema,
      description: 'The times of each week in which posts count. By default all.',
      'x-kubernetes-validations': [notEmpty('must have an entry: leave it out to be open at all times')],
    },
    except: {
      type: 'array',
      title: 'Except',
      maxItems: 8,
      items: exceptSchema,
      description: 'Times in which no post counts, such as a freeze at the end of the year.',
      'x-kubernetes-validations': [notEmpty('must have an entry: leave it out for none')],
    },
  },
  'x-kubernetes-validations': [
    {
      rule: 'has(self.open) || has(self.except)',
      message: 'must have open, except or both',
      holds: self => at(self, 'open') !== undefined || at(self, 'except') !== undefined,
    },
  ],
} as const satisfies Obj

export type WindowsSpec = Stored<typeof windowsSchema>
