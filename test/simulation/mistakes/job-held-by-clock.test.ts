import { vi } from 'vitest'
import { isAbandoned } from '../../../src/record/due.ts'
import { isFound } from './mistake.ts'

// Whether another process may still make a Job is decided by wall clocks.
vi.mock(import('../../../src/acts/running.ts'), async original => {
  const real = await original()
  return {
    ...real,
    runningActs: environment => {
      const running = real.runningActs(environment)
      return {
        ...running,
        noteHeld: act => running.isRunning(act) || !isAbandoned(act, environment.clock.now()),
        get idle() {
          return running.idle
        },
      }
    },
  }
})

isFound(import.meta.url)
