import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// Posts of hooks that act as two accounts wait in one queue: they are in one write, and use one read.
vi.mock(import('../../../src/trigger/accounts.ts'), async original => {
  const real = await original()
  return {
    ...real,
    hookAccounts: (...given) => {
      const accounts = real.hookAccounts(...given)
      return {
        ...accounts,
        of: hook => {
          const account = accounts.of(hook)
          return account && { ...account, name: 'hooks' }
        },
      }
    },
  }
})

isFound(import.meta.url)
