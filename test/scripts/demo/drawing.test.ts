import { expect, it } from 'vitest'
import { heading, eventOf, rowsOf } from '../../../scripts/demo/drawing.ts'
import { exampleThresholds } from '../../../scripts/demo/examples.ts'
import { countIn } from '../../../scripts/demo/shop.ts'

it('the thresholds are those of the example rules', () => {
  expect(exampleThresholds()).toEqual({ busy: 10, idle: 5 })
})

it('each moment is a row below the heading, and each further event one more', () => {
  const thresholds = { busy: 10, idle: 5 }
  const events = ['web-up: 2 → 3', 'web-up: Duplicate']
  const rows = rowsOf({ second: 12, load: 7.5, count: { replicas: 3, ready: 2 }, events }, thresholds)
  expect([heading(thresholds), ...rows]).toEqual([
    ' time  load per pod (idle < 5, busy > 10)  replicas       what happened',
    ' 12 s  █████│███  │                 7.5    3 ■■□         web-up: 2 → 3',
    '                                                         web-up: Duplicate',
  ])
})

it('the widest row fits a terminal of 80 columns', () => {
  const moment = { second: 5999, load: 30, count: { replicas: 10, ready: 9 }, events: ['web-down: CoolingDown'] }
  const lengths = rowsOf(moment, { busy: 10, idle: 5 }).map(row => row.length)
  expect(Math.max(...lengths)).toBeLessThanOrEqual(80)
})

it.each([
  [{ outcome: 'applied', reason: 'Stepped', from: 2, to: 3 }, 'web-up: 2 → 3'],
  [{ outcome: 'skipped', reason: 'CoolingDown', from: undefined, to: undefined }, 'web-up: CoolingDown'],
])('of %j it says %s', (delivered, text) => {
  expect(eventOf({ at: 0, hook: 'web-up', ...delivered })).toBe(text)
})

it.each([
  { what: 'a pod that is new is not ready yet', replicas: [2, 3], since: 5, count: { replicas: 3, ready: 2 } },
  { what: 'a pod is ready when its time is over', replicas: [2, 3], since: 10, count: { replicas: 3, ready: 3 } },
  { what: 'a pod that goes is gone at once', replicas: [3, 2], since: 5, count: { replicas: 2, ready: 2 } },
  { what: 'those of before the beginning are ready', replicas: [2], since: -5, count: { replicas: 2, ready: 2 } },
])('$what', ({ count, replicas, since }) => {
  const seen = replicas.map((replicas, index) => ({ at: index * 10, replicas }))
  expect(countIn(seen, since)).toEqual(count)
})
