import type { Reporter, TestModule, Vitest } from 'vitest/node'

/** Returns what a run left out: projects without a test, and tests that were skipped. */
export const leftOut = (
  projects: readonly string[],
  modules: readonly { readonly project: string; readonly skipped: readonly string[] }[],
): readonly string[] => [
  ...projects
    .filter(name => modules.every(({ project }) => project !== name))
    .map(name => `project ${name} has no test`),
  ...modules.flatMap(({ skipped }) => skipped.map(name => `skipped: ${name}`)),
]

/**
 * Makes a run fail that leaves something out, so that no suite can fall out of CI unseen. A run that only joins the reports of
 * others starts no test: each of those was held to it.
 */
export const completeness = (): Reporter => {
  let vitest: Vitest | undefined
  return {
    onInit: started => void (vitest = started),
    onTestRunEnd: modules => {
      if (vitest?.config.mergeReports !== undefined) return
      const names = vitest?.projects.map(({ name }) => name) ?? []
      const problems = leftOut(names, modules.map(summaryOf))
      if (problems.length === 0) return
      process.stderr.write(`The run is not complete:\n${problems.map(problem => `  ${problem}\n`).join('')}`)
      process.exitCode = 1
    },
  }
}

const summaryOf = (module: TestModule) => ({
  project: module.project.name,
  skipped: [...module.children.allTests('skipped')].map(test => `${module.relativeModuleId} > ${test.fullName}`),
})
