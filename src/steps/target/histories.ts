import { has } from '../../api/guard.ts'
import { isObject, tryParseJson } from '../../api/json.ts'
import { group } from '../../api/names.ts'
import type { StoredObject } from '../../api/object.ts'
import type { Obj } from '../../api/schema.ts'
import type { CountHistories, CountHistory } from './target.ts'

/**
 * The annotation that says since when only hooks have written each count of an object. One mark cannot
 * say that, because an object may have several counts, such as pools.
 */
export const countsAnnotation = `${group}/counts`

/** How many counts the annotation has at most. Pools may be removed, and the annotation has no end otherwise. */
const maxHistories = 64

const count = { type: 'integer' } as const

const historySchema = {
  type: 'object',
  required: ['since', 'word', 'is'],
  properties: { since: { type: 'string' }, word: count, is: count },
} as const satisfies Obj

/** Returns what an object says about its counts. Undefined if it says nothing that can be read. */
export const historiesIn = (object: StoredObject): CountHistories | undefined => {
  const stored = tryParseJson(object.metadata.annotations?.[countsAnnotation] ?? '')
  if (!isObject(stored)) return undefined
  return Object.fromEntries(
    Object.entries(stored).flatMap(([field, history]) => (isHistory(history) ? [[field, history]] : [])),
  )
}

const isHistory = (value: unknown): value is CountHistory => has(historySchema, value) && /^\d{1,20}$/.test(value.since)

/** Returns the value of the annotation after a write of the count in `field`. */
export const historiesText = (
  before: CountHistories = {},
  field: string,
  { is, since, word }: CountHistory,
): string => {
  const { [field]: _, ...others } = before
  const kept = Object.entries(others).slice(1 - maxHistories)
  return JSON.stringify({ ...Object.fromEntries(kept), [field]: { since, word, is } })
}
