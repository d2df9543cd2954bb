import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// The end of an alert leaves the posts about it open that wait for approval.
vi.mock(import('../../../src/trigger/kept-posts.ts'), async original => ({
  ...(await original()),
  closeResolved: () => Promise.resolve(true),
}))

isFound(import.meta.url)
