import { expect, test } from 'vitest'
import { importCircles, productFolders, sharedNames, sourceFiles } from '../scripts/count/source.ts'

const files = sourceFiles(productFolders)

test('no files of the product import each other in a circle, of types too', () => {
  expect(importCircles(files)).toEqual([])
})

test('each name that a file exports is the name of one thing', () => {
  expect([...sharedNames(files)]).toEqual([])
})
