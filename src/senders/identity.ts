import { createHash } from 'node:crypto'
import type { AlertGroup, Delivery, Identity } from '../api/delivery.ts'
import { at, isObject } from '../api/json.ts'
import { parseTime } from '../environment/time.ts'

/**
 * Joins parts into one text. Two of these texts are equal only if their parts are equal and in the
 * same order.
 */
export const identityKey = (...parts: readonly Part[]): string => identityKeyOf(parts)

/** Joins a list of parts as {@link identityKey} does. The list may have any length. */
export const identityKeyOf = (parts: readonly Part[]): string => JSON.stringify(parts)

type Part = string | number | readonly string[] | undefined

/**
 * Returns the members of an object as text, such as labels. Equal objects give equal texts in any
 * order, and different ones give different texts. Of a member that is no text, only the type counts.
 */
export const memberText = (object: unknown): string => {
  // Another value could be nested too deeply to be written.
  const pairs = Object.entries(isObject(object) ? object : {}).map(([name, value]) =>
    JSON.stringify([name, typeof value === 'string' ? value : typeof value]),
  )
  return `[${pairs.sort().join()}]`
}

/** The longest name that is kept, in characters. A longer one is replaced by its hash. */
const maxNameLength = 1024

/**
 * Returns a name, or its hash if it is long. A flood can contain thousands of alerts, and the
 * record stores their names.
 */
export const hashedIfLong = (name: string): string =>
  name.length <= maxNameLength ? name : `sha256:${createHash('sha256').update(name).digest('base64url')}`

/**
 * Makes the identity of an event with its time. Without a time, and if its sender repeats posts about
 * it, the same event counts again after the hook's `dedupeWindow`.
 */
export const identityOf = (key: string, newsAt: number | undefined, repeats = false): Identity => ({
  key,
  newsAt,
  repeats: repeats || undefined,
})

/**
 * Returns an identity for an id that its sender never uses twice. Every post has the time 0, so
 * each further post with the id is a copy, however late it arrives.
 */
export const namedOnce = (key: string): Identity => ({ key, newsAt: 0 })

/**
 * Returns the identity from ids that together are never reused. Without one of the ids, the result
 * has no identity.
 */
export const identityByID = (sender: string, ...ids: readonly (string | undefined)[]): Pick<Delivery, 'identity'> =>
  ids.includes(undefined) ? {} : { identity: namedOnce(identityKey(sender, ...ids)) }

/**
 * Returns the member at a path as text, if it is a number or a text that is not empty: senders
 * write ids in both forms. Returns undefined for any other value. Numbers beyond 53 bits are left
 * out, because JSON.parse gives neighbouring ones the same value.
 */
export const wordAt = (value: unknown, ...path: readonly string[]): string | undefined => {
  const found = at(value, ...path)
  if (typeof found === 'number') return Math.abs(found) > Number.MAX_SAFE_INTEGER ? undefined : String(found)
  return typeof found === 'string' && found !== '' ? found : undefined
}

/** An RFC 3339 time. It may have a blank in place of the T, a zone without a colon, or no zone. */
const moment = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-]\d\d:?\d\d)?$/i

/**
 * Reads a time: a text as in {@link moment}, or a number of milliseconds since the epoch. Returns
 * milliseconds since the epoch, or undefined for anything else. A time without a zone is in UTC, as
 * in Alertmanager's API.
 * Date.parse would use the local zone, and accept other texts.
 */
export const timeOf = (value: unknown): number | undefined => {
  const ms = typeof value === 'string' ? momentIn(value) : value
  return typeof ms === 'number' && Number.isSafeInteger(ms) ? ms : undefined
}

const momentIn = (text: string): number | undefined => {
  const [, day, time, zone = 'Z'] = moment.exec(text) ?? []
  return day === undefined ? undefined : parseTime(`${day}T${time}${zone}`)
}

/**
 * Returns the group of one alert, for a sender that reports each alert by itself. `at` is when the alert was
 * in this phase, in milliseconds since the epoch, if the sender says it.
 */
export const groupOfOne = (sender: string, alert: string, phase: Delivery['phase'], at?: number): AlertGroup => {
  const fires = phase === 'firing' || phase === 'partly resolved'
  return {
    key: identityKey(sender, alert),
    firing: fires ? [alert] : [],
    beganAt: fires ? at : undefined,
    ...(at !== undefined && phase === 'resolved' && { endedAt: at, over: { alerts: [alert], firstAt: at } }),
    mixed: false,
  }
}
