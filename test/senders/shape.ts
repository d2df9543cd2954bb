import { isObject } from '../../src/api/json.ts'

/** A documented shape: members that all have to be there, and no others; a list is of one shape. */
export type Shape = string | readonly Shape[] | { readonly [member: string]: Shape }

/** Returns where a value is not of a shape; undefined when it is. */
export const has = (value: unknown, shape: Shape, path = '$'): string | undefined => {
  if (typeof shape === 'string') return leaf(value, shape) ? undefined : `${path} is no ${shape}`
  if (isList(shape)) {
    const [inner] = shape
    if (!Array.isArray(value) || value.length === 0 || inner === undefined) return `${path} is no list, or empty`
    return value.map((item, i) => has(item, inner, `${path}[${i}]`)).find(wrong => wrong !== undefined)
  }
  if (!isObject(value)) return `${path} is no object`
  const unknown = Object.keys(value).find(name => !Object.hasOwn(shape, name))
  if (unknown !== undefined) return `${path}.${unknown} is not documented`
  return Object.entries(shape)
    .map(([name, inner]) => has(value[name], inner, `${path}.${name}`))
    .find(wrong => wrong !== undefined)
}

const isList = (shape: Shape): shape is readonly Shape[] => Array.isArray(shape)

const leaf = (value: unknown, kind: string): boolean => {
  switch (kind) {
    case 'url':
      return typeof value === 'string' && URL.canParse(value)
    case 'duration':
      return typeof value === 'string' && /^\d+(ms|s|m|h|d|w|y)$/.test(value)
    default:
      return typeof value === kind
  }
}
