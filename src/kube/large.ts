import type { Picked } from '../environment/environment.ts'
import { isObject } from '../api/json.ts'
import { isStoredObject, type StoredObject } from '../api/object.ts'

/** What is read of every object that is too large to be read whole. */
const identity = ['name', 'namespace', 'uid', 'resourceVersion', 'creationTimestamp', 'deletionTimestamp'].map(
  member => `metadata.${member}`,
)
const generation = 'metadata.generation'

/** The paths to what is read of an object that is too large, below `prefix`; `more` is what its reader needs besides. */
export const largeObjectPaths = (prefix: string, more: readonly string[] = []): readonly string[] =>
  [...identity, generation, ...more].map(path => prefix + path)

/**
 * Makes an object of what was picked below `prefix`: with the members that were picked, and none besides. Undefined where it does
 * not say which object it is.
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
