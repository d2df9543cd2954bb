/** JSON.parse without its `any`. Throws SyntaxError. */
export const parseJson = (text: string): unknown => JSON.parse(text)

/** JSON.parse that answers `undefined` for what is not JSON. */
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

/** A member at a path of names, or undefined where the path leaves the objects. */
export const at = (value: unknown, ...path: readonly string[]): unknown => {
  let node = value
  for (const name of path) node = isObject(node) ? node[name] : undefined
  return node
}

/** Like {@link at}, but only a string. */
export const stringAt = (value: unknown, ...path: readonly string[]): string | undefined => {
  const found = at(value, ...path)
  return typeof found === 'string' ? found : undefined
}

/** Returns the object in which `value` is at a path of names, and nothing else: what {@link at} reads. */
export const nested = ([name, ...rest]: readonly string[], value: JsonObject): JsonObject =>
  name === undefined ? value : { [name]: nested(rest, value) }
