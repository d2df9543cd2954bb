import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { exampleRules } from '../../../scripts/demo/examples.ts'
import { startPrometheus } from '../../../scripts/demo/prometheus.ts'
import { startControlPlane, type ControlPlane } from '../control-plane/control-plane.ts'
import { startWorkloads } from '../control-plane/workloads.ts'
import { milliseconds } from '../../../src/api/duration.ts'
import { openGate, type Gate, type Notification } from './gate.ts'
import { peers, startPair, type Pair } from './pair.ts'
import { openShop, type Shop } from './shop.ts'

let controlPlane: ControlPlane

beforeAll(async () => {
  controlPlane = await startControlPlane()
  await startWorkloads(controlPlane)
}, 90_000)
afterAll(() => controlPlane.stop())

/** A repeat comes every three seconds: outside of the window, in which the copy of a peer comes after one. */
const intervals = { groupWait: '500ms', groupInterval: '3s', repeatInterval: '2s' }
const dedupeWindow = '2s'

interface Trial extends Shop, Gate, Pair {
  readonly folder: string
}

const setUp = async (name: string, total = 8): Promise<Trial> => {
  const folder = join(controlPlane.folder, name)
  await mkdir(folder)
  const shop = await openShop(controlPlane, { replicas: 1, total, dedupeWindow })
  const gate = await openGate(shop)
  const pair = await startPair(folder, gate, intervals)
  return { folder, ...shop, ...gate, ...pair }
}

const told = ({ from, reason, why }: Notification): string => `${from}: ${why}: ${reason ?? 'no answer'}`

/** Until so many notifications have been answered by the trigger. */
const answered = ({ notifications, until }: Trial, count: number) =>
  until(
    async () => notifications.filter(({ reason }) => reason !== undefined).map(told),
    seen => seen.length >= count,
    20_000,
  )

it('where both send a notification, one is executed, and a repeat is the next step', async () => {
  const here = await setUp('copies')
  const { notifications, peer, rule, tell, watched } = here
  let release = (): void => undefined
  const held = new Promise<void>(resolve => void (release = resolve))
  // The one who waits hears nothing of a success in time.
  rule(({ from, why }) => ({
    answer: 'passed on',
    ...(from === 'a' && why === 'first notification' && { when: held }),
  }))
  await tell('WebBusy', { startsAt: new Date() })
  expect(await answered(here, 2)).toEqual(['a: first notification: Stepped', 'b: first notification: Duplicate'])
  const [first, copy] = notifications.map(({ body }) => ({ ...body, externalURL: '' }))
  expect(copy).toEqual(first)
  release()
  expect((await answered(here, 3)).at(-1)).toBe('a: repeat interval elapsed: Stepped')
  expect(watched.counts()).toEqual([1, 2, 3])
  for (const name of peers) expect(await peer(name).webhooks('notifications_failed_total')).toBe(0)
}, 60_000)

it('a notification whose answer was lost is no second step, neither at once nor at the next flush', async () => {
  const here = await setUp('answers')
  const { notifications, peer, rule, tell, watched } = here
  // Cut off, it is tried again at once; at a 4xx, with the next flush.
  rule(({ at }) => {
    const sinceMs = at - (notifications[0]?.at ?? at)
    if (sinceMs === 0) return { answer: 'lost', instead: 'nothing' }
    return sinceMs < 2400 ? { answer: 'lost', instead: 400 } : { answer: 'passed on' }
  })
  await tell('WebBusy', { startsAt: new Date() })
  expect(await answered(here, 5)).toEqual([
    'a: first notification: Stepped',
    'a: first notification: Duplicate',
    'b: first notification: Duplicate',
    'a: first notification: Duplicate',
    'a: repeat interval elapsed: Stepped',
  ])
  const [first, , , late] = notifications
  expect(Number(late?.at) - Number(first?.at)).toBeGreaterThan(milliseconds(dedupeWindow) ?? NaN)
  expect(watched.counts()).toEqual([1, 2, 3])
  for (const name of peers) expect(await peer(name).webhooks('notifications_failed_total')).toBe(1)
}, 60_000)

it('with two Prometheus each news is a step, also when an Alertmanager is killed while it delivers', async () => {
  const here = await setUp('killed')
  const { folder, load, notifications, peer, ports, rule, start, until, watched } = here
  const prometheus = (name: string) =>
    startPrometheus({
      ...{ name, folder, load: load.port, alertmanagers: peers.map(peer => ports[peer]), rules: exampleRules() },
      ...{ scrapeInterval: '250ms', evaluationInterval: '500ms' },
    })
  const both = await Promise.all([prometheus('one'), prometheus('two')])
  onTestFinished(async () => void (await Promise.all(both.map(one => one.end('SIGKILL')))))
  const since = (count: number) => notifications.slice(count).map(told)
  /** Until neither sees an alert. Who saw one fire throughout would go on to tell when that began. */
  const calm = () =>
    until(
      async () => Math.max(...(await Promise.all(both.map(({ firing }) => firing())))),
      count => count === 0,
    )
  const sees = (count: number, what: string) =>
    until(
      async () => since(count),
      seen => seen.some(text => text.endsWith(what)),
      20_000,
    )

  load.becomes(18)
  expect(await sees(0, 'Resolved')).toEqual(['a: first notification: Stepped', 'a: all alerts resolved: Resolved'])

  await calm()
  // Killed when its notification is a step already. Three are not enough, so that it fires on.
  const then = notifications.length
  rule(({ from }) => ({ answer: 'passed on', ...(from === 'a' && { when: new Promise(() => undefined) }) }))
  load.becomes(38)
  await sees(then, 'Stepped')
  await peer('a').end('SIGKILL')
  expect(await sees(then, 'Duplicate')).toEqual(['a: first notification: Stepped', 'b: first notification: Duplicate'])
  rule(() => ({ answer: 'passed on' }))
  await start('a')
  const all = await sees(then, 'Resolved')
  expect(all.filter(text => text.endsWith('Stepped'))).toEqual([
    'a: first notification: Stepped',
    expect.stringMatching(/^[ab]: repeat interval elapsed: Stepped$/),
  ])
  expect(watched.counts()).toEqual([1, 2, 3, 4])

  await calm()
  // Killed before its notification has reached anybody.
  const last = notifications.length
  rule(({ from }) => ({ answer: from === 'a' ? 'none' : 'passed on' }))
  load.becomes(48)
  await sees(last, 'no answer')
  await peer('a').end('SIGKILL')
  expect((await sees(last, 'Resolved')).slice(0, 2)).toEqual([
    'a: first notification: no answer',
    'b: first notification: Stepped',
  ])
  expect(watched.counts()).toEqual([1, 2, 3, 4, 5])
}, 90_000)
