import { vi } from 'vitest'
import type { ReadSecret } from '../../../src/trigger/auth/secrets.ts'
import { isFound } from './mistake.ts'

// What a Secret of `auth` once held is gone by for ever, and what is there once is never looked for again.
vi.mock(import('../../../src/trigger/auth/secrets.ts'), async original => {
  const real = await original()
  return {
    ...real,
    secretReader: environment => {
      const readSecret = real.secretReader(environment)
      const kept = new Map<string, Awaited<ReturnType<ReadSecret>>>()
      return async (namespace, name, keys) => {
        const key = `${namespace}/${name}`
        const found = kept.get(key) ?? (await readSecret(namespace, name, keys))
        if (found !== 'unreachable') kept.set(key, found)
        return found
      }
    },
  }
})

isFound(import.meta.url)
