import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// With forbid and replace, two deliveries look at the same time whether a Job is running.
vi.mock(import('../../../src/acts/once.ts'), async original => {
  const real = await original()
  return {
    ...real,
    actService: (environment, settlerFor) => {
      const service = real.actService(environment, settlerFor)
      return {
        ...service,
        of: context => {
          const acts = service.of(context)
          return { ...acts, once: work => acts.once(work) }
        },
        get idle() {
          return service.idle
        },
      }
    },
  }
})

isFound(import.meta.url)
