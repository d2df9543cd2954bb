import { describe, expect, it } from 'vitest'
import { parseJson } from '../../src/api/json.ts'
import type { ApiRequest, ApiResponse } from '../../src/environment/environment.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'
import { historyOf, withoutDoubt } from '../../src/kube/lease-history.ts'
import { lostHistoryAnnotation, lostHistoryIn } from '../../src/kube/lost-history.ts'
import { hooks } from '../../src/kube/resources.ts'
import { fakeClock } from '../support/clock.ts'
import { testEnvironment } from '../support/environment.ts'
import { answer } from '../support/scripted-connection.ts'

type Lease = number | 'absent' | 'refused' | 'no answer'

/** Sets up a process that reads a Lease, and what an API server lists over the connection of a watch. */
const setUp = (lease: Lease = 10, { mark, marks = false }: { mark?: number; marks?: boolean } = {}) => {
  const clock = fakeClock()
  const server = {
    lease,
    mark,
    uid: 'first',
    refusesWrites: false,
    listed: 10 as number | 'refused',
  }
  const reads: number[] = []
  const leaseAnswer = (): ApiResponse => {
    const { lease, mark, uid } = server
    if (lease === 'no answer') throw new Unreachable('down', true)
    if (lease === 'absent') return answer(404, { details: { name: 'lease' } })
    if (lease === 'refused') return answer(403, {})
    const annotations = mark === undefined ? {} : { [lostHistoryAnnotation]: String(mark) }
    return answer(200, { metadata: { name: 'lease', uid, resourceVersion: String(lease), annotations } })
  }
  const api = {
    request: async ({ body, method }: ApiRequest) => {
      if (method === 'GET') reads.push(clock.monotonic())
      else if (server.refusesWrites) throw new Unreachable('down', true)
      else server.mark = Number(lostHistoryIn(parseJson(body ?? '')))
      return leaseAnswer()
    },
    watch: () => {
      throw new Error('nothing is watched here')
    },
  }
  const environment = testEnvironment({ clock, api })
  const history = historyOf(environment, { namespace: 'system', name: 'lease', marks })
  const stop = new AbortController()
  const ended = history.run(stop.signal)
  const givenUp: string[] = []
  const open = (version = '5') => {
    const ask = async ({ path }: ApiRequest): Promise<ApiResponse> => {
      const { listed } = server
      if (listed === 'refused' && path.includes('leases')) return answer(403, {})
      return answer(200, { metadata: { resourceVersion: String(listed === 'refused' ? 10 : listed) }, items: [] })
    }
    return history.checkOver({ type: hooks }, { ask, giveUp: why => givenUp.push(why), version: () => version })
  }
  /** Lets time pass while a leader writes the Lease every two seconds. */
  const led = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 2) {
      history.current()
      await clock.advance(2_000)
      if (typeof server.lease === 'number') server.lease += 1
    }
  }
  return { clock, ended, environment, givenUp, history, led, open, reads, server }
}

const leaseAt = (version: number) => ({
  metadata: { name: 'lease', uid: 'first', resourceVersion: String(version) },
})

