import { expect, it } from 'vitest'
import { parseOptions } from '../../bench/options.ts'
import { rows } from '../../bench/rows/all.ts'

const names = ['one', 'other']

it('runs every row five times by default, and once where nothing is measured', () => {
  expect(parseOptions([], names)).toMatchObject({ only: [], rounds: 5, quick: false })
  expect(parseOptions(['--quick'], names)).toMatchObject({ rounds: 1, quick: true })
  expect(parseOptions(['--only', 'one', '--rounds', '9'], names)).toMatchObject({ only: ['one'], rounds: 9 })
})

it.each([
  { args: ['--only', 'none'], says: '--only none: no such row; there are one, other' },
  { args: ['--rounds', '0'], says: '--rounds must be a number of 1 or more' },
  { args: ['--rounds', 'many'], says: '--rounds must be a number of 1 or more' },
])('refuses $args and says what to write', ({ args, says }) => {
  expect(() => parseOptions(args, names)).toThrow(says)
})

it('knows each row by a name of its own, and each of its figures', () => {
  expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length)
  for (const { figures } of rows) expect(new Set(figures.map(({ key }) => key)).size).toBe(figures.length)
})
