import { describe, expect, it } from 'vitest'
import { noteOf } from '../../src/record/memory.ts'
import { Ledgers } from '../../src/record/ledgers.ts'
import { fakeClock } from '../support/clock.ts'
import { testEnvironment } from '../support/environment.ts'
import { faultyConnection, type NetworkFault } from '../support/faulty-connection.ts'
import { stepServer } from '../support/step-server.ts'
import { noted } from '../support/memories.ts'

const one = noted(noteOf({ at: 0, sender: 'plain', outcome: 'applied', reason: 'Stepped' }))

const setUp = (latencyMs = 1) => {
  const clock = fakeClock()
  const server = stepServer({})
  const stop = new AbortController()
  /** When each write of a record was sent, and the record's name. */
  const writes: (readonly [at: number, name: string])[] = []
  const faults: NetworkFault[] = []
  const api = faultyConnection(clock, server.handle, {
    fault: ({ body, method }) => {
      if (method === 'GET') return 'answered'
      writes.push([clock.monotonic(), /"name":"([^"]+)"/.exec(body ?? '')?.[1] ?? ''])
      return faults.shift() ?? 'answered'
    },
    latencyMs: () => latencyMs,
    isDead: () => false,
  })
  const environment = testEnvironment({ api, clock })
  const ledgers = new Ledgers(environment)
  const of = (name: string, namespace = 'shop') => {
    server.hooks.set(name, `uid of ${name}`)
    return ledgers.of({ namespace, name, uid: `uid of ${name}` })
  }
  const counted = (name: string) => server.memory(name)?.counts['applied'] ?? 0
  return { clock, counted, environment, faults, ledgers, of, server, stop, writes }
}

