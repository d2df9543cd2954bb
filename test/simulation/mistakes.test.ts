import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { listedMistakes } from './mistakes/listed.ts'

test('the page on how it is proved lists each mistake, and each that it lists is a test', () => {
  const tests = readdirSync('test/simulation/mistakes').filter(file => file.endsWith('.test.ts'))
  const listed = listedMistakes().map(({ name }) => `${name}.test.ts`)
  expect(listed.toSorted()).toEqual(tests.toSorted())
})

test('each row says what the mistake is, and what it breaks', () => {
  expect(listedMistakes().filter(({ mistake, promises }) => mistake === '' || promises.length === 0)).toEqual([])
})
