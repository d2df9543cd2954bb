import { describe, expect, it } from 'vitest'
import type { AlertGroup } from '../../src/api/delivery.ts'
import { parseJson } from '../../src/api/json.ts'
import { cronJobType, jobType } from '../../src/drivers/run-job/jobs.ts'
import { collectionPath } from '../../src/kube/paths.ts'
import { create } from '../../src/kube/requests.ts'
import { deliveryOf } from '../../src/senders/registry.ts'
import { listAt } from '../deploy/manifests.ts'
import { knownBodies } from '../senders/bodies.ts'
import { notification } from '../support/alertmanager.ts'
import { cluster, postUntilDone, product, type Posted } from '../support/product.ts'

/** What alerts that end, begin again, flap, and are repeated come to. */

/** An alert, with the minutes past ten at which it began and ended. */
type Alert = readonly [name: string, began: number, ended?: number]

const first = 'first notification'
const more = 'new alerts added'
const some = 'some alerts resolved'
const all = 'all alerts resolved'
const repeat = 'repeat interval elapsed'

/** A report: Alertmanager's reason, and the alerts. */
type Report = readonly [why: string, ...alerts: readonly Alert[]]

const at = (minutes: number): string => new Date(Date.UTC(2026, 0, 1, 10, 0, minutes * 60)).toISOString()

const notified = ([why, ...alerts]: Report, hasReason = true): object => {
  const status = alerts.some(([, , ended]) => ended === undefined) ? 'firing' : 'resolved'
  const { notification_reason: _, ...body } = notification(status, why)
  return {
    ...body,
    ...(hasReason && { notification_reason: why }),
    alerts: alerts.map(([name, began, ended]) => ({
      status: ended === undefined ? 'firing' : 'resolved',
      labels: { alertname: 'HighLoad', pod: name },
      startsAt: at(began),
      endsAt: ended === undefined ? '0001-01-01T00:00:00Z' : at(ended),
      fingerprint: name,
    })),
  }
}

/** Returns alerts as Prometheus itself posts them. */
const posted = (alerts: readonly Alert[]): readonly object[] =>
  alerts.map(([name, began, ended]) => ({
    labels: { alertname: name },
    startsAt: at(began),
    endsAt: ended === undefined ? '2099-01-01T00:00:00Z' : at(ended),
  }))

const said = ({ body }: Posted): string => [body['reason'], body['from'], body['to']].filter(Boolean).join(' ')

/** Posts to a hook that adds two replicas, one after another, and resolves with the answers. */
const answersTo = async (spec: object, bodies: readonly object[]): Promise<readonly string[]> => {
  const here = await cluster()
  await here.createDeployment('web', 2)
  await product(here)
  await here.createHook('busy', { by: 2, max: 40 }, { onResolved: 'undo', dedupeWindow: '24h', ...spec })
  const url = await here.url('busy')
  const answers: string[] = []
  for (const body of bodies) answers.push(said(await postUntilDone(url, body)))
  return answers
}

const occurrences: readonly (readonly [Report, string])[] = [
  [[first, ['A', 0]], 'Stepped 2 4'],
  [[repeat, ['A', 0]], 'Duplicate'],
  [[all, ['A', 0, 5]], 'Undone 4 2'],
  // A copy that was on its way, by another Prometheus.
  [[first, ['A', 1]], 'Duplicate'],
  [[first, ['A', 7]], 'Stepped 2 4'],
  [[repeat, ['A', 7]], 'Duplicate'],
  // A copy of the first end.
  [[all, ['A', 1, 5]], 'Duplicate'],
  [[all, ['A', 7, 9]], 'Undone 4 2'],
  [[all, ['A', 7, 9]], 'Duplicate'],
]

it.each([
  ['with a reason', true],
  ['without one, as before Alertmanager 0.32', false],
])(
  'with a long window, an alert steps once from its beginning to its end, and again later: %s',
  async (_, hasReason) => {
    const answers = await answersTo(
      { for: '20m' },
      occurrences.map(([report]) => notified(report, hasReason)),
    )
    expect(answers).toEqual(occurrences.map(([, answer]) => answer))
  },
)

