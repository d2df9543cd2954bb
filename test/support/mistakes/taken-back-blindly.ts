import { vi } from 'vitest'
import { dropped, ofWrite } from '../../../src/record/protocol.ts'

// A process that has claimed a write takes a conflict for "never". It does not ask the record whether others may have sent it.
vi.mock(import('../../../src/steps/finish.ts'), async original => ({
  ...(await original()),
  takeBack: (ledger, mark) => {
    ledger.later(draft => dropped(draft, ofWrite(mark)))
    return Promise.resolve(true)
  },
}))
