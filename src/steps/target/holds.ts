/**
 * Holds: who keeps a field of an object at a value for a while. The object itself says how many hold
 * each value, and what was there before. The rules are those of decision 59. All of this is pure.
 */

import { has } from '../../api/guard.ts'
import { at, objectAt, tryParseJson } from '../../api/json.ts'
import type { LastWord } from '../../api/mark.ts'
import { group } from '../../api/names.ts'
import type { KubeObject, StoredObject } from '../../api/object.ts'
import type { Obj } from '../../api/schema.ts'
import { managersOf } from './managers.ts'

/** The annotation that says of each held field how many hold each value. */
export const holdsAnnotation = `${group}/holds`

/** The field manager of all patches. */
export const productManager = 'receiver-hooks'

/** The name of the value that was there before anybody held the field. */
export const base = 'base'

export type FieldValue = boolean | number | string

export interface HeldField {
  readonly path: readonly string[]
  /** The value of a switch that is held. Absent: the field is a number, and any can be held. */
  readonly on?: boolean | string
  /** True if the number is written as text, as in an annotation. */
  readonly isText?: true
  /** True if the field is the count that steps change through /scale. */
  readonly isCount?: true
}

/** What an object says of a field that is held. */
export interface Hold {
  /** The version that the first hold replaced. A hold that began at another one is over. */
  readonly since: string
  /** The value that hooks have set. Absent: the field is as others have it, because `base` is in force. */
  readonly at?: FieldValue
  /** What was there before hooks set it. Absent: nothing was. */
  readonly was?: FieldValue
  /** How many hold each value. */
  readonly n: Readonly<Record<string, number>>
  /** What somebody else has last said of the count, for the steps that go on after the hold. */
  readonly word?: LastWord
}

/** What an object says of its held fields, by their names. Nothing has checked it. */
export type StoredHolds = Readonly<Record<string, unknown>>

const holdSchema = {
  type: 'object',
  required: ['since', 'n'],
  properties: {
    since: { type: 'string' },
    n: { type: 'object', additionalProperties: { type: 'integer', minimum: 1 } },
    word: {
      type: 'object',
      required: ['since', 'word'],
      properties: { since: { type: 'string' }, word: { type: 'integer' } },
    },
  },
} as const satisfies Obj

const isVersion = (text: string): boolean => /^\d{1,20}$/.test(text)

const isFieldValue = (value: unknown): value is FieldValue | undefined =>
  ['boolean', 'number', 'string', 'undefined'].includes(typeof value)

const isHold = (value: unknown): value is Hold =>
  has(holdSchema, value) &&
  isVersion(value.since) &&
  (value.word === undefined || isVersion(value.word.since)) &&
  isFieldValue(at(value, 'at')) &&
  isFieldValue(at(value, 'was'))

/** Returns all that an object says of its held fields. */
export const holdsIn = ({ metadata }: KubeObject): StoredHolds => {
  const text = metadata.annotations?.[holdsAnnotation]
  return objectAt(text === undefined ? undefined : tryParseJson(text))
}

/** Returns a field's name in the annotation and in claims, such as `spec.suspend`. */
export const heldName = ({ path }: HeldField): string => path.join('.')

/** Returns the path of a field in `fieldsV1`. */
export const fieldPath = ({ path }: HeldField): readonly string[] => path.map(member => `f:${member}`)

export const valueIn = (object: KubeObject, { path }: HeldField): FieldValue | undefined => {
  const value = at(object, ...path)
  return isFieldValue(value) ? value : undefined
}

/** Returns the value that a name stands for, other than `base`. Undefined if the field has no such value. */
export const valueNamed = ({ isText, on }: HeldField, name: string): FieldValue | undefined => {
  if (on !== undefined) return name === String(on) ? on : undefined
  if (!/^(?:0|[1-9]\d{0,9})$/.test(name)) return undefined
  return isText ? name : Number(name)
}

/** Returns what an object says of the holds of a field, even if somebody else has set the field since. */
export const statedHold = (object: StoredObject, field: HeldField): Hold | undefined => {
  const stored = holdsIn(object)[heldName(field)]
  return isHold(stored) ? stored : undefined
}

/**
 * Returns what is held of a field. Undefined if nothing is, or if somebody else has set the field since:
 * all its holds are over then. The value alone does not show this, because others may set the same one.
 */
export const holdOf = (object: StoredObject, field: HeldField): Hold | undefined => {
  const hold = statedHold(object, field)
  if (hold?.at === undefined) return hold
  const owners = managersOf(object, fieldPath(field))
  const isOurs = valueIn(object, field) === hold.at && owners.every(owner => owner === productManager)
  return isOurs ? hold : undefined
}

/** Returns whether somebody else has set a field that hooks had switched. */
export const isOverruled = (object: StoredObject, field: HeldField): boolean =>
  statedHold(object, field)?.at !== undefined && !holdOf(object, field)

/** A field before a change of its holds. */
export interface Before {
  readonly hold: Hold | undefined
  readonly now: FieldValue | undefined
  /** What somebody else has last said of the count. Undefined if the field is none. */
  readonly word: LastWord | undefined
}

/** A field after a change of its holds. */
export interface After {
  readonly value: FieldValue | undefined
  /** Undefined if nobody holds the field any more. */
  readonly hold: Hold | undefined
}

/**
 * Returns a field after the numbers of its holders have become `n`. The highest value that anybody
 * holds is in force, and `base` counts as high as what was there. So neither the order of the holds
 * nor the order of their ends matters. Undefined if the value is there already by the word of somebody
 * else: it is not held, and nothing is to be put back.
 */
export const heldNow = (
  field: HeldField,
  { hold, now, word }: Before,
  n: Hold['n'],
  since: string,
): After | undefined => {
  const isSwitched = hold?.at !== undefined
  const was = isSwitched ? hold.was : now
  const best = highest(field, was, Object.keys(n))
  if (best === undefined) return { value: was, hold: undefined }
  const carried = isSwitched ? hold.word : word
  if (best === base) return { value: was, hold: { since, n } }
  const value = valueNamed(field, best)
  if (value === undefined || (!isSwitched && value === now)) return undefined
  return { value, hold: { since, at: value, ...(was !== undefined && { was }), n, ...(carried && { word: carried }) } }
}

const highest = (field: HeldField, was: FieldValue | undefined, names: readonly string[]): string | undefined => {
  // `base` is above an equal value, and above all if the count was absent. A switch has one value, and no number.
  const ground = Number.isNaN(Number(was ?? NaN)) ? Infinity : Number(was)
  const heightOf = (name: string): number => (name === base ? ground + 0.5 : Number(name))
  const known = names.filter(name => name === base || valueNamed(field, name) !== undefined)
  return known.reduce<string | undefined>(
    (best, name) => (best === undefined || heightOf(name) > heightOf(best) ? name : best),
    undefined,
  )
}
