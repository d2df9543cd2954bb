import { existsSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const page = readFileSync('docs/explanation/security.md', 'utf8')

/** Every test that a row names: its file, and words of its title. */
const named = [...page.matchAll(/`(test\/[^`]+\.test\.ts)`: "([^"]+)"/g)].map(([, file = '', words = '']) => ({
  file,
  words,
}))

it('names a test in each row', () => {
  const rows = page
    .split('\n')
    .filter(line => /^\| (?!they try to |what is wrong |---)/.test(line) && !line.startsWith('|---'))
  expect(rows.length).toBeGreaterThan(20)
  expect(rows.filter(row => !row.includes('.test.ts`: "'))).toEqual([])
})

it.each(named)('$file has "$words"', ({ file, words }) => {
  expect(existsSync(file)).toBe(true)
  // A comment shows nothing: it is the title of a test.
  const code = readFileSync(file, 'utf8').replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, '')
  expect(code).toContain(words)
})
