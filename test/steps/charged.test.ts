import { expect, it } from 'vitest'
import { moveWithin } from '../../src/steps/arithmetic.ts'
import { StepService } from '../../src/steps/service.ts'
import { contextOf } from '../support/deliveries.ts'
import { fakeClock } from '../support/clock.ts'
import { testEnvironment } from '../support/environment.ts'
import { scaleServer } from '../support/scale-server.ts'
import { deploymentTarget } from '../support/targets.ts'

const target = deploymentTarget('web')
const plan = moveWithin({ action: 'up', by: { count: 1 }, min: 0, max: 10, overshoot: 'clamp' })

it('a write is paid by the posts of its turn, although that fails after it', async () => {
  const clock = fakeClock()
  const server = scaleServer(clock, 1, 20)
  const plain = testEnvironment({ api: server.api, clock })
  let isBroken = true
  const metrics: typeof plain.metrics = {
    ...plain.metrics,
    counter: (...described) => {
      const counter = plain.metrics.counter(...described)
      return {
        ...counter,
        add: (...counted) => {
          if (isBroken && described[0] === 'receiverhooks_step_writes_total') throw new Error('broken')
          counter.add(...counted)
        },
      }
    },
  }
  const service = new StepService({ ...plain, metrics })
  const paid = new Map<string, number>()
  const post = async (name: string): Promise<string> => {
    const charge = (bytes: number): void => void paid.set(name, (paid.get(name) ?? 0) + bytes)
    const step = service.of(contextOf({ deadline: clock.monotonic() + 4000, charge }))(target, plan)
    await clock.advance(200)
    return (await step).outcome
  }
  expect(await post('first')).not.toBe('done')
  isBroken = false
  expect(await post('second')).toBe('done')
  const first = paid.get('first') ?? 0
  expect(first).toBeGreaterThan(0)
  // The object has grown a little.
  expect(paid.get('second')).toBeLessThan(1.5 * first)
})
