import { createHash } from 'node:crypto'
import type { AlertGroup, Delivery, Identity } from '../api/delivery.ts'
import { at } from '../api/json.ts'
import { parseTime } from '../environment/time.ts'

/** Text that is equal for equal parts in the same order, and only for those. */
export const identityKey = (...parts: readonly (string | number | readonly string[] | undefined)[]): string =>
  JSON.stringify(parts)

/** How long a name may be, in characters, before its hash takes its place. */
const maxNameLength = 1024

/** A name, or the hash of a long one: the body of a flood names thousands of alerts, and each name travels far. */
export const shortened = (name: string): string =>
  name.length <= maxNameLength ? name : `sha256:${createHash('sha256').update(name).digest('base64url')}`

/**
 * Makes the identity of an event, with its time. Without a time, the same event counts again after
 * the window.
 */
export const identityOf = (key: string, newsAt: number | undefined): Identity =>
  newsAt === undefined ? { key } : { key, newsAt }

/** The identity of a delivery whose name is given once and never again: an id of the sender's. */
export const namedOnce = (key: string): Identity => ({ key, newsAt: 0 })

/** The identity that an id gives which is never used again; none where the sender gave no id. */
export const identityByID = (sender: string, ...ids: readonly (string | undefined)[]): Pick<Delivery, 'identity'> =>
  ids.includes(undefined) ? {} : { identity: namedOnce(identityKey(sender, ...ids)) }

/**
 * A text that is not empty, or a number as text: senders differ in how they write ids. Beyond 53 bits JSON.parse gives
 * neighbours the same number, which names neither.
 */
export const wordAt = (value: unknown, ...path: readonly string[]): string | undefined => {
  const found = at(value, ...path)
  if (typeof found === 'number') return Math.abs(found) > Number.MAX_SAFE_INTEGER ? undefined : String(found)
  return typeof found === 'string' && found !== '' ? found : undefined
}

/** A moment of RFC 3339, also with a blank for its T, without the colon of its zone, or without a zone. */
const moment = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-]\d\d:?\d\d)?$/i

/**
 * Milliseconds since the epoch of a moment, or of a number of just these; undefined for anything else. A moment without
 * a zone is in UTC, as Alertmanager's API reads it: Date.parse would take the trigger's own, and text that is no moment.
 */
export const timeOf = (value: unknown): number | undefined => {
  const ms = typeof value === 'string' ? momentIn(value) : value
  return typeof ms === 'number' && Number.isSafeInteger(ms) ? ms : undefined
}

const momentIn = (text: string): number | undefined => {
  const [, day, time, zone = 'Z'] = moment.exec(text) ?? []
  return day === undefined ? undefined : parseTime(`${day}T${time}${zone}`)
}

/** The group of a sender that reports every alert by itself. */
export const groupOfOne = (sender: string, alert: string, phase: Delivery['phase']): AlertGroup => ({
  key: identityKey(sender, alert),
  firing: phase === 'firing' || phase === 'partly resolved' ? [alert] : [],
  mixed: false,
})