describe('records that nothing waits for', () => {
  it('are written at most once a second each, and more seldom while there is no end of them', async () => {
    const { clock, counted, ledgers, of, stop, writes } = setUp()
    const running = ledgers.run(stop.signal)
    for (let i = 0; i < 100; i++) {
      of('web-up').later(one)
      await clock.advance(50)
    }
    await clock.advance(5000)
    const times = writes.map(([at]) => at)
    const gaps = times.slice(1).map((at, i) => Math.round((at - (times[i] ?? 0)) / 100) / 10)
    expect(gaps).toEqual([1, 2, 4])
    expect(counted('web-up')).toBe(100)
    stop.abort()
    await Promise.all([running, clock.advance(0)])
    expect(clock.pending).toBe(0)
  })

  it('are written more seldom as well where seconds lie between them, until there are none for half a minute', async () => {
    const { clock, ledgers, of, stop, writes } = setUp()
    const running = ledgers.run(stop.signal)
    const reportTimes = async (times: number): Promise<readonly number[]> => {
      const first = writes.length
      for (let i = 0; i < times; i++) {
        of('web-up').later(one)
        await clock.advance(2500)
      }
      const at = writes.slice(first).map(([sentAt]) => Math.round(sentAt / 100) / 10)
      return at.slice(1).map((time, i) => Math.round((time - (at[i] ?? 0)) * 10) / 10)
    }
    expect(await reportTimes(10)).toEqual([2.5, 2.5, 4, 5, 5, 5])
    await clock.advance(16_000)
    expect(await reportTimes(3)).toEqual([5])
    await clock.advance(35_000)
    expect(await reportTimes(3)).toEqual([2.5, 2.5])
    stop.abort()
    await Promise.all([running, clock.advance(0)])
  })

  it('travel with decisions where there are any, and are written alone only after the last', async () => {
    const { clock, counted, ledgers, of, stop, writes } = setUp()
    const running = ledgers.run(stop.signal)
    const decide = async (): Promise<void> => {
      const decided = of('web-up').decide(draft => ({ result: draft.set({}) }), { mayContinue: () => true })
      await clock.advance(10)
      await decided
      of('web-up').later(one)
    }
    for (let i = 0; i < 20; i++) {
      await decide()
      await clock.advance(110)
    }
    // The first is reported at once, since nobody knows that there will be a second.
    expect(writes.length).toBe(21)
    await clock.advance(2000)
    expect(writes.length).toBe(22)
    expect(counted('web-up')).toBe(20)
    stop.abort()
    await Promise.all([running, clock.advance(0)])
  })

  it('are written at most twenty a second together, the one that has waited longest first', async () => {
    const { clock, ledgers, of, writes, stop } = setUp()
    const running = ledgers.run(stop.signal)
    for (let i = 0; i < 60; i++) of(`hook-${i}`).later(one)
    await clock.advance(1000)
    expect(writes.length).toBeGreaterThanOrEqual(18)
    expect(writes.length).toBeLessThanOrEqual(21)
    await clock.advance(2500)
    expect(writes.map(([, name]) => name)).toEqual(Array.from({ length: 60 }, (_, i) => `hook-${i}`))
    stop.abort()
    await Promise.all([running, clock.advance(0)])
  })

  it('take turns by their namespaces, so that a tenant with many waits for itself', async () => {
    const { clock, ledgers, of, stop, writes } = setUp()
    for (let i = 0; i < 2000; i++) of(`web-${i}`).later(one)
    const running = ledgers.run(stop.signal)
    await clock.advance(1000)
    of('api-up', 'small').later(one)
    await clock.advance(500)
    expect(writes.map(([, name]) => name)).toContain('api-up')
    stop.abort()
    await Promise.all([running, clock.advance(5000)])
  })

  it('take no turn where another write has stored them already', async () => {
    const { clock, ledgers, of, writes, stop } = setUp()
    const running = ledgers.run(stop.signal)
    const stored = Array.from({ length: 40 }, (_, i) => of(`stored-${i}`))
    for (const ledger of stored) ledger.later(one)
    await Promise.all([...stored.map(ledger => ledger.flush(() => true)), clock.advance(20)])
    expect(writes).toHaveLength(40)
    of('last').later(one)
    await clock.advance(200)
    expect(writes.map(([, name]) => name).slice(40)).toEqual(['last'])
    stop.abort()
    await Promise.all([running, clock.advance(0)])
  })

  it('make way where the API server is slow: it has four times as long for those that somebody waits for', async () => {
    const { clock, ledgers, of, writes, stop } = setUp(20)
    const running = ledgers.run(stop.signal)
    for (let i = 0; i < 60; i++) of(`hook-${i}`).later(one)
    // Each is read and written, which are four ways of 20 ms.
    await clock.advance(3200)
    expect(writes.length).toBeGreaterThanOrEqual(9)
    expect(writes.length).toBeLessThanOrEqual(11)
    stop.abort()
    await Promise.all([running, clock.advance(10_000)])
  })

  it('make as much way where other writes have stored some of them already', async () => {
    const written = async (isFlushed: boolean): Promise<number> => {
      const { clock, ledgers, of, stop, writes } = setUp(100)
      const running = ledgers.run(stop.signal)
      const flushed: Promise<void>[] = []
      for (let i = 0; i < 200; i++) {
        of(`waits-${i}`).later(one)
        const ledger = of(`flushed-${i}`)
        ledger.later(one)
        if (isFlushed) flushed.push(ledger.flush(() => true))
        await clock.advance(50)
      }
      const count = writes.filter(([, name]) => name.startsWith('waits')).length
      stop.abort()
      await Promise.all([running, ...flushed, clock.advance(10_000)])
      return count
    }
    // Those that are flushed leave the queue to the others.
    expect(await written(true)).toBeLessThanOrEqual(2 * (await written(false)))
  })

  it('are all written when the process ends, those also whose write was under way', async () => {
    const { clock, counted, ledgers, of, stop } = setUp(200)
    const running = ledgers.run(stop.signal)
    of('first').later(one)
    await clock.advance(500)
    of('first').later(one)
    stop.abort()
    await Promise.all([running, clock.advance(2000)])
    expect(counted('first')).toBe(2)
    expect(clock.pending).toBe(0)
  })

  it('are given up within seconds when the process ends and the server is away', async () => {
    const { clock, faults, ledgers, of, stop } = setUp()
    faults.push(...Array.from({ length: 1000 }, () => 'never arrives' as const))
    const running = ledgers.run(stop.signal)
    of('web-up').later(one)
    await clock.advance(200)
    stop.abort()
    let ended = false
    void running.then(() => (ended = true))
    await clock.advance(3000)
    expect(ended).toBe(true)
  })

  it('are tried again when the server comes back', async () => {
    const { clock, counted, faults, ledgers, of, stop } = setUp()
    faults.push(...Array.from({ length: 60 }, () => 'never arrives' as const))
    const running = ledgers.run(stop.signal)
    of('web-up').later(one)
    await clock.advance(60_000)
    expect(counted('web-up')).toBe(1)
    stop.abort()
    await Promise.all([running, clock.advance(0)])
  })

  it('do not end the process when an update is faulty: the log says so, and others are written', async () => {
    const { clock, counted, environment, ledgers, of, stop } = setUp()
    const running = ledgers.run(stop.signal)
    of('broken').later(() => {
      throw new Error('a faulty update')
    })
    of('web-up').later(one)
    await clock.advance(2000)
    expect(counted('web-up')).toBe(1)
    expect(environment.lines.join()).toContain('a faulty update')
    stop.abort()
    await Promise.all([running, clock.advance(3000)])
  })
})

