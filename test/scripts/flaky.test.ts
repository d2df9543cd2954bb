import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import { aboutRetried, flakyTests } from '../support/flaky.ts'

const one = { test: 'test/a.test.ts > works', errors: '    expected 1\n' }
const other = { test: 'test/b.test.ts > works', errors: '    expected 2\n' }
const entry = { test: one.test, failed: 'expected 1', since: '2026-11-27' }

it('a test that passed only when tried again is shown loudly, unless the list of flaky tests has it', () => {
  const said = aboutRetried([one, other], [entry])
  const [known = '', loud = ''] = said.split(/PASSED ONLY WHEN TRIED AGAIN/)
  expect(known).toContain(`${one.test}\n${one.errors}`)
  expect(known).not.toContain(other.test)
  expect(loud).toContain(`${other.test}\n${other.errors}`)
  expect(loud).not.toContain(one.test)
})

it('nothing is said where every test passed at once', () => {
  expect(aboutRetried([], [entry])).toBe('')
})

it('each entry of the list says which test of which file failed how, and since which day', () => {
  for (const { failed, since, test } of flakyTests()) {
    expect(existsSync(test.split(' > ')[0] ?? '')).toBe(true)
    expect(failed).not.toBe('')
    expect(since).toMatch(/^\d{4}-\d\d-\d\d$/)
  }
})