it.each<[string, object, readonly (readonly [Report, string])[]]>([
  [
    'the end of earlier alerts, which arrives late, takes nothing back',
    {},
    [
      [[first, ['A', 7]], 'Stepped 2 4'],
      [[all, ['A', 0, 5]], 'NothingToUndo'],
      [[repeat, ['A', 7]], 'Duplicate'],
      [[all, ['A', 7, 9]], 'Undone 4 2'],
    ],
  ],
  [
    'such an end lets no repeat step',
    { onResolved: 'ignore' },
    [
      [[first, ['A', 7]], 'Stepped 2 4'],
      [[all, ['A', 0, 5]], 'Resolved'],
      [[repeat, ['A', 7]], 'Duplicate'],
      [[all, ['A', 7, 9]], 'Resolved'],
    ],
  ],
  [
    'the beginning of alerts that arrives after their end makes no step, and neither does its repeat',
    { dedupeWindow: '0s' },
    [
      [[all, ['A', 0, 5], ['B', 1, 6]], 'NothingToUndo'],
      [[first, ['A', 0]], 'Resolved'],
      [[more, ['A', 0], ['B', 1]], 'Resolved'],
      [[repeat, ['A', 0], ['B', 1]], 'Resolved'],
      [[all, ['A', 0, 5], ['B', 1, 6]], 'Duplicate'],
      // A began again between the two ends.
      [[first, ['A', 5.5]], 'Stepped 2 4'],
      [[first, ['A', 0]], 'Duplicate'],
      [[all, ['A', 5.5, 9]], 'Undone 4 2'],
      [[first, ['A', 5.5]], 'Duplicate'],
    ],
  ],
  [
    // As where a silence hid it.
    'another alert of the group is a step, although it began before the end',
    {},
    [
      [[all, ['A', 0, 5]], 'NothingToUndo'],
      [[first, ['B', 4]], 'Stepped 2 4'],
      [[all, ['B', 4, 9]], 'Undone 4 2'],
    ],
  ],
  [
    'one of two alerts that ends and begins again is a step',
    {},
    [
      [[first, ['A', 0], ['B', 0]], 'Stepped 2 4'],
      [[some, ['A', 0], ['B', 0, 5]], 'PartlyResolved'],
      [[more, ['A', 0], ['B', 7]], 'Stepped 4 6'],
      [[repeat, ['A', 0], ['B', 7]], 'Duplicate'],
      [[all, ['A', 0, 9], ['B', 7, 9]], 'Undone 6 2'],
    ],
  ],
  [
    'the repeat of those that are left is none',
    {},
    [
      [[first, ['A', 0], ['B', 0]], 'Stepped 2 4'],
      [[some, ['A', 0], ['B', 0, 5]], 'PartlyResolved'],
      [[repeat, ['A', 0]], 'Duplicate'],
      [[all, ['A', 0, 9]], 'Undone 4 2'],
    ],
  ],
  [
    'a new alert is a step while another ends, as some did before',
    {},
    [
      [[first, ['A', 0], ['B', 0]], 'Stepped 2 4'],
      [[some, ['A', 0], ['B', 0, 5]], 'PartlyResolved'],
      [[all, ['A', 0, 10]], 'Undone 4 2'],
      [[first, ['B', 12]], 'Stepped 2 4'],
      [[more, ['A', 16], ['B', 12, 15]], 'Stepped 4 6'],
    ],
  ],
  [
    // Alertmanager merges to the earliest beginning.
    'an end counts although its alert seems to have begun before an earlier end',
    {},
    [
      [[first, ['A', 0]], 'Stepped 2 4'],
      [[all, ['A', 0, 5]], 'Undone 4 2'],
      [[first, ['A', 0], ['B', 6]], 'Stepped 2 4'],
      [[some, ['A', 0], ['B', 6, 8]], 'PartlyResolved'],
      [[all, ['A', 0, 9]], 'Undone 4 2'],
    ],
  ],
])('%s', async (_, spec, reports) => {
  const answers = await answersTo(
    spec,
    reports.map(([report]) => notified(report)),
  )
  expect(answers).toEqual(reports.map(([, answer]) => answer))
})

