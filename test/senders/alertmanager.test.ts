import { describe, expect, it } from 'vitest'
import { deliveryOf } from '../../src/senders/registry.ts'
import { fc, property } from '../support/property.ts'

interface Alert {
  readonly status: 'firing' | 'resolved'
  readonly startsAt?: string
  readonly endsAt?: string
}

const alert = ({ status, startsAt = '2026-01-01T10:00:00Z', endsAt = '0001-01-01T00:00:00Z' }: Alert) => ({
  status,
  labels: { alertname: 'HighLoad', namespace: 'shop' },
  annotations: {},
  startsAt,
  endsAt,
  generatorURL: 'http://prometheus/graph',
  fingerprint: 'c5e7b0f2a1d3',
})

/** A body as Alertmanager 0.34 sends it; `why` is absent before 0.32. */
const body = (status: 'firing' | 'resolved', alerts: readonly Alert[], why?: string, truncatedAlerts = 0) => ({
  version: '4',
  groupKey: '{}:{alertname="HighLoad"}',
  truncatedAlerts,
  status,
  receiver: 'web\\-up',
  groupLabels: { alertname: 'HighLoad' },
  commonLabels: { alertname: 'HighLoad', namespace: 'shop' },
  commonAnnotations: {},
  externalURL: 'http://alertmanager:9093',
  ...(why === undefined ? {} : { notification_reason: why }),
  alerts: alerts.map(alert),
})

const firing: Alert = { status: 'firing' }
const ended: Alert = { status: 'resolved', endsAt: '2026-01-01T10:05:00Z' }
const begunLater: Alert = { status: 'firing', startsAt: '2026-01-01T10:06:00Z' }

describe('an Alertmanager notification', () => {
  it.each([
    ['the first of a group', body('firing', [firing], 'first notification'), 'firing'],
    ['a new alert in the group', body('firing', [firing, begunLater], 'new alerts added'), 'firing'],
    ['a repeat', body('firing', [firing], 'repeat interval elapsed'), 'firing'],
    ['the end of one alert of two', body('firing', [firing, ended], 'some alerts resolved'), 'partly resolved'],
    ['the end of all', body('resolved', [ended], 'all alerts resolved'), 'resolved'],
    [
      'a truncated end whose reason says otherwise',
      body('resolved', [ended], 'new alerts added', 1),
      'partly resolved',
    ],
    ['before 0.32: firing', body('firing', [firing]), 'firing'],
    ['before 0.32: the end of all', body('resolved', [ended]), 'resolved'],
    ['before 0.32: an end that hides truncated alerts', body('resolved', [ended], undefined, 2), 'partly resolved'],
    ['before 0.32: an end is newer than any beginning', body('firing', [firing, ended]), 'partly resolved'],
    ['before 0.32: a beginning is newer than any end', body('firing', [begunLater, ended]), 'firing'],
  ])('%s', (_name, json, phase) => {
    expect(deliveryOf({ headers: {}, json })).toEqual({ sender: 'alertmanager', phase })
  })

  it.each([
    ['no body', undefined],
    ['a payload template that replaced the body', { text: 'scale up' }],
    ['another version', { ...body('firing', [firing]), version: '1' }],
    ['a list', [body('firing', [firing])]],
    ['alerts that are no list', { ...body('firing', []), alerts: {} }],
  ])('is not seen in %s', (_name, json) => {
    expect(deliveryOf({ headers: {}, json })).toEqual({ sender: 'plain', phase: 'none' })
  })

  property('is read without throwing, whatever stands in it', [fc.jsonValue(), fc.jsonValue()], (alerts, status) => {
    const json = {
      ...body('firing', []),
      alerts: [alerts],
      status,
      truncatedAlerts: alerts,
      notification_reason: status,
    }
    expect(['firing', 'resolved', 'partly resolved']).toContain(deliveryOf({ headers: {}, json }).phase)
  })
})
