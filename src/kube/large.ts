import type { Picked } from '../environment/environment.ts'
import { isObject } from '../api/json.ts'
import { isStoredObject, type StoredObject } from '../api/object.ts'

/** The members that are read from any object beyond the size limit. */
const identity = ['name', 'namespace', 'uid', 'resourceVersion', 'creationTimestamp', 'deletionTimestamp'].map(
  member => `metadata.${member}`,
)
const generation = 'metadata.generation'

/**
 * Returns the paths to pick from an object that is too large. Each begins with `prefix`. `more` has
 * the paths that the caller needs in addition to the identity.
 */
export const largeObjectPaths = (prefix: string, more: readonly string[] = []): readonly string[] =>
  [...identity, generation, ...more].map(path => prefix + path)

/**
 * Makes an object from the picked members below `prefix`. Returns undefined if they do not identify
 * the object.
 */
export const largeObjectIn = (picked: Picked, prefix: string): StoredObject | undefined => {
  const object = {}
  for (const [path, value] of picked) {
    if (!path.startsWith(prefix)) continue
    const member = path.slice(prefix.length)
    setAt(object, member.split('.'), member === generation ? Number(value) : value)
  }
  return isStoredObject(object) ? object : undefined
}

const setAt = (object: object, [name = '', ...rest]: readonly string[], value: unknown): void => {
  if (rest.length === 0) return void Reflect.set(object, name, value)
  const inner: unknown = Reflect.get(object, name)
  const next = isObject(inner) ? inner : {}
  Reflect.set(object, name, next)
  setAt(next, rest, value)
}
