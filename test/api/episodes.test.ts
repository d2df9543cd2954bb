import { expect, it } from 'vitest'
import { notification } from '../support/alertmanager.ts'
import { cluster, postUntilDone, product, type Posted } from '../support/product.ts'

type Status = 'firing' | 'resolved'
type Why = 'first notification' | 'repeat interval elapsed' | 'all alerts resolved' | undefined

/** Returns a report of an alert that began and ended at these minutes past ten. */
const report = (status: Status, why: Why, began: number, ended = 0) => {
  const at = (minutes: number): string => new Date(Date.UTC(2026, 0, 1, 10, minutes)).toISOString()
  const { notification_reason: _, ...body } = notification(status, why ?? 'first notification')
  const times = { startsAt: at(began), ...(status === 'resolved' && { endsAt: at(ended) }) }
  return {
    ...body,
    ...(why !== undefined && { notification_reason: why }),
    alerts: body.alerts.map(alert => ({ ...alert, ...times })),
  }
}

const said = ({ body }: Posted): string => [body['reason'], body['from'], body['to']].filter(Boolean).join(' ')

it.each([
  ['with a reason', true],
  ['without one, as before Alertmanager 0.32', false],
])(
  'with a long window, an alert steps once from its beginning to its end, and again later: %s',
  async (_, hasReason) => {
    const here = await cluster()
    await here.createDeployment('web', 2)
    await product(here)
    await here.createHook('busy', { by: 2, max: 20 }, { onResolved: 'undo', for: '20m', dedupeWindow: '24h' })
    const url = await here.url('busy')
    const post = async (status: Status, why: Why, ...times: [number, number?]): Promise<string> =>
      said(await postUntilDone(url, report(status, hasReason ? why : undefined, ...times)))
    expect([
      await post('firing', 'first notification', 0),
      await post('firing', 'repeat interval elapsed', 0),
      await post('resolved', 'all alerts resolved', 0, 5),
      // A copy that was on its way, by another Prometheus.
      await post('firing', 'first notification', 1),
      await post('firing', 'first notification', 7),
      await post('firing', 'repeat interval elapsed', 7),
      // A copy of the first end.
      await post('resolved', 'all alerts resolved', 1, 5),
      await post('resolved', 'all alerts resolved', 7, 9),
      await post('resolved', 'all alerts resolved', 7, 9),
    ]).toEqual([
      ...['Stepped 2 4', 'Duplicate', 'Undone 4 2', 'Duplicate'],
      ...['Stepped 2 4', 'Duplicate', 'Duplicate', 'Undone 4 2', 'Duplicate'],
    ])
  },
)

it.each(['undo', 'ignore'])(
  'the end of earlier alerts, which arrives late, ends nothing: onResolved %s',
  async onResolved => {
    const here = await cluster()
    await here.createDeployment('web', 2)
    await product(here)
    await here.createHook('busy', { by: 2, max: 20 }, { onResolved, dedupeWindow: '24h' })
    const url = await here.url('busy')
    const post = async (status: Status, why: Why, ...times: [number, number?]): Promise<string> =>
      said(await postUntilDone(url, report(status, why, ...times)))
    expect([
      await post('firing', 'first notification', 7),
      await post('resolved', 'all alerts resolved', 0, 5),
      await post('firing', 'repeat interval elapsed', 7),
      await post('resolved', 'all alerts resolved', 7, 9),
    ]).toEqual([
      'Stepped 2 4',
      onResolved === 'undo' ? 'NothingToUndo' : 'Resolved',
      'Duplicate',
      onResolved === 'undo' ? 'Undone 4 2' : 'Resolved',
    ])
  },
)
