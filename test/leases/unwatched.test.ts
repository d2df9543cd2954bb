import { expect, it } from 'vitest'
import { promMetrics } from '../../src/environment/metrics.ts'
import { LeaseKeeper } from '../../src/leases/leases.ts'
import { Ledgers } from '../../src/record/ledgers.ts'
import { StepService } from '../../src/steps/service.ts'
import { fakeClock } from '../support/clock.ts'
import { testEnvironment } from '../support/environment.ts'

it('a process that may not list records says that leases may end late, and counts each try for an alert', async () => {
  const clock = fakeClock()
  const body = JSON.stringify({ kind: 'Status', reason: 'Forbidden', message: 'cannot list receiverhookrecords' })
  const metrics = promMetrics()
  const environment = testEnvironment({
    metrics,
    clock,
    api: {
      request: () => Promise.resolve({ status: 403, headers: {}, body }),
      watch: () => {
        throw new Error('nothing is watched that was not listed')
      },
    },
  })
  const hooks = {
    find: () => Promise.resolve({ found: 'unknown' as const }),
    known: () => undefined,
    isReplaced: () => false,
  }
  const parts = { hooks, ledgers: new Ledgers(environment), steps: new StepService(environment), charge: () => {} }
  const keeper = new LeaseKeeper(environment, [], parts)
  expect(keeper.problem()).toBeUndefined()
  const stop = new AbortController()
  const running = keeper.run(stop.signal)
  await clock.advance(100)
  expect(keeper.problem()).toMatch(/leases may end late, .*cannot list receiverhookrecords/)
  await clock.advance(15 * 60_000)
  const [, cuts] =
    /^receiverhooks_watch_cuts_total\{resource="receiverhookrecords"\} (\d+)$/m.exec(await metrics.text()) ?? []
  // The alert ReceiverHooksWatchesCut asks for more than 20 in this time.
  expect(Number(cuts)).toBeGreaterThan(20)
  stop.abort()
  await clock.advance(100_000)
  await running
})
