/**
 * Looks for expressions that the API server would accept, but that take long to check or make the
 * check throw. It makes texts of the grammar, and changes the slowest again and again. It prints
 * each that is slower than all before. It ends with 1 if one takes more processor time than a check
 * may use.
 *
 * `node scripts/fuzz-when.ts [--seconds N] [--seed N] [--out FILE]`, FILE for the slowest texts of
 * each shape.
 */
import { writeFileSync } from 'node:fs'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { firstViolation } from '../src/api/guard.ts'
import { maxWhen, whenSchema } from '../src/api/when.ts'
import { findings } from '../src/expressions/worker/answer.ts'
import { checkBudgetMs } from '../src/expressions/worker/limits.ts'
import { expressionOf, variantOf } from '../test/expressions/grammar.ts'
import { seededChance } from '../test/senders/mutations.ts'

/** How many of the slowest are kept to be changed. */
const maxKept = 40

/** One of so many texts is new, made of the grammar alone. */
const oneNewOf = 10

/** `ms`: how much of a processor its check takes. */
interface Timed {
  readonly when: string
  readonly ms: number
}

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' }, out: { type: 'string' } },
})
const seed = Number(values.seed ?? Date.now() % 2 ** 32)
const chance = seededChance(seed)

/** Times a check, so many times, and answers the least: the first may be cold. */
const costMs = (when: string, times: number): number => {
  let least = Infinity
  for (let time = 0; time < times; time++) {
    const before = process.threadCpuUsage()
    findings(when)
    const { system, user } = process.threadCpuUsage(before)
    least = Math.min(least, (system + user) / 1000)
  }
  return least
}

/** Returns the shape of an expression. Texts that begin and end alike are variants of one: the slowest of them is kept. */
const shapeOf = (when: string): string => when.slice(0, 12) + when.slice(-6)

const kept = new Map<string, Timed>()

const keep = (timed: Timed): void => {
  const shape = shapeOf(timed.when)
  if ((kept.get(shape)?.ms ?? 0) >= timed.ms) return
  kept.set(shape, timed)
  if (kept.size <= maxKept) return
  const [quickest] = [...kept].toSorted(([, one], [, other]) => one.ms - other.ms)
  if (quickest) kept.delete(quickest[0])
}

const next = (): string => {
  const all = [...kept.values()]
  const base = all[chance(all.length + 1)]
  if (!base || chance(oneNewOf) === 0) return expressionOf(chance)
  return variantOf(base.when, all[chance(all.length)]?.when ?? '', chance).slice(0, maxWhen)
}

let tried = 0
let admitted = 0
let slowest: Timed = { when: '', ms: 0 }
const end = performance.now() + Number(values.seconds) * 1000
console.log(`seed ${seed}`)

while (performance.now() < end) {
  const when = next()
  tried += 1
  if (firstViolation(whenSchema, when, 'spec.when')) continue
  admitted += 1
  try {
    let ms = costMs(when, 1)
    // Another look, at those that would stand out.
    if (ms > slowest.ms / 2) ms = costMs(when, 3)
    keep({ when, ms })
    if (ms <= slowest.ms) continue
    slowest = { when, ms }
    console.log(`${ms.toFixed(1)} ms after ${tried} texts: ${JSON.stringify(when.slice(0, 100))}`)
  } catch (error) {
    console.error(`seed ${seed}, text ${tried} makes the check throw: ${JSON.stringify(when)}\n${String(error)}`)
    process.exit(1)
  }
}

console.log(`${tried} texts, ${admitted} that are let through; the slowest takes ${slowest.ms.toFixed(1)} ms`)
const slowestFirst = [...kept.values()].toSorted((one, other) => other.ms - one.ms)
if (values.out !== undefined) writeFileSync(values.out, `${JSON.stringify(slowestFirst, undefined, 1)}\n`)
if (slowest.ms > checkBudgetMs) {
  console.error(`a check may use ${checkBudgetMs} ms: ${JSON.stringify(slowest.when)}`)
  process.exit(1)
}
