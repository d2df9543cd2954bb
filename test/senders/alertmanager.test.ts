import { describe, expect, it } from 'vitest'
import { deliveryOf } from '../../src/senders/registry.ts'
import { fc, property } from '../support/property.ts'

type Reason =
  | 'first notification'
  | 'new alerts added'
  | 'some alerts resolved'
  | 'all alerts resolved'
  | 'repeat interval elapsed'

interface Alert {
  readonly status: 'firing' | 'resolved'
  readonly fingerprint?: string | undefined
  readonly labels?: object
  readonly startsAt?: string
  readonly endsAt?: string
}

const alert = (given: Alert) => ({
  labels: { alertname: 'HighLoad', namespace: 'shop' },
  annotations: {},
  startsAt: '2026-01-01T10:00:00Z',
  endsAt: '0001-01-01T00:00:00Z',
  generatorURL: 'http://prometheus/graph',
  fingerprint: 'c5e7b0f2a1d3',
  ...given,
})

/** Returns a body as Alertmanager 0.34 sends it; `why` is absent before 0.32. */
const body = (alerts: readonly Alert[], why?: Reason, extra: object = {}) => ({
  version: '4',
  groupKey: '{}:{alertname="HighLoad"}',
  truncatedAlerts: 0,
  status: alerts.some(({ status }) => status === 'firing') ? 'firing' : 'resolved',
  receiver: 'web\\-up',
  groupLabels: { alertname: 'HighLoad' },
  commonLabels: { alertname: 'HighLoad', namespace: 'shop' },
  commonAnnotations: {},
  externalURL: 'http://alertmanager:9093',
  ...(why === undefined ? {} : { notification_reason: why }),
  alerts: alerts.map(alert),
  ...extra,
})

const read = (json: unknown) => deliveryOf({ headers: {}, json })

const firing: Alert = { status: 'firing' }
const ended: Alert = { status: 'resolved', endsAt: '2026-01-01T10:05:00Z' }
const other: Alert = { status: 'firing', fingerprint: '0f1e2d3c4b5a', startsAt: '2026-01-01T10:06:00Z' }
const cut = { truncatedAlerts: 1 }

describe('an Alertmanager notification', () => {
  it.each([
    ['the first of a group', body([firing], 'first notification'), 'firing'],
    ['a new alert in the group', body([firing, other], 'new alerts added'), 'firing'],
    ['a new alert and one that ends', body([ended, other], 'new alerts added'), 'firing'],
    ['a repeat', body([firing], 'repeat interval elapsed'), 'firing'],
    ['the end of one alert of two', body([ended, other], 'some alerts resolved'), 'partly resolved'],
    ['the end of all', body([ended], 'all alerts resolved'), 'resolved'],
    ['the end of all, some of them cut off', body([ended], 'all alerts resolved', cut), 'resolved'],
    ['an end whose reason says otherwise', body([ended], 'new alerts added', cut), 'partly resolved'],
    ['before 0.32: firing', body([firing]), 'firing'],
    ['before 0.32: the end of all', body([ended]), 'resolved'],
    ['before 0.32: an end that hides alerts which were cut off', body([ended], undefined, cut), 'partly resolved'],
    ['before 0.32: firing and ended, which the record will distinguish', body([ended, other]), 'firing'],
  ])('%s', (_name, json, phase) => {
    expect(read(json)).toMatchObject({ sender: 'alertmanager', phase })
  })

  it.each(['', 'unknown', 'none', 'alerts regrouped'])('whose reason is "%s" is read like one without', why => {
    const withWhy = (alerts: readonly Alert[], extra: object = {}) =>
      read(body(alerts, undefined, { notification_reason: why, ...extra }))
    expect(withWhy([ended]).phase).toBe('resolved')
    expect(withWhy([ended], cut).phase).toBe('partly resolved')
    expect(withWhy([ended, other])).toMatchObject({ phase: 'firing', group: { mixed: true } })
    expect(withWhy([firing]).identity?.repeats).toBe(true)
  })

  it.each([
    ['no body', undefined],
    ['a payload template that replaced the body', { text: 'scale up' }],
    ['another version', { ...body([firing]), version: '1' }],
    ['a list', [body([firing])]],
    ['alerts that are no list', { ...body([]), alerts: {} }],
  ])('is not seen in %s', (_name, json) => {
    expect(read(json)).toEqual({ sender: 'plain', phase: 'none' })
  })

  property(
    'is read without throwing, with any content',
    [fc.jsonValue(), fc.jsonValue(), fc.jsonValue()],
    (alerts, status, value) => {
      const list = [alerts, { labels: value, fingerprint: status, status: 'firing', startsAt: value }, { status }]
      const extra = { alerts: list, status, truncatedAlerts: value, notification_reason: status, groupLabels: value }
      const { identity, phase } = read({ ...body([]), ...extra })
      expect(['firing', 'resolved', 'partly resolved']).toContain(phase)
      expect(Number.isInteger(identity?.newsAt ?? 0)).toBe(true)
    },
  )
})

