import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { changesIn, codeLinesIn, findingsIn, lowered, raised } from '../../scripts/count/budget.ts'

const budget = { acts: { lines: 100, why: 'acts run Jobs' }, steps: { lines: 200 } }

it('lines of code are those with something other than a comment', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'budget-')), 'a.ts')
  writeFileSync(path, '/**\n * Says.\n */\nexport const a = 1 // one\n\n// Two.\nexport const b = `\n// text\n`\n')
  expect(codeLinesIn(path)).toBe(4)
})

it('a room keeps within its budget, and may leave a little of it unused', () => {
  expect(findingsIn(budget, { acts: 100, steps: 180 })).toEqual([])
})

it.for([
  ['a room above its number', { acts: 101, steps: 200 }, 'acts has 101 lines of code, its budget is 100'],
  ['a room without a number', { acts: 100, steps: 200, token: 1 }, 'token has 1 lines of code, its budget is 0'],
  ['a number of which much is unused', { acts: 100, steps: 179 }, 'steps needs 179 lines of its 200'],
  ['a number without a room', { acts: 100 }, 'steps has no code any more'],
] as const)('%s is found', ([, lines, found]) => {
  expect(findingsIn(budget, lines)).toEqual([expect.stringContaining(found)])
})

it('a rise needs a reason that the base does not have', () => {
  const lines = { acts: 130, steps: 200 }
  const silent = { ...budget, acts: { ...budget.acts, lines: 130 } }
  expect(findingsIn(silent, lines, budget)).toEqual(['acts was raised without a new reason'])
  const explained = raised(budget, lines, 'acts', 'acts hold switches')
  expect(findingsIn(explained, lines, budget)).toEqual([])
  expect(changesIn(explained, budget)).toEqual(['acts 100 -> 130 (+30: acts hold switches)'])
})

it('numbers of which much is unused are lowered to what rooms have, and none is raised', () => {
  const next = lowered(budget, { acts: 79, steps: 201 })
  expect(next).toEqual({ acts: { lines: 79, why: 'acts run Jobs' }, steps: { lines: 200 } })
  expect(changesIn(next, budget)).toEqual(['acts 100 -> 79 (-21)'])
  expect(lowered(budget, { acts: 80, steps: 190 })).toEqual(budget)
  expect(lowered(budget, { steps: 200 })).toEqual({ steps: { lines: 200 } })
})
