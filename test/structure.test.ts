import { expect, test } from 'vitest'
import { importCircles, sharedNames, sourceFiles } from '../scripts/count/source.ts'

const files = sourceFiles('src/**/*.{ts,tsx}')

test('no files of src import each other in a circle, of types too', () => {
  expect(importCircles(files)).toEqual([])
})

test('each name that src exports is the name of one thing', () => {
  expect([...sharedNames(files)]).toEqual([])
})