describe('the history of the API server', () => {
  it('is read once a second while somebody relies on it, and each ten seconds else', async () => {
    const { clock, history, reads } = setUp()
    await clock.advance(60_000)
    expect(reads).toHaveLength(7)
    for (let second = 0; second < 60; second++) {
      await clock.advance(1_000)
      history.current()
    }
    expect(reads.length).toBeLessThanOrEqual(7 + 62)
    expect(reads.length).toBeGreaterThanOrEqual(7 + 58)
  })

  it('is always read once a second by a controller', async () => {
    const { clock, reads } = setUp(10, { marks: true })
    await clock.advance(60_000)
    expect(reads).toHaveLength(61)
  })

  it('may be the one of a watch from when its API server has come as far as the watch began, until the check fails', async () => {
    const { clock, open, led, server } = setUp(10)
    server.listed = 3
    const behind = open('5')
    await clock.advance(100)
    expect([behind.mayPass(), behind.passed()]).toEqual([false, false])
    server.listed = 1_000
    const check = open('5')
    await clock.advance(100)
    expect([check.mayPass(), check.passed()]).toEqual([true, false])
    await led(6)
    expect([check.mayPass(), check.passed()]).toEqual([false, false])
    check.end()
    expect(check.mayPass()).toBe(false)
  })

  it('has gone back if the Lease has a lower version than before', async () => {
    const { clock, ended, history, led, server } = setUp()
    await led(6)
    expect([history.current(), history.wentBack()]).toEqual([true, undefined])
    server.lease = 4
    await clock.advance(2_000)
    expect(history.current()).toBe(false)
    expect(history.wentBack()).toContain('HistoryWentBack')
    expect(await ended).toBe('went back')
    expect(server.mark).toBeUndefined()
  })

  it('has gone back once the Lease is marked, although its version is higher than before', async () => {
    const { clock, ended, history, led, server } = setUp()
    await led(6)
    server.mark = 11
    server.lease = 1_000
    await clock.advance(2_000)
    expect(history.wentBack()).toContain('HistoryWentBack')
    expect(await ended).toBe('went back')
  })

  it('that a controller sees go back is marked with a version of the lost history, also if that fails at first', async () => {
    const { clock, ended, led, server } = setUp(10, { marks: true })
    await led(6)
    server.refusesWrites = true
    server.lease = 4
    await clock.advance(2_000)
    expect(server.mark).toBeUndefined()
    server.refusesWrites = false
    await clock.advance(1_000)
    expect(server.mark).toBe(12)
    expect(await ended).toBe('went back')
  })

  it('has gone back as soon as another request shows a lower version, such as one of the election', async () => {
    const { clock, ended, history, led, server } = setUp(10, { marks: true })
    await led(6)
    const isInOrder = history.seeing()
    expect(isInOrder(leaseAt(11))).toBe(false)
    expect(history.wentBack()).toContain('has the version 11, but had 12 before')
    server.lease = 11
    await clock.advance(200)
    expect([server.mark, await ended]).toEqual([12, 'went back'])
  })

  it('has not gone back if an answer is late, and meanwhile another one has shown a higher version', async () => {
    const { history, led } = setUp()
    await led(2)
    const isInOrder = history.seeing()
    await led(4)
    expect(isInOrder(leaseAt(10))).toBe(true)
    expect(history.wentBack()).toBeUndefined()
  })

  it('goes by what the election has written, also if no read has shown that yet', async () => {
    const { clock, history, led, server } = setUp()
    await led(2)
    expect(history.seeing()(leaseAt(30))).toBe(true)
    server.lease = 20
    await clock.advance(1_000)
    expect(history.wentBack()).toContain('has the version 20, but had 30 before')
  })

  it('is not known to be the same if the Lease was made again: the API servers are checked again', async () => {
    const { clock, history, led, open, server } = setUp()
    const check = open()
    await led(6)
    expect([check.passed(), history.doubt()]).toEqual([true, undefined])
    server.lease = 'absent'
    await clock.advance(2_000)
    Object.assign(server, { lease: 40, uid: 'second', listed: 77 })
    await clock.advance(1_500)
    expect([check.passed(), history.doubt()]).toEqual([false, expect.stringContaining('not known yet')])
    await led(4)
    expect(history.wentBack()).toContain('lists at version 77')
  })

  it.each([['absent'], ['no answer']] as const)('is not known while a Lease that was there is %s', async state => {
    const { clock, history, led, server } = setUp()
    await led(4)
    server.lease = state
    await clock.advance(2_000)
    expect([history.current(), history.wentBack()]).toEqual([false, undefined])
  })

  it.each([
    ['refused', 'may not get'],
    ['absent', 'there is no Lease'],
  ] as const)('is not checked where the Lease is %s, and that is said', async (state, said) => {
    const { history, led, open } = setUp(state)
    const check = open()
    await led(4)
    expect(history.unchecked()).toContain(said)
    expect([history.current(), check.passed(), history.doubt()]).toEqual([true, true, undefined])
  })
})

