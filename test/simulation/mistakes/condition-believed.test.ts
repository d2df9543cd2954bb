import { vi } from 'vitest'
import { at, isObject } from '../../../src/api/json.ts'
import { isFound } from './mistake.ts'

// The condition of a Deployment is taken for that of its present rollout once its generation is observed.
vi.mock(import('../../../src/drivers/rollouts/state.ts'), async original => ({
  ...(await original()),
  rolloutState: object => {
    const conditions = at(object, 'status', 'conditions')
    const isObserved = at(object, 'status', 'observedGeneration') === object.metadata.generation
    const found = Array.isArray(conditions) ? conditions.filter(isObject) : []
    const isThrough = found.some(({ reason }) => reason === 'NewReplicaSetAvailable')
    return isObserved && isThrough ? 'complete' : 'running'
  },
}))

isFound(import.meta.url)
