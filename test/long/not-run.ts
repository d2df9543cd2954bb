import type { Reporter, Vitest } from 'vitest/node'
import { listed, longParts } from './parts.ts'

/** The projects of `npm test`, sorted. */
const projectsOfNpmTest = 'in-memory isolated unit'

/** Returns what is said of other tests after a run of so many of the files of these projects. */
export const notRunText = (
  projects: readonly string[],
  files: { readonly run: number; readonly all: number },
): string =>
  projects.toSorted().join(' ') === projectsOfNpmTest && files.run === files.all
    ? `\nNot run here, but with "npm run test:long -- PART"; CONTRIBUTING.md says when:\n${listed(longParts)}`
    : ''

/** Says at the end of a whole `npm test` which tests it has not run, and how to run them. */
export const notRun = (): Reporter => {
  let vitest: Vitest | undefined
  return {
    onInit: started => void (vitest = started),
    onTestRunEnd: async modules => {
      if (!vitest) return
      const all = (await vitest.globTestSpecifications()).length
      const projects = vitest.projects.map(({ name }) => name)
      process.stdout.write(notRunText(projects, { run: modules.length, all }))
    },
  }
}
