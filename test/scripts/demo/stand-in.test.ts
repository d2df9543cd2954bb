import { expect, it } from 'vitest'
import { notificationOf, stepOf, type Alert } from '../../../scripts/demo/stand-in.ts'
import { deliveryOf } from '../../../src/senders/registry.ts'

const intervals = { groupWait: '1s', groupInterval: '4s', repeatInterval: '3s' }

/** Returns what is reported of an alert that fires for as long as these say. It is checked every half second. */
const changesOf = (fires: (second: number) => boolean, seconds: number, repeatInterval = '3s'): readonly string[] => {
  let alert: Alert | undefined
  const changes: string[] = []
  for (let now = 0; now <= seconds * 1000; now += 500) {
    const step = stepOf(alert, fires(now / 1000), now, { ...intervals, repeatInterval })
    alert = step.alert
    if (step.why !== undefined) changes.push(`${now / 1000} s: ${step.why}`)
  }
  return changes
}

it('an alert is reported after group_wait, again with each group_interval, and when it is over', () => {
  expect(changesOf(second => second >= 2 && second < 10, 20)).toEqual([
    '3 s: first notification',
    '7 s: repeat interval elapsed',
    '11 s: all alerts resolved',
  ])
})

it('a repeat_interval that equals group_interval has a repeat at every second flush', () => {
  expect(changesOf(() => true, 18, '4s')).toEqual([
    '1 s: first notification',
    '9 s: repeat interval elapsed',
    '17 s: repeat interval elapsed',
  ])
})

it('an alert that is over before group_wait is not reported', () => {
  expect(changesOf(second => second < 1, 10)).toEqual([])
})

it.each([
  ['first notification', 'firing'],
  ['repeat interval elapsed', 'firing'],
  ['all alerts resolved', 'resolved'],
] as const)('what is posted is understood as of Alertmanager: %s is %s', (why, phase) => {
  const delivery = deliveryOf({ headers: {}, json: notificationOf('WebBusy', why, 0) })
  expect(delivery).toMatchObject({ sender: 'alertmanager', phase })
})
