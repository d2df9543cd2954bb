import { vi } from 'vitest'
import { takenBack } from '../../../src/record/protocol.ts'

// A process that has claimed a write takes a conflict for "never". It does not ask the record whether others may have sent it.
vi.mock(import('../../../src/steps/finish.ts'), async original => ({
  ...(await original()),
  takeBack: (ledger, mark) => {
    ledger.later(draft => takenBack(draft, mark))
    return Promise.resolve(true)
  },
}))
