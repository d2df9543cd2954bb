import type { Reporter, Vitest } from 'vitest/node'
import { listed, longParts } from './parts.ts'

/** Says at the end of a whole `npm test` which tests it has not run, and how to run them. */
export const notRun = (): Reporter => {
  let vitest: Vitest | undefined
  return {
    onInit: started => void (vitest = started),
    onTestRunEnd: async modules => {
      const projects = vitest?.projects.map(({ name }) => name).toSorted() ?? []
      if (!vitest || projects.join(' ') !== 'in-memory unit') return
      if (modules.length < (await vitest.globTestSpecifications()).length) return
      process.stdout.write(
        `\nNot run here, but with "npm run test:long -- PART"; CONTRIBUTING.md says when:\n${listed(longParts)}`,
      )
    },
  }
}