it.each<[string, object, readonly (readonly [Alert, string])[]]>([
  ...['24h', '40s'].map(
    dedupeWindow =>
      [
        `an alert of another rule ends between two beginnings, window ${dedupeWindow}`,
        { dedupeWindow, onResolved: 'ignore' },
        [
          [['A', 5], 'Stepped 2 4'],
          [['B', 0, 4], 'Resolved'],
          [['A', 5.1], 'Duplicate'],
        ],
      ] satisfies [string, object, readonly (readonly [Alert, string])[]],
  ),
  [
    'one end has two times, and the second comes after the next beginning',
    {},
    [
      [['A', 0], 'Stepped 2 4'],
      [['A', 0, 5], 'Undone 4 2'],
      [['A', 0.1, 5.1], 'Duplicate'],
      [['A', 6], 'Stepped 2 4'],
      [['A', 0.1, 5.1], 'Duplicate'],
      [['A', 6, 9], 'Undone 4 2'],
    ],
  ],
  [
    'an end that runs the hook runs it once',
    { onResolved: 'run' },
    [
      [['A', 0], 'Stepped 2 4'],
      [['A', 0, 5], 'Stepped 4 6'],
      [['A', 0.1, 5.1], 'Duplicate'],
      [['A', 6], 'Stepped 6 8'],
      [['A', 6.1], 'Duplicate'],
      [['A', 6, 9], 'Stepped 8 10'],
      [['A', 6, 9.1], 'Duplicate'],
    ],
  ],
])('by two Prometheus servers: %s', async (_, spec, alerts) => {
  const answers = await answersTo(
    spec,
    alerts.map(([alert]) => posted([alert])),
  )
  expect(answers).toEqual(alerts.map(([, answer]) => answer))
})

describe('of each sender that says when', () => {
  const ends: readonly (readonly [sender: string, end: string, beginning: string])[] = [
    ['alertmanager', 'all-alerts-resolved', 'first-notification'],
    ['azure-monitor', 'resolved', 'fired'],
    ['datadog', 'recovered', 'triggered'],
    ['grafana', 'resolved', 'firing'],
    ['new-relic', 'closed', 'activated'],
    ['pagerduty', 'resolved', 'triggered'],
    ['prometheus', 'resolved', 'firing'],
    ['sns', 'ok', 'alarm'],
    ['uptime-kuma', 'up', 'down'],
  ]
  const groupOf = (sender: string, name: string): AlertGroup => {
    const group = knownBodies.find(known => known.sender === sender && known.name === name)
    return deliveryOf(group?.message ?? { headers: {}, json: undefined }).group ?? { key: '', firing: [], mixed: false }
  }

  it.each(ends)(
    '%s: the end says which alerts are over, and the beginning when they began',
    (sender, end, beginning) => {
      const [{ over }, { beganAt, firing }] = [groupOf(sender, end), groupOf(sender, beginning)]
      expect(over?.alerts).toEqual(expect.arrayContaining([...firing]))
      expect(beganAt).toBeLessThan(over?.firstAt ?? 0)
    },
  )
})

it('an alert that is dated a day ahead silences no later one, and hides no end', async () => {
  const here = await cluster()
  await here.createDeployment('web', 2)
  await product(here)
  await here.createHook('busy', { by: 2, max: 40 }, { onResolved: 'undo', dedupeWindow: '0s' })
  const url = await here.url('busy')
  const alert = async (began: number, more: object = {}): Promise<string> =>
    said(await postUntilDone(url, [{ labels: { alertname: 'A' }, startsAt: new Date(began).toISOString(), ...more }]))
  expect(await alert(Date.now() + 86_400_000)).toBe('Stepped 2 4')
  const began = Date.now()
  expect(await alert(began)).toBe('Stepped 4 6')
  expect(await alert(began, { endsAt: new Date().toISOString() })).toBe('Undone 6 2')
})

it('a Job is made once for each occurrence, regardless of repeats and copies', async () => {
  const here = await cluster()
  const { api, namespace } = here
  await product(here)
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'report' }] } }
  await create(api, cronJobType, namespace, {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'report' },
    spec: { schedule: '@yearly', suspend: true, jobTemplate: { spec: { template } } },
  })
  await here.createHook('again', {}, { driver: 'runJob', scale: undefined, runJob: { cronJob: 'report' } })
  const url = await here.url('again')
  const answers: string[] = []
  for (const alert of [
    ['A', 0],
    ['A', 0],
    ['A', 0, 5],
    ['A', 7],
    ['A', 7],
    ['A', 7],
  ] as const) {
    answers.push(said(await postUntilDone(url, notified([first, alert], false))))
  }
  expect(answers).toEqual(['JobCreated', 'Duplicate', 'Resolved', 'JobCreated', 'Duplicate', 'Duplicate'])
  const path = collectionPath(jobType, namespace)
  const { body } = await api.request({ method: 'GET', path, lane: 'bulk', timeoutMs: 5000 })
  expect(listAt(parseJson(body), 'items')).toHaveLength(2)
})