describe('two Alertmanager notifications', () => {
  const first = body([firing, other], 'first notification')
  const ofShop = { status: 'firing', fingerprint: undefined, labels: { a: '1', b: '2' } } as const

  it.each([
    ["a peer's copy", body([firing, other], 'first notification', { externalURL: 'http://alertmanager-1:9093' })],
    [
      'after a reload with another groupKey',
      body([firing, other], 'first notification', { groupKey: '{}/{a="b"}:{}' }),
    ],
    ['with the alerts in another order', body([other, firing], 'first notification')],
    ['with another reason that is given once', body([firing, other], 'new alerts added')],
    ['with another text', body([firing, other], 'first notification', { commonAnnotations: { summary: 'Slow' } })],
  ])('are one at any time: %s', (_name, json) => {
    expect(read(json)).toEqual(read(first))
  })

  it('are one when the other of two Prometheus began the alerts earlier, which is no later event', () => {
    const earlier = { ...other, startsAt: '2026-01-01T10:05:53Z' }
    const copy = read(body([firing, earlier], 'first notification')).identity
    const original = read(first).identity
    expect(copy?.key).toBe(original?.key)
    expect(copy?.newsAt).toBeLessThan(original?.newsAt ?? 0)
  })

  it('of alerts without fingerprints are one when the labels are the same, in any order', () => {
    const swapped: Alert = { ...ofShop, labels: { b: '2', a: '1' } }
    expect(read(body([swapped]))).toEqual(read(body([ofShop])))
  })

  it('whose group labels stand in another order are one', () => {
    const json = (groupLabels: object) => body([firing], 'first notification', { groupLabels })
    expect(read(json({ a: '1', b: '2' }))).toEqual(read(json({ b: '2', a: '1' })))
  })

  it.each([
    ['another alert', body([firing, { ...other, fingerprint: 'aa' }], 'first notification')],
    ['another state of one alert', body([firing, { ...other, status: 'resolved' }], 'first notification')],
    ['an alert fewer', body([firing], 'first notification')],
    ['alerts that were cut off', body([firing, other], 'first notification', cut)],
    ['another receiver', body([firing, other], 'first notification', { receiver: 'web' })],
    ['another group', body([firing, other], 'first notification', { groupLabels: { alertname: 'LowLoad' } })],
  ])('are two: %s', (_name, json) => {
    expect(read(json).identity?.key).not.toBe(read(first).identity?.key)
  })

  it.each([
    ['another value', { a: '1', b: '3' }],
    ['another name', { a: '1', c: '2' }],
    ['a value that looks like two labels', { a: '1","b":"2' }],
  ])('of alerts without fingerprints are two: %s', (_name, labels) => {
    const changed: Alert = { ...ofShop, labels }
    expect(read(body([changed])).identity?.key).not.toBe(read(body([ofShop])).identity?.key)
  })

  it('are two when another alert has ended', () => {
    const key = (fingerprint: string) => read(body([firing, { ...ended, fingerprint }])).identity?.key
    expect(key('aa')).not.toBe(key('bb'))
  })

  it('are one within the window alone where one may be a repeat', () => {
    const { identity } = read(first)
    expect(identity).toEqual({ key: identity?.key, newsAt: Date.UTC(2026, 0, 1, 10, 6) })
    for (const why of ['repeat interval elapsed', undefined] as const) {
      expect(read(body([firing, other], why)).identity).toEqual({ ...identity, repeats: true })
    }
  })

  it.each([
    ['the end of all alerts', body([{ ...ended, endsAt: '2026-01-01T10:20:00Z' }, ended], 'all alerts resolved'), 20],
    ['the same without a reason', body([{ ...ended, endsAt: '2026-01-01T10:20:00Z' }]), 20],
    [
      'the end of some',
      body([{ ...ended, endsAt: '2026-01-01T10:20:00Z' }, firing], 'some alerts resolved'),
      undefined,
    ],
  ])('of %s says when they ended, if all have', (_name, json, minutes) => {
    expect(read(json).group?.endedAt).toBe(minutes && Date.UTC(2026, 0, 1, 10, minutes))
  })

  it('with a reason but no moment that can be read are one within the window alone', () => {
    expect(read(body([{ ...firing, startsAt: 'soon' }], 'first notification')).identity?.newsAt).toBeUndefined()
  })
})

describe('the order of labels and alerts', () => {
  const labels = fc.dictionary(fc.string(), fc.string(), { minKeys: 2 })
  property('does not matter', [fc.array(labels, { minLength: 2 }), labels], (lists, groupLabels) => {
    const turned = (given: object) => Object.fromEntries(Object.entries(given).toReversed())
    const alerts = lists.map((given): Alert => ({ status: 'firing', fingerprint: undefined, labels: given }))
    const backwards = alerts.map(given => ({ ...given, labels: turned(given.labels ?? {}) })).toReversed()
    expect(read(body(backwards, undefined, { groupLabels: turned(groupLabels) }))).toEqual(
      read(body(alerts, undefined, { groupLabels })),
    )
  })
})

describe('the group of an Alertmanager notification', () => {
  const groupOf = (json: unknown) => read(json).group

  it('is that of the receiver and the group labels, for any alerts, reason and groupKey', () => {
    const key = groupOf(body([firing], 'first notification'))?.key
    expect(groupOf(body([ended], 'all alerts resolved', { groupKey: '{}/{a="b"}:{}' }))?.key).toBe(key)
    expect(groupOf(body([firing], 'first notification', { receiver: 'web' }))?.key).not.toBe(key)
    expect(groupOf(body([firing], 'first notification', { groupLabels: {} }))?.key).not.toBe(key)
  })

  it('names what fires now, and not what has ended', () => {
    expect(groupOf(body([other, firing]))?.firing).toEqual(['0f1e2d3c4b5a', 'c5e7b0f2a1d3'])
    expect(groupOf(body([ended, other]))?.firing).toEqual(['0f1e2d3c4b5a'])
    expect(groupOf(body([ended]))?.firing).toEqual([])
  })

  it('is mixed where alerts fire, others have ended, and no reason is given', () => {
    expect(groupOf(body([ended, other]))?.mixed).toBe(true)
    expect(groupOf(body([ended, other], 'new alerts added'))?.mixed).toBe(false)
    expect(groupOf(body([firing, other]))?.mixed).toBe(false)
    expect(groupOf(body([ended]))?.mixed).toBe(false)
  })
})
