import { vi } from 'vitest'
import { isUndo } from '../../../src/record/context.ts'
import { isFound } from './mistake.ts'

// An undo goes by a version that was known before. If that is older than the change, it is taken for the word of somebody else.
vi.mock(import('../../../src/api/mark.ts'), async original => {
  const real = await original()
  return { ...real, whoseCount: (since, version) => (real.whoseCount(since, version) === 'ours' ? 'ours' : 'theirs') }
})

vi.mock(import('../../../src/steps/batch.ts'), async original => {
  const real = await original()
  return {
    ...real,
    claimBatch: (waiting, fold, ledger, delayed) => {
      const undos = waiting.filter(({ context }) => isUndo(context))
      return real.claimBatch(waiting, { ...fold, asked: new Set([...fold.asked, ...undos]) }, ledger, delayed)
    },
  }
})

isFound(import.meta.url)
