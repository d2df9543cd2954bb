import { maxWhen, maxNestedBrackets } from '../../src/api/when.ts'
import type { Chance } from '../senders/mutations.ts'

const pick = (texts: readonly string[], chance: Chance): string => texts[chance(texts.length)] ?? ''

const leaves = [
  ...['body', 'headers', 'query', 'sender', 'x', 'body.a', "body.a['b']", 'body[0]', '.body', 'a.b.c.d'],
  ...['1', '-1', '1u', '1.5', '1e9', '0x1F', 'true', 'false', 'null', '[]', '{}', 'M{}'],
  ...["'a'", '"b"', "r'\\'", "'''c'''", "b'd'", "'\\u00e9'", '""', "'\\x41\\101'"],
]
const binary = ['&&', '||', '==', '!=', '<', '<=', '>', '>=', ' in ', '+', '-', '*', '/', '%', '.', ',', '?', ':', ' ']
const around = [
  ['(', ')'],
  ['!(', ')'],
  ['-(', ')'],
  ['![', ']'],
  ['-[', ']'],
  ['[', ']'],
  ['{', ': 1}'],
  ['{1: ', '}'],
  ['M{a: ', '}'],
  ['body[', ']'],
  ['f(', ')'],
  ['has(', '.a)'],
  ['body.a.all(x, ', ')'],
  ['body.exists(x, ', ')'],
  ['body.exists_one(x, ', ')'],
  ['body.map(x, ', ')'],
  ['body.map(x, true, ', ')'],
  ['body.filter(x, ', ')'],
  ['size(', ')'],
  ['true ? ', ' : 1'],
  ['1 ? 2 : ', ''],
  ['!', ''],
  ['-', ''],
  ['', '.a'],
  ['', '[0]'],
  ['', '.size()'],
  ['', '.a.b.c'],
] as const
const damage = ['$', '"', "'", ')', '(', ']', '}', '//', '\n', '\\', '?', '.', '=', '&', '', 'r"', "'''"]

/** Returns a text of the grammar of CEL, mostly. */
export const expressionOf = (chance: Chance, depth = chance(9)): string => {
  if (depth === 0) return pick(leaves, chance)
  if (chance(3) === 0)
    return expressionOf(chance, depth - 1) + pick(binary, chance) + expressionOf(chance, chance(depth))
  const [before, after] = around[chance(around.length)] ?? around[0]
  return before + expressionOf(chance, depth - 1) + after
}

/** Returns a text that comes from another: parts of it repeated, wrapped, exchanged with a third's, or damaged. */
export const variantOf = (text: string, other: string, chance: Chance): string => {
  const from = chance(text.length + 1)
  const to = from + chance(text.length - from + 1)
  const part = text.slice(from, to)
  const replaced = (by: string): string => text.slice(0, from) + by + text.slice(to)
  switch (chance(11)) {
    case 0:
      return replaced(part.repeat(2 + chance(16)))
    case 1: {
      const [before, after] = around[chance(around.length)] ?? around[0]
      const times = 1 + chance(16)
      return replaced(before.repeat(times) + part + after.repeat(times))
    }
    case 2: {
      const begin = chance(other.length + 1)
      return replaced(other.slice(begin, begin + chance(other.length - begin + 1)))
    }
    case 3:
      return replaced('')
    case 4:
      return replaced(expressionOf(chance, chance(4)))
    case 5:
      return text.slice(0, from) + pick(damage, chance) + text.slice(from)
    case 6:
      return text.slice(0, from) + pick(damage, chance)
    case 7:
      return text + pick(binary, chance) + (chance(2) === 0 ? text : other)
    case 8:
      return tower(chance)
    case 9:
      return part + tower(chance)
    default: {
      const times = Math.max(1, Math.floor(maxWhen / Math.max(1, part.length)))
      return part.repeat(times)
    }
  }
}

/** Brackets nested deep, again and again up to the end, and mostly something wrong there. */
const tower = (chance: Chance): string => {
  const depth = 1 + chance(maxNestedBrackets)
  const levels = Array.from({ length: 1 + chance(3) }, () => around[chance(around.length)] ?? around[0])
  let inside = expressionOf(chance, chance(2))
  for (let level = 0; level < depth; level++) {
    const [before, after] = levels[level % levels.length] ?? around[0]
    inside = before + inside + after
  }
  const unit = inside + pick(binary, chance)
  const text = unit.repeat(Math.max(1, Math.floor((maxWhen - 8) / unit.length)))
  return text + (chance(2) === 0 ? '1' : '') + pick(damage, chance)
}
