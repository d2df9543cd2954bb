import { readdirSync, readFileSync } from 'node:fs'
import { constants, getPriority, platform } from 'node:os'
import { describe, expect, it } from 'vitest'
import { maxPostBodyBytes, readerIdleMs, readWithinMs, waitForReaderMs } from '../../../src/trigger/limits.ts'
import { LargeBodies } from '../../../src/trigger/reading/large.ts'
import { readMessage, type Arrived } from '../../../src/trigger/reading/message.ts'
import type { ReaderEvents, StartReader } from '../../../src/trigger/reading/reader.ts'
import { startReader } from '../../../src/trigger/reading/start.ts'
import { fakeClock } from '../../support/clock.ts'

const alert = (number: number) => ({
  status: 'firing',
  labels: Object.fromEntries(Array.from({ length: 20 }, (_, label) => [`label${label}`, `${number}`])),
  startsAt: '2026-01-01T00:00:00Z',
})
const notification = {
  version: '4',
  groupKey: '{}',
  status: 'firing',
  receiver: 'web-up',
  groupLabels: {},
  alerts: Array.from({ length: 2000 }, (_, number) => alert(number)),
}
const arrived: Arrived = { headers: {}, body: Buffer.from(JSON.stringify(notification)), receivedAt: 0 }

/** Returns threads that a test controls. */
const threads = () => {
  const started: { readonly events: ReaderEvents; readonly sent: Arrived[]; ended: boolean }[] = []
  const start: StartReader = events => {
    const thread = { events, sent: [] as Arrived[], ended: false }
    started.push(thread)
    return { send: body => void thread.sent.push(body), end: () => void (thread.ended = true) }
  }
  return { start, started }
}

/** Returns real threads, for which no time is too long: on a busy machine one takes a second to start. `end` ends them. */
const inThreads = () => {
  const clock = fakeClock()
  return { large: new LargeBodies(clock, startReader), end: () => clock.advance(readerIdleMs) }
}

describe('large bodies', () => {
  it('are read in a thread as they are without one', async () => {
    const { end, large } = inThreads()
    const inThread = await large.read('shop', arrived)
    expect(inThread).toEqual({ ...Object(readMessage(arrived, maxPostBodyBytes)), body: new Uint8Array(arrived.body) })
    expect(await new LargeBodies(fakeClock(), undefined).read('shop', arrived)).toEqual(
      readMessage(arrived, maxPostBodyBytes),
    )
    await end()
  })

  it.runIf(platform() === 'linux')('make way for all else that the process does', async () => {
    /** Returns how nice each thread of this process is: proc(5), the 19th field of its stat. */
    const threads = () =>
      new Map(
        readdirSync('/proc/self/task').map(id => {
          const stat = readFileSync(`/proc/self/task/${id}/stat`, 'utf8')
          return [id, Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])] as const
        }),
      )
    const [before, own] = [threads(), getPriority()]
    const { end, large } = inThreads()
    await large.read('shop', arrived)
    const after = [...threads()]
    await end()
    const nicer = Math.min(own + constants.priority.PRIORITY_BELOW_NORMAL, constants.priority.PRIORITY_LOW)
    expect(after.filter(([id]) => !before.has(id)).map(([, nice]) => nice)).toContain(nicer)
    expect(after.filter(([id, nice]) => before.has(id) && before.get(id) !== nice)).toEqual([])
    expect(getPriority()).toBe(own)
  })

  it('are read one after another, by one thread', async () => {
    const { start, started } = threads()
    const large = new LargeBodies(fakeClock(), start)
    const reading = [large.read('shop', arrived), large.read('shop', { ...arrived, receivedAt: 1 })]
    const [thread] = started
    expect(thread?.sent).toEqual([arrived])
    thread?.events.read('unreadable')
    expect(thread?.sent).toHaveLength(2)
    thread?.events.read('too deep')
    expect(await Promise.all(reading)).toEqual(['unreadable', 'too deep'])
    expect(started).toHaveLength(1)
  })

  it('end a thread that takes too long, or was lost, and the next gets another', async () => {
    const { start, started } = threads()
    const clock = fakeClock()
    const large = new LargeBodies(clock, start)
    const reading = [large.read('shop', arrived), large.read('shop', arrived), large.read('shop', arrived)]
    await clock.advance(readWithinMs)
    started[1]?.events.ended()
    started[2]?.events.read('unreadable')
    expect(await Promise.all(reading)).toEqual([undefined, undefined, 'unreadable'])
    expect(started.map(({ ended }) => ended)).toEqual([true, true, false])
    await clock.advance(readerIdleMs)
    expect(started[2]?.ended).toBe(true)
    expect(clock.pending).toBe(0)
  })

  it('are not read while the system has no thread left, and are as soon as it has one', async () => {
    const { start, started } = threads()
    const system = { hasThreads: false }
    const clock = fakeClock()
    const said: unknown[] = []
    const startIfAny: StartReader = events => {
      if (!system.hasThreads) throw new Error('ERR_WORKER_INIT_FAILED: EAGAIN')
      return start(events)
    }
    const large = new LargeBodies(clock, startIfAny, error => said.push(error))
    expect(await large.read('shop', arrived)).toBeUndefined()
    expect(said).toHaveLength(1)
    system.hasThreads = true
    const reading = large.read('shop', arrived)
    started[0]?.events.read('unreadable')
    expect(await reading).toBe('unreadable')
    await clock.advance(readerIdleMs)
    expect(clock.pending).toBe(0)
  })

  it('of each namespace are read in turn, however many another has', () => {
    const { start, started } = threads()
    const large = new LargeBodies(fakeClock(), start)
    for (let receivedAt = 1; receivedAt <= 5; receivedAt++) void large.read('fleet', { ...arrived, receivedAt })
    void large.read('shop', { ...arrived, receivedAt: 10 })
    const [thread] = started
    for (let read = 0; read < 3; read++) thread?.events.read('unreadable')
    expect(thread?.sent.map(({ receivedAt }) => receivedAt)).toEqual([1, 2, 10, 3])
  })

  it('whose turn does not come soon enough are not read', async () => {
    const { start, started } = threads()
    const clock = fakeClock()
    const large = new LargeBodies(clock, start)
    const reading = Array.from({ length: 4 }, () => large.read('shop', arrived))
    await clock.advance(readWithinMs)
    await clock.advance(waitForReaderMs - readWithinMs)
    started[1]?.events.read('unreadable')
    expect(await Promise.all(reading)).toEqual([undefined, 'unreadable', undefined, undefined])
    await clock.advance(readerIdleMs)
    expect(clock.pending).toBe(0)
  })
})
