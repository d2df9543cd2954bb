import { expect, it } from 'vitest'
import { maxAheadMs } from '../../src/api/believed.ts'
import { deliveryOf } from '../../src/senders/registry.ts'
import { notification } from '../support/alertmanager.ts'

const receivedAt = Date.UTC(2026, 0, 1, 10)

const read = (json: unknown, at = receivedAt) => deliveryOf({ headers: {}, json, receivedAt: at })

const text = (ms: number): string => new Date(ms).toISOString()

const fromPrometheus = (startsAt: number): unknown => [{ labels: { alertname: 'A' }, startsAt: text(startsAt) }]

const fromAlertmanager = (startsAt: number): unknown => {
  const message = notification('firing', 'first notification')
  return { ...message, alerts: message.alerts.map(alert => ({ ...alert, startsAt: text(startsAt) })) }
}

it.each([
  ['Prometheus', fromPrometheus],
  ['Alertmanager', fromAlertmanager],
])('an alert of %s far in the future began when it was received, and is still the same alert', (_, from) => {
  const [now, ahead] = [read(from(receivedAt)), read(from(receivedAt + maxAheadMs + 1))]
  expect(ahead).toEqual(now)
  expect(ahead.identity?.newsAt).toBe(receivedAt)
  expect(ahead.group?.beganAt).toBe(receivedAt)
})

it.each([
  ['Prometheus', fromPrometheus],
  ['Alertmanager', fromAlertmanager],
])('an alert of %s by a clock that is somewhat ahead keeps its time, whenever it is received', (_, from) => {
  const json = from(receivedAt + maxAheadMs)
  const [first, second] = [read(json), read(json, receivedAt + 60_000)]
  expect(first).toEqual(second)
  expect(first.identity?.newsAt).toBe(receivedAt + maxAheadMs)
})

it('an end far in the future was when it was received', () => {
  const message = notification('resolved', 'all alerts resolved')
  const alerts = message.alerts.map(alert => ({ ...alert, endsAt: '9999-01-01T00:00:00Z' }))
  expect(read({ ...message, alerts }).group?.endedAt).toBe(receivedAt)
})
