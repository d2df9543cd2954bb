import { expect, test } from 'vitest'
import { sharedNames, sourceFiles } from '../scripts/count/source.ts'

test('a name that is exported means one thing', () => {
  expect(Object.fromEntries(sharedNames(sourceFiles('src/**/*.{ts,tsx}')))).toEqual({})
})