describe('an API server', () => {
  it('passes once the Lease was written after a list, at a higher version', async () => {
    const { history, led, open } = setUp()
    const check = open()
    expect([check.passed(), history.doubt()]).toEqual([false, expect.stringContaining('not known yet')])
    await led(4)
    expect([check.passed(), history.doubt(), history.lostCache()]).toEqual([true, undefined, undefined])
  })

  it('passes without a leader, who would write the Lease, after as long as a new one may take', async () => {
    const { clock, open } = setUp()
    const check = open()
    await clock.advance(24_000)
    expect(check.passed()).toBe(false)
    await clock.advance(2_000)
    expect(check.passed()).toBe(true)
    check.end()
    expect(check.passed()).toBe(false)
  })

  it('fails if the Lease was written after a list, at a version that is not higher', async () => {
    const { environment, history, led, open, server } = setUp()
    server.listed = 1_000
    const check = open()
    await led(6)
    expect(check.passed()).toBe(false)
    expect(history.lostCache()).toContain('CacheOfLostHistory')
    expect(await environment.metrics.text()).toContain('receiverhooks_cache_of_lost_history 1')
    server.listed = 5
    await led(10)
    expect([check.passed(), history.lostCache()]).toEqual([true, undefined])
    expect([server.mark, history.wentBack()]).toEqual([undefined, undefined])
  })

  it('that a controller finds with caches of a lost history makes it mark the Lease', async () => {
    const { history, led, open, server } = setUp(10, { marks: true })
    server.listed = 1_000
    open()
    await led(6)
    expect([server.mark, history.wentBack()]).toEqual([1_000, undefined])
  })

  it('fails at or above the version that the Lease is marked with, until the mark is removed', async () => {
    const { history, led, open, server } = setUp(10, { mark: 8 })
    const check = open()
    await led(6)
    expect([check.passed(), history.doubt()]).toEqual([false, expect.stringContaining('CacheOfLostHistory')])
    server.mark = undefined
    await led(10)
    expect(check.passed()).toBe(true)
  })

  it('that has failed once lets no list count until a person removes the mark, also after its watch was cut', async () => {
    const { history, led, open, server } = setUp(10, { marks: true })
    server.listed = 1_000
    const failing = open()
    await led(6)
    failing.end()
    server.listed = 10
    const check = open()
    await led(6)
    expect([check.passed(), history.lostCache()]).toEqual([true, undefined])
    const lost = expect.stringContaining('CacheOfLostHistory') as unknown
    expect([history.doubt(), history.mayBeLost()]).toEqual([lost, lost])
    server.mark = undefined
    await led(4)
    expect([history.doubt(), history.mayBeLost()]).toEqual([undefined, undefined])
  })

  it('that has failed once is remembered if the Lease was deleted before it was marked, and was made again', async () => {
    const { history, led, open, server } = setUp(10, { marks: true })
    Object.assign(server, { listed: 1_000, refusesWrites: true })
    const failing = open()
    await led(6)
    failing.end()
    server.lease = 'absent'
    await led(4)
    Object.assign(server, { lease: 40, uid: 'second', listed: 10, refusesWrites: false })
    await led(4)
    expect([server.mark, history.mayBeLost()]).toEqual([1_000, expect.stringContaining('CacheOfLostHistory')])
  })

  it('that passes lets lists count although the Lease is marked, where every API server was restarted', async () => {
    const { history, led, open } = setUp(10, { mark: 1_000 })
    const check = open()
    await led(6)
    expect([check.passed(), history.doubt(), history.mayBeLost()]).toEqual([true, undefined, undefined])
  })

  it('that has not come as far as what its watch began with makes the watch list again', async () => {
    const { givenUp, led, open } = setUp()
    open('77')
    await led(2)
    expect(givenUp).toEqual(['the API server is at version 10, but an earlier list was at 77'])
  })

  it('is not checked where this process may not list the Lease', async () => {
    const { history, led, open, server } = setUp()
    server.listed = 'refused'
    const check = open()
    await led(4)
    expect([check.passed(), history.unchecked()]).toEqual([true, expect.stringContaining('may not list')])
  })

  it('is asked for no evidence before it is known to pass, for as long as a new leader may take', async () => {
    const { clock, environment, history, led, server } = setUp()
    const evidence = { method: 'GET', path: '/', lane: 'step', timeoutMs: 1_000, isEvidence: true } as const
    const api = withoutDoubt(environment.api, history)
    await clock.advance(1)
    await expect(api.request(evidence)).rejects.toThrow('not known yet')
    await led(30)
    expect((await api.request(evidence)).status).toBe(200)
    server.lease = 'no answer'
    await clock.advance(2_000)
    await expect(api.request(evidence)).rejects.toThrow('not known yet')
  })
})
