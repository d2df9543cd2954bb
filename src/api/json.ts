/** Parses JSON and returns `unknown` instead of `any`. Throws SyntaxError if the text is no JSON. */
export const parseJson = (text: string): unknown => JSON.parse(text)

/** Parses JSON, or returns undefined if the text is no JSON. */
export const tryParseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A JSON object: not null, not an array. */
export type JsonObject = { readonly [member: string]: unknown }

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * Returns the member at a path. Returns undefined if there is none, or if one of its parents is no
 * object.
 */
export const at = (value: unknown, ...path: readonly string[]): unknown => {
  let node = value
  for (const name of path) node = isObject(node) ? node[name] : undefined
  return node
}

/** Returns the member at a path if it is a string, otherwise undefined. */
export const stringAt = (value: unknown, ...path: readonly string[]): string | undefined => {
  const found = at(value, ...path)
  return typeof found === 'string' ? found : undefined
}

/** Returns the list at a path, or an empty one. */
export const listAt = (value: unknown, ...path: readonly string[]): readonly unknown[] => {
  const found = at(value, ...path)
  return Array.isArray(found) ? found : []
}

/** Returns the objects in the list at a path. */
export const objectsAt = (value: unknown, ...path: readonly string[]): readonly JsonObject[] =>
  listAt(value, ...path).filter(isObject)

/** Returns the object at a path, or an empty one. */
export const objectAt = (value: unknown, ...path: readonly string[]): JsonObject => {
  const found = at(value, ...path)
  return isObject(found) ? found : {}
}

/** Returns those members of the object at a path that are texts, such as labels. */
export const textsAt = (value: unknown, ...path: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(objectAt(value, ...path)).flatMap(([name, text]) =>
      typeof text === 'string' ? [[name, text] as const] : [],
    ),
  )

/** Returns the member at a path if it is a number, otherwise undefined. */
export const numberAt = (value: unknown, ...path: readonly string[]): number | undefined => {
  const found = at(value, ...path)
  return typeof found === 'number' ? found : undefined
}

/**
 * Returns an object that has `value` at a path and nothing else. {@link at} with the same path
 * returns the value.
 */
export const nested = ([name, ...rest]: readonly string[], value: JsonObject): JsonObject =>
  name === undefined ? value : { [name]: nested(rest, value) }
