import { vi } from 'vitest'
import { readTarget } from '../../../src/steps/target/read.ts'
import { isFound } from './mistake.ts'

// The mark that a write replaces is there: that it never was made is taken for sure, although it may come yet.
vi.mock(import('../../../src/steps/target/evidence.ts'), async original => {
  const real = await original()
  return {
    ...real,
    findEvidence: async (api, target, sought) => {
      const found = sought.before === undefined ? undefined : await readTarget(api, target)
      return found?.state === 'found' && found.version.mark === sought.before
        ? { evidence: 'never', owners: target.at.marks(found.object) }
        : await real.findEvidence(api, target, sought)
    },
  }
})

isFound(import.meta.url)
