import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// Nobody compares the version of the Lease with those that it had before: a process goes on although history has gone back.
vi.mock(import('../../../src/kube/lease-history.ts'), async original => {
  const real = await original()
  return {
    ...real,
    historyOf: (environment, place) => ({
      ...real.historyOf(environment, place),
      current: () => true,
      wentBack: () => undefined,
      run: () => Promise.resolve('stopped'),
      checkOver: () => ({ passed: () => true, mayPass: () => true, end: () => undefined }),
      doubt: () => undefined,
    }),
  }
})

vi.stubEnv('SIMULATION_RESTORES', '1')
isFound(import.meta.url)
