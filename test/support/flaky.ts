import { readFileSync } from 'node:fs'
import { parseJson, stringAt } from '../../src/api/json.ts'

/** A test that is known to fail now and then: it is to be mended, or removed, within the next change. */
export interface FlakyTest {
  /** The file, ` > `, and the test's full name. */
  readonly test: string
  /** What failed. */
  readonly failed: string
  /** The day on which it was first seen, as in 2026-11-27. */
  readonly since: string
}

export const flakyTests = (): readonly FlakyTest[] => {
  const list = parseJson(readFileSync('test/flaky.json', 'utf8'))
  return (Array.isArray(list) ? list : []).map(entry => ({
    test: stringAt(entry, 'test') ?? '',
    failed: stringAt(entry, 'failed') ?? '',
    since: stringAt(entry, 'since') ?? '',
  }))
}

/** Returns what a run says of tests that passed only when they were tried again: `retried` has each name and its errors. */
export const aboutRetried = (
  retried: readonly { readonly test: string; readonly errors: string }[],
  list: readonly FlakyTest[],
): string => {
  const isListed = ({ test }: { readonly test: string }): boolean => list.some(known => known.test === test)
  const shown = (tests: typeof retried): string => tests.map(({ errors, test }) => `  ${test}\n${errors}`).join('')
  const listed = retried.filter(isListed)
  const others = retried.filter(test => !isListed(test))
  return (
    (listed.length > 0 ? `Passed only when tried again, as test/flaky.json says:\n${shown(listed)}` : '') +
    (others.length > 0
      ? `${line}\nPASSED ONLY WHEN TRIED AGAIN, and not in test/flaky.json: mend it, or add it there\n${line}\n${shown(others)}${line}\n`
      : '')
  )
}

const line = '='.repeat(80)
