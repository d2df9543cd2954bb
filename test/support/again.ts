import type { Reporter, TestCase, TestModule } from 'vitest/node'

/**
 * Names the tests of a run that failed and passed when they were tried again, with what failed the first time, so that
 * nobody takes them for sound.
 */
export const triedAgain = (): Reporter => ({
  onTestRunEnd: modules => {
    const tests = modules.flatMap(unsteady)
    if (tests.length === 0) return
    process.stderr.write(`Passed only when tried again:\n${tests.map(test => `${inWords(test)}\n`).join('')}`)
  },
})

const unsteady = (module: TestModule): readonly TestCase[] =>
  [...module.children.allTests('passed')].filter(test => test.diagnostic()?.flaky === true)

/** The name of a test, and under it each error with the place in the test where it arose. */
const inWords = (test: TestCase): string => {
  const errors = (test.result().errors ?? []).map(({ diff, message, stacks = [] }) =>
    [message, diff, ...stacks.map(({ column, file, line }) => `at ${file}:${line}:${column}`)]
      .filter(part => part !== undefined)
      .join('\n'),
  )
  return [`  ${test.module.relativeModuleId} > ${test.fullName}`, ...errors.map(indented)].join('\n')
}

const indented = (text: string): string => text.replaceAll(/^/gm, '    ')
