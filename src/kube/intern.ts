import { isObject } from '../api/json.ts'
import type { StoredObject } from '../api/object.ts'

/** Longer texts are hardly ever equal. In characters. */
const longest = 64

/** How many texts are known at most: a list in which each is another must not make the memory that it is to save. */
const mostKnown = 5000

/**
 * Makes equal texts in the objects of a list one text: what was parsed has each anew, and ten thousand hooks say ten
 * thousand times `Deployment`. Changes the object in place, so it is for whoever has just parsed it.
 */
export const interner = (): ((object: StoredObject) => StoredObject) => {
  const known = new Map<string, string>()

  const intern = (text: string): string => {
    if (text.length > longest) return text
    const first = known.get(text)
    if (first !== undefined) return first
    if (known.size >= mostKnown) known.clear()
    known.set(text, text)
    return text
  }

  const internIn = (value: unknown): void => {
    if (!isObject(value) && !Array.isArray(value)) return
    for (const [name, member] of Object.entries(value)) {
      if (typeof member === 'string') Reflect.set(value, name, intern(member))
      else internIn(member)
    }
  }

  return object => {
    for (const [name, member] of Object.entries(object)) {
      // Metadata is what tells objects apart.
      if (name !== 'metadata') internIn(member)
    }
    const { namespace } = object.metadata
    if (namespace !== undefined) Reflect.set(object.metadata, 'namespace', intern(namespace))
    return object
  }
}
