import { vi } from 'vitest'
import type { Acting } from '../../../src/kube/acting.ts'
import { isFound } from './mistake.ts'

// A hook acts as the account that it named first, also after it names another one.
vi.mock(import('../../../src/trigger/accounts.ts'), async original => {
  const real = await original()
  return {
    ...real,
    hookAccounts: (...given) => {
      const accounts = real.hookAccounts(...given)
      const first = new Map<string, Acting>()
      return {
        ...accounts,
        of: hook => {
          const uid = 'uid' in hook && typeof hook.uid === 'string' ? hook.uid : ''
          const account = first.get(uid) ?? accounts.of(hook)
          if (account) first.set(uid, account)
          return account
        },
      }
    },
  }
})

isFound(import.meta.url)
