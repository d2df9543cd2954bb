import type { Reporter, TestModule } from 'vitest/node'

/** Names the tests of a run that failed and passed when they were tried again, so that nobody takes them for sound. */
export const triedAgain = (): Reporter => ({
  onTestRunEnd: modules => {
    const names = modules.flatMap(unsteady)
    if (names.length === 0) return
    process.stderr.write(`Passed only when tried again:\n${names.map(name => `  ${name}\n`).join('')}`)
  },
})

const unsteady = (module: TestModule): readonly string[] =>
  [...module.children.allTests('passed')]
    .filter(test => test.diagnostic()?.flaky === true)
    .map(test => `${module.relativeModuleId} > ${test.fullName}`)
