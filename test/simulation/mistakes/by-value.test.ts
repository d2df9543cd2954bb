import { vi } from 'vitest'
import { wait } from '../../../src/environment/wait.ts'
import type * as Commit from '../../../src/steps/target/commit.ts'
import { readTarget } from '../../../src/steps/target/read.ts'
import { isFound } from './mistake.ts'

// After a lost answer the count is looked at, and not who set it.
vi.mock(import('../../../src/steps/target/commit.ts'), async original => {
  const { markedWrite, ...rest } = await original()
  const commit: typeof Commit.commit = async (
    { api, clock },
    { from, mark, target, to },
    { accounting, mayContinue },
  ) => {
    let lost = false
    for (;;) {
      const written = await markedWrite(api, target, mark, from, to, accounting)
      lost ||= written.write === 'unknown'
      if (written.write === 'applied' || !lost) return written
      const found = await readTarget(api, target)
      if (found.state === 'found' && found.version.resourceVersion !== from.resourceVersion) {
        return found.version.count === to ? { write: 'applied', version: found.version } : { write: 'stale' }
      }
      await wait(clock, 25)
      if (!mayContinue()) return { write: 'unknown', message: 'nobody is waiting for it any more' }
    }
  }
  return { ...rest, markedWrite, commit }
})

isFound(import.meta.url)
