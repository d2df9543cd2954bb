import { isObject } from '../src/api/json.ts'

/** Finds the values at a path in an object. */
export type JsonPath = (object: unknown) => unknown[]

type Step = (value: unknown) => unknown[]

const steps: readonly (readonly [RegExp, (match: RegExpExecArray) => Step])[] = [
  [
    /^\.?\[\?\(@((?:\.[\w-]+)+)\s*==\s*(?:"([^"]*)"|'([^']*)')\)\]/,
    ([, path = '', double, single]) => where(path, double ?? single ?? ''),
  ],
  [/^\.?\[\*\]/, () => everyEntry],
  [/^\.?\[(\d+)\]/, ([, index]) => entry(Number(index))],
  [
    /^\.?\[((?:'[^']*'|"[^"]*")(?:\s*,\s*(?:'[^']*'|"[^"]*"))*)\]/,
    ([, names = '']) =>
      anyMember([...names.matchAll(/'([^']*)'|"([^"]*)"/g)].map(([, single, double]) => single ?? double ?? '')),
  ],
  [/^\.\*/, () => everyEntry],
  [/^\.((?:[^.[\]\\]|\\.)+)/, ([, name = '']) => member(name.replaceAll('\\', ''))],
]

/**
 * Parses the JSONPath of a CRD's printer column: members, `['one','or another']`, indexes, `[*]`
 * and the filter `[?(@.type=="Ready")]`. Returns undefined for anything else.
 */
export const parseJsonPath = (text: string): JsonPath | undefined => {
  const found: Step[] = []
  for (let rest = text; rest !== '' && rest !== '.';) {
    const step = steps.flatMap(([pattern, make]) => {
      const match = pattern.exec(rest)
      return match ? [{ length: match[0].length, make: make(match) }] : []
    })[0]
    if (!step) return undefined
    found.push(step.make)
    rest = rest.slice(step.length)
  }
  return object => found.reduce<unknown[]>((values, step) => values.flatMap(step), [object])
}

const member =
  (name: string): Step =>
  value =>
    isObject(value) && name in value ? [value[name]] : []

const anyMember =
  (names: readonly string[]): Step =>
  value =>
    names.flatMap(name => member(name)(value))

const entry =
  (index: number): Step =>
  value =>
    entries(value).slice(index, index + 1)

const everyEntry: Step = value => (isObject(value) ? Object.values(value) : entries(value))

const entries = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

const where = (path: string, wanted: string): Step => {
  const find = parseJsonPath(path)
  return value => entries(value).filter(item => find?.(item).includes(wanted) === true)
}
