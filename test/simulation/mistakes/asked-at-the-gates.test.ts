import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// A copy that asks for the outcome passes the gates like a new delivery, and is judged by what the hook says now.
vi.mock(import('../../../src/senders/idempotency-key.ts'), async original => ({
  ...(await original()),
  isKeyOfSender: () => false,
}))

isFound(import.meta.url)
