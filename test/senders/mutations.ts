import { isObject, tryParseJson } from '../../src/api/json.ts'
import type { Message } from '../../src/senders/sender.ts'

/** A number from 0 up to, not including, `below`. */
export type Chance = (below: number) => number

/** Returns random numbers that a seed gives again (mulberry32). */
export const seededChance = (seed: number): Chance => {
  let state = seed >>> 0
  return below => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/** Returns a message made of known ones: parts of it dropped, replaced, moved or exchanged, or its text damaged. */
export const mutated = (known: readonly Message[], chance: Chance): Message => {
  const { headers, json, receivedAt } = pick(known, chance)
  const other = pick(known, chance)
  const text = JSON.stringify(json ?? {})
  const body = chance(3) === 0 ? tryParseJson(damaged(text, chance)) : changed(text, other.json, chance)
  return {
    headers: chance(3) === 0 ? changedHeaders(headers, other.headers, chance) : headers,
    json: body,
    ...(receivedAt === undefined || chance(4) === 0 ? {} : { receivedAt }),
  }
}

const pick = <T>(items: readonly T[], chance: Chance): T => {
  const item = items[chance(items.length)]
  if (item === undefined) throw new Error('there is nothing to pick from')
  return item
}

/** Values, as JSON, that make code fail if it expects something else. */
const hostile = [
  'null',
  'true',
  '0',
  '-1',
  '1.5',
  '1e308',
  '9007199254740993',
  '""',
  '" "',
  '"__proto__"',
  '"2026-13-45T99:99:99Z"',
  '"9999-12-31T23:59:59Z"',
  '"0001-01-01T00:00:00Z"',
  '"%E0%A4%A"',
  '"\\ud800"',
  '"\\u0000"',
  `"${'x'.repeat(3000)}"`,
  '[]',
  '{}',
  '[null]',
  '[[]]',
  '{"__proto__":{"status":"firing"}}',
  '{"constructor":{"prototype":null}}',
  '{"length":-1}',
  `${'['.repeat(2000)}${']'.repeat(2000)}`,
  `${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}`,
]

type Holder = { set: (value: unknown) => void; drop: () => void; value: unknown }

/** Returns some place within a value, the value itself not among them. */
const somewhere = (root: unknown, chance: Chance): Holder | undefined => {
  let found: Holder | undefined
  for (let node = root, depth = 0; depth < 12; depth++) {
    const next = member(node, chance)
    if (next === undefined) return found
    found = next
    if (chance(3) === 0) return found
    node = next.value
  }
  return found
}

const member = (node: unknown, chance: Chance): Holder | undefined => {
  if (Array.isArray(node) && node.length > 0) {
    const list: unknown[] = node
    const index = chance(list.length)
    return { value: list[index], set: value => void (list[index] = value), drop: () => void list.splice(index, 1) }
  }
  const names = isObject(node) ? Object.keys(node) : []
  const name = names[chance(Math.max(1, names.length))]
  if (!isObject(node) || name === undefined) return undefined
  return {
    value: node[name],
    set: value => void Reflect.set(node, name, value),
    drop: () => void Reflect.deleteProperty(node, name),
  }
}

/** Copies a value, so that what is taken from elsewhere is not changed there too. What is nested too deeply to be copied becomes null. */
const copy = (value: unknown): unknown => {
  try {
    return tryParseJson(JSON.stringify(value ?? null))
  } catch {
    return null
  }
}

export const changed = (text: string, other: unknown, chance: Chance): unknown => {
  let root = tryParseJson(text)
  for (let count = 1 + chance(4); count > 0; count--) {
    const place = somewhere(root, chance)
    switch (chance(6)) {
      case 0:
        place?.drop()
        break
      case 1:
        place?.set(copy(somewhere(other, chance)?.value))
        break
      case 2:
        place?.set(copy(somewhere(root, chance)?.value))
        break
      case 3:
        place?.set([place.value])
        break
      case 4:
        if (chance(50) === 0) root = tryParseJson(pick(hostile, chance))
        break
      default:
        place?.set(tryParseJson(pick(hostile, chance)))
    }
  }
  return root
}

const signs = ['{', '}', '[', ']', '"', ',', ':', '\\', '0', 'e', '-', 'null', '\u0000', '😀', '"__proto__":']

export const damaged = (text: string, chance: Chance): string => {
  let left = text
  for (let count = 1 + chance(3); count > 0; count--) {
    const at = chance(left.length + 1)
    const removed = chance(3)
    left = left.slice(0, at) + (chance(2) === 0 ? pick(signs, chance) : '') + left.slice(at + removed)
  }
  return left
}

const headerTexts = ['', ' ', ',', '"', '""', '"\\', 'true', '%', '%E0%A4%A', '\u00ff', 'ping', 'x'.repeat(8000)]

const changedHeaders = (
  headers: Message['headers'],
  others: Message['headers'],
  chance: Chance,
): Message['headers'] => {
  const result = new Map(Object.entries({ ...headers, ...(chance(2) === 0 ? others : {}) }))
  for (const name of [...result.keys(), 'idempotency-key']) {
    if (chance(4) === 0) result.set(name, pick(headerTexts, chance))
    else if (chance(6) === 0) result.delete(name)
  }
  return Object.fromEntries(result)
}
