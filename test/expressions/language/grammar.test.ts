import { expect } from 'vitest'
import { firstViolation } from '../../../src/api/guard.ts'
import { whenSchema } from '../../../src/api/when.ts'
import { check } from '../../../src/expressions/language/check.ts'
import { compiler } from '../../../src/expressions/language/program.ts'
import { seededChance } from '../../senders/mutations.ts'
import { fc, property } from '../../support/property.ts'
import { delivery } from '../delivery.ts'
import { expressionOf, variantOf } from '../grammar.ts'

/** A text of the grammar of CEL, or one that was damaged. */
const texts = fc.integer().map(seed => {
  const chance = seededChance(seed)
  const text = expressionOf(chance)
  return chance(2) === 0 ? text : variantOf(text, expressionOf(chance), chance)
})

const doesNotCompile = { failed: "the expression does not compile: see the hook's conditions" }

property('a check throws at no text, and the place of a mistake lies in it', [texts], text => {
  const mistake = check(text)
  if (!mistake) return
  expect(mistake.offset).toBeGreaterThanOrEqual(0)
  expect(mistake.offset).toBeLessThanOrEqual(text.length)
  expect(mistake.message).not.toBe('')
})

property('what a check finds nothing wrong with is let through at admission, and compiles', [texts], text => {
  if (check(text)) return
  expect(firstViolation(whenSchema, text, 'spec.when')).toBeUndefined()
  expect(compiler()(text)(delivery({ a: 1 }))).not.toEqual(doesNotCompile)
})
