import { vi } from 'vitest'
import type { ServiceAddress } from '../../../src/drivers/forward/service.ts'
import { isFound } from './mistake.ts'

// A process keeps the address of a Service that it has read once.
vi.mock(import('../../../src/drivers/forward/service.ts'), async original => {
  const real = await original()
  let kept: ServiceAddress | undefined
  return {
    ...real,
    addressOf: (...read) => {
      const found = real.addressOf(...read)
      if ('host' in found) kept ??= found
      return kept ?? found
    },
  }
})

isFound(import.meta.url)
