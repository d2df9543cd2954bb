import { vi } from 'vitest'

// A process that helps does not say so in the record first.
vi.mock(import('../../../src/record/protocol.ts'), async original => ({
  ...(await original()),
  helped: () => {},
}))
