import { expect, test, vi } from 'vitest'
import { forkEvaluator } from '../../../src/expressions/worker/process.ts'
import { supervisedExpressions } from '../../../src/expressions/worker/supervised.ts'
import { fakeClock, settle } from '../../support/clock.ts'
import { delivery } from '../delivery.ts'

const system = vi.hoisted(() => ({ forks: 0 }))

vi.mock('node:child_process', () => ({
  fork: () => {
    system.forks += 1
    throw new Error('spawn ENOMEM')
  },
}))

test('where the system has no memory for a process, nothing is judged, and it is tried again', async () => {
  const clock = fakeClock()
  const expressions = supervisedExpressions(clock, forkEvaluator)
  const judging = expressions.evaluate({
    namespace: 'shop',
    owner: 'a',
    expression: 'true',
    variables: delivery({}),
    withinMs: 3000,
  })
  for (let second = 0; second < 3; second++) {
    await settle()
    await clock.advance(1000)
  }
  expect(await judging).toEqual({ unavailable: 'the expression was not evaluated in time' })
  expect(system.forks).toBeGreaterThan(1)
})