describe('the ledgers of a process', () => {
  it('are one for each hook, also when it is made again under its name', () => {
    const { ledgers, of } = setUp()
    expect(of('web-up')).toBe(of('web-up'))
    expect(ledgers.of({ namespace: 'shop', name: 'web-up', uid: 'another' })).not.toBe(of('web-up'))
  })

  it('are forgotten beyond a hundred thousand rows, the newest last', async () => {
    const { clock, ledgers, of, stop } = setUp()
    const running = ledgers.run(stop.signal)
    const rows = Array.from(
      { length: 1000 },
      (_, i) => ({ state: 'skipped', key: `row-${i}`, at: 0, reason: 'Filtered' }) as const,
    )
    const opened = Array.from({ length: 103 }, (_, i) => of(`hook-${i}`))
    const filled = opened.map(ledger =>
      ledger.decide(draft => ({ result: draft.replace(rows) }), { mayContinue: () => true }),
    )
    await Promise.all([...filled, clock.advance(61_000)])
    const kept = opened.filter(ledger => ledgers.of(ledger.owner) === ledger)
    expect(kept).toEqual(opened.slice(3))
    stop.abort()
    await Promise.all([running, clock.advance(0)])
  })

  it('belong to one hook each, even if a record in another namespace names the uid of that hook', () => {
    const { ledgers } = setUp()
    const owner = { namespace: 'shop', name: 'web-up', uid: 'u' }
    const ledger = ledgers.of(owner)
    expect(ledgers.of({ ...owner, namespace: 'other' })).not.toBe(ledger)
    expect(ledgers.of({ ...owner, name: 'web-down' })).not.toBe(ledger)
    expect(ledgers.of({ ...owner })).toBe(ledger)
  })

  it('are forgotten again once those that wait are written', async () => {
    const { clock, ledgers, of, stop } = setUp()
    const opened = Array.from({ length: 1200 }, (_, i) => {
      const ledger = of(`hook-${i}`)
      ledger.later(one)
      return ledger
    })
    const running = ledgers.run(stop.signal)
    await clock.advance(75_000)
    of('another')
    // Those that are kept were used last.
    const kept = opened.toReversed().filter(ledger => ledgers.of(ledger.owner) === ledger)
    expect(kept).toHaveLength(999)
    stop.abort()
    await Promise.all([running, clock.advance(0)])
  })

  it('are forgotten beyond a thousand, except where something waits', () => {
    const { of } = setUp()
    const [busy, idle] = [of('busy'), of('idle')]
    busy.later(one)
    for (let i = 0; i < 1000; i++) of(`hook-${i}`)
    expect(of('busy')).toBe(busy)
    expect(of('idle')).not.toBe(idle)
  })

  it('do not take the writes of a forgotten one for their own', async () => {
    const { clock, faults, of, server } = setUp()
    const decide = (key: string) => {
      const end = clock.monotonic() + 30
      return of('web-up').decide(
        draft => {
          draft.add({ state: 'skipped', key, at: 1, reason: 'Filtered' })
          return { result: key }
        },
        { mayContinue: () => clock.monotonic() < end },
      )
    }
    await Promise.all([decide('a'), clock.advance(100)])
    for (let i = 0; i < 1000; i++) of(`hook-${i}`)
    faults.push('lost on its way', 'lost on its way')
    const [decided] = await Promise.all([decide('b'), clock.advance(100)])
    expect(decided).toEqual({ decided: 'given up' })
    expect(server.memory('web-up')?.rows.map(({ key }) => key)).toEqual(['a'])
  })
})
