import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { exampleRules } from '../../../scripts/demo/examples.ts'
import { startPrometheus } from '../../../scripts/demo/prometheus.ts'
import { startControlPlane, type ControlPlane } from '../control-plane/control-plane.ts'
import { startWorkloads } from '../control-plane/workloads.ts'
import { milliseconds } from '../../../src/api/duration.ts'
import { openGate, type Gate, type Notification, type Passage } from './gate.ts'
import { peers, startPair, type Pair } from './pair.ts'
import { openShop, type Shop } from './shop.ts'

let controlPlane: ControlPlane

beforeAll(async () => {
  controlPlane = await startControlPlane()
  await startWorkloads(controlPlane)
})
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

const textOf = ({ from, reason, why }: Notification): string => `${from}: ${why}: ${reason ?? 'no answer'}`

/** Waits until so many notifications have been executed. Resolves with what the trigger has answered so far. */
const stepped = ({ notifications, until }: Trial, count: number) =>
  until(
    async () => notifications.filter(({ reason }) => reason !== undefined).map(textOf),
    seen => seen.filter(isStep).length >= count,
  )

const isStep = (text: string): boolean => text.endsWith(': Stepped')

/** A repeat, from the one of the two that is first. */
const repeated: unknown = expect.stringMatching(/^[ab]: repeat interval elapsed: Stepped$/)

it('where both send a notification, one is executed, and a repeat is the next step', async () => {
  const here = await setUp('copies')
  const { notifications, peer, rule, notify, until, watched } = here
  let release = (): void => undefined
  const held = new Promise<void>(resolve => void (release = resolve))
  // The one who waits hears nothing of a success in time.
  rule(({ from, why }) => ({
    answer: 'passed on',
    ...(from === 'a' && why === 'first notification' && { when: () => held }),
  }))
  await notify('WebBusy', { startsAt: new Date() })
  await until(
    async () => notifications.map(textOf),
    seen => seen.includes('b: first notification: Duplicate'),
  )
  const [first, copy] = notifications.map(({ body }) => ({ ...body, externalURL: '' }))
  expect(copy).toEqual(first)
  release()
  const all = await stepped(here, 2)
  expect(all.slice(0, 2)).toEqual(['a: first notification: Stepped', 'b: first notification: Duplicate'])
  expect(all.filter(isStep)).toEqual(['a: first notification: Stepped', repeated])
  expect(await watched.counts()).toEqual([1, 2, 3])
  for (const name of peers) expect(await peer(name).webhooks('notifications_failed_total')).toBe(0)
})

it('a notification whose answer was lost is no second step, neither at once nor at the next flush', async () => {
  const here = await setUp('answers')
  const { notifications, peer, rule, notify, watched } = here
  // Cut off, it is tried again at once; at a 4xx, with the next flush. That comes through, once both were refused.
  const refused = new Set<string>()
  rule(({ from }) => {
    if (notifications.length === 1) return { answer: 'lost', instead: 'nothing' }
    if (refused.has(from)) return { answer: 'passed on' }
    refused.add(from)
    return { answer: 'lost', instead: 400 }
  })
  await notify('WebBusy', { startsAt: new Date() })
  const all = await stepped(here, 2)
  expect(all.filter(isStep)).toEqual(['a: first notification: Stepped', repeated])
  // Tried again by the one, sent by the other who has heard of no success, and sent with the next flush.
  const copies = all.slice(1, all.findLastIndex(isStep))
  expect(copies.filter(text => text === 'a: first notification: Duplicate').length).toBeGreaterThan(0)
  expect(copies.filter(text => text === 'b: first notification: Duplicate').length).toBeGreaterThan(0)
  expect(copies.length).toBeGreaterThan(2)
  expect(copies.filter(text => !text.endsWith(': first notification: Duplicate'))).toEqual([])
  const [first, ...later] = notifications.filter(({ why }) => why === 'first notification')
  expect(Number(later.at(-1)?.at) - Number(first?.at)).toBeGreaterThan(milliseconds(dedupeWindow) ?? NaN)
  expect(await watched.counts()).toEqual([1, 2, 3])
  for (const name of peers) expect(await peer(name).webhooks('notifications_failed_total')).toBe(1)
})

describe('with two Prometheus, each change is a step', () => {
  /** Sets up two that watch the load of one pod, which is neither busy nor idle. */
  const setUpBoth = async (name: string) => {
    const here = await setUp(name)
    const { folder, isEnough, load, notifications, ports, until } = here
    const prometheus = (name: string) =>
      startPrometheus({
        ...{ name, folder, load: load.port, alertmanagers: peers.map(peer => ports[peer]), rules: exampleRules() },
        // A scrape may take as long: where one fails, there is no load, and an alert is over that is not.
        ...{ scrapeInterval: '1s', evaluationInterval: '500ms' },
      })
    const both = await Promise.all([prometheus('one'), prometheus('two')])
    onTestFinished(async () => void (await Promise.all(both.map(one => one.end('SIGKILL')))))
    /** Waits until the last needed step shows. It has to before the next repeat, which comes so much later than an answer. */
    const shown = async (): Promise<void> => {
      if (!(await isEnough())) return
      await until(
        async () => Math.max(...(await Promise.all(both.map(({ firing }) => firing())))),
        count => count === 0,
      )
    }
    return {
      ...here,
      passedOn: ({ status }: Notification): Passage => ({
        answer: 'passed on',
        ...(status === 'firing' && { when: shown }),
      }),
      /** Until a notification has fared so. Resolves with how all have. */
      sees: (what: string) =>
        until(
          async () => notifications.map(textOf),
          seen => seen.some(text => text.endsWith(what)),
          60_000,
        ),
    }
  }

  it('while all live', async () => {
    const { load, passedOn, rule, sees, watched } = await setUpBoth('alive')
    rule(passedOn)
    load.becomes(18)
    expect((await sees('Resolved')).filter(isStep)).toEqual(['a: first notification: Stepped'])
    expect(await watched.counts()).toEqual([1, 2])
  })

  it('also when an Alertmanager is killed whose notification is a step already, and is started again', async () => {
    const { load, passedOn, peer, rule, sees, start, watched } = await setUpBoth('killed-late')
    const never = new Promise(() => undefined)
    rule(notification =>
      notification.from === 'a' ? { answer: 'passed on', when: () => never } : passedOn(notification),
    )
    // Two are not enough, so that it fires on.
    load.becomes(28)
    await sees('Stepped')
    await peer('a').end('SIGKILL')
    expect((await sees('Duplicate')).slice(0, 2)).toEqual([
      'a: first notification: Stepped',
      'b: first notification: Duplicate',
    ])
    rule(passedOn)
    await start('a')
    expect((await sees('Resolved')).filter(isStep)).toEqual(['a: first notification: Stepped', repeated])
    expect(await watched.counts()).toEqual([1, 2, 3])
  })

  it('also when an Alertmanager is killed whose notification has reached nobody', async () => {
    const { load, passedOn, peer, rule, sees, watched } = await setUpBoth('killed-early')
    rule(notification => (notification.from === 'a' ? { answer: 'none' } : passedOn(notification)))
    load.becomes(18)
    await sees('no answer')
    await peer('a').end('SIGKILL')
    const all = await sees('Resolved')
    expect(all.slice(0, 2)).toEqual(['a: first notification: no answer', 'b: first notification: Stepped'])
    expect(all.filter(isStep)).toHaveLength(1)
    expect(await watched.counts()).toEqual([1, 2])
  })
})
