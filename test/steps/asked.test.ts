import { expect, it } from 'vitest'
import { moveWithin } from '../../src/steps/arithmetic.ts'
import { StepService } from '../../src/steps/service.ts'
import type { Plan, Step } from '../../src/steps/steps.ts'
import { contextOf } from '../support/deliveries.ts'
import { fakeClock } from '../support/clock.ts'
import { testEnvironment } from '../support/environment.ts'
import { scaleServer } from '../support/scale-server.ts'
import { deploymentTarget } from '../support/targets.ts'

const target = deploymentTarget('web')
const up = (max: number): Plan => moveWithin({ action: 'up', by: { count: 1 }, min: 0, max, overshoot: 'clamp' })

it('a post that arrives while a read is on its way is not answered from it', async () => {
  const clock = fakeClock()
  const server = scaleServer(clock, 10, 20)
  const service = new StepService(testEnvironment({ api: server.api, clock }))
  const post = (): Promise<Step> => service.of(contextOf({ deadline: clock.monotonic() + 4000 }))(target, up(10))
  const first = post()
  await clock.advance(12) // the server has answered 10; the answer is on its way
  server.outsideWrite(4)
  const second = post()
  await clock.advance(200)
  expect(await first).toEqual({ outcome: 'done', from: 10, to: 10 })
  expect(await second).toEqual({ outcome: 'done', from: 4, to: 5 })
})
