import { expect, it } from 'vitest'
import { leftOut } from '../support/complete.ts'

it.each([
  { what: 'every project has tests, and all ran', modules: [['a'], ['b']], skipped: [], says: [] },
  { what: 'a project has no test', modules: [['a']], skipped: [], says: ['project b has no test'] },
  { what: 'a test was skipped', modules: [['a'], ['b']], skipped: ['one'], says: ['skipped: one'] },
])('where $what, says $says', ({ modules, says, skipped }) => {
  const reported = modules.flat().map(project => ({ project, skipped: project === 'b' ? skipped : [] }))
  expect(leftOut(['a', 'b'], reported)).toEqual(says)
})
