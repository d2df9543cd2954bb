import { vi } from 'vitest'
import { isHold } from '../../../src/record/count-name.ts'
import { targetText } from '../../../src/steps/target/text.ts'
import { isFound } from './mistake.ts'

// A conflict means that the write of a hold never was made, although others may have sent the very same one.
vi.mock(import('../../../src/steps/target/commit.ts'), async original => {
  const real = await original()
  return {
    ...real,
    commit: (environment, intended, interest) =>
      real.commit(
        environment,
        { ...intended, shared: intended.shared && !isHold(targetText(intended.target)) },
        interest,
      ),
  }
})

isFound(import.meta.url)
