import { vi } from 'vitest'
import { isFound } from './mistake.ts'

// A request for the outcome of a delivery gets that of the newest rollout, also if something else has caused it.
vi.mock(import('../../../src/drivers/rollouts/settlement.ts'), async original => ({
  ...(await original()),
  settlementOf: (_change, workloads) => {
    const isThrough = workloads.every(({ progress }) => progress.state === 'complete')
    return { state: isThrough ? 'complete' : 'progressing', message: '' }
  },
}))

isFound(import.meta.url)
