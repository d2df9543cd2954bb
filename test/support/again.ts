import type { Reporter, TestCase, TestModule } from 'vitest/node'
import { aboutRetried, flakyTests } from './flaky.ts'

/**
 * Names the tests of a run that failed and passed when they were tried again, with what failed the first time, so that
 * nobody takes them for sound.
 */
export const triedAgain = (): Reporter => ({
  onTestRunEnd: modules => {
    const retried = modules
      .flatMap(unsteady)
      .map(test => ({ test: `${test.module.relativeModuleId} > ${test.fullName}`, errors: errorsOf(test) }))
    process.stderr.write(aboutRetried(retried, flakyTests()))
  },
})

const unsteady = (module: TestModule): readonly TestCase[] =>
  [...module.children.allTests('passed')].filter(test => test.diagnostic()?.flaky === true)

/** Returns each error with the place in the test where it arose. */
const errorsOf = (test: TestCase): string =>
  (test.result().errors ?? [])
    .map(({ diff, message, stacks = [] }) =>
      [message, diff, ...stacks.map(({ column, file, line }) => `at ${file}:${line}:${column}`)]
        .filter(part => part !== undefined)
        .join('\n'),
    )
    .map(error => `${error.replaceAll(/^/gm, '    ')}\n`)
    .join('')
