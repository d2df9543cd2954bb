import { describe, expect, test } from 'vitest'
import { LeaseNotHeld } from '../../src/controller/fence.ts'
import { outOfDate, WorkQueue, type ReconcileKey, type ReconcileResult } from '../../src/controller/queue.ts'
import { wait } from '../../src/environment/wait.ts'
import { ApiError } from '../../src/kube/errors.ts'
import { fakeClock, settle } from '../support/clock.ts'
import { testEnvironment } from '../support/environment.ts'

const done: ReconcileResult = { isFinal: true }

/** Returns a queue whose work ends when the test says so. */
const started = (workers: number, work: ReconcileKey) => {
  const environment = testEnvironment()
  const stop = new AbortController()
  const queue = new WorkQueue(environment, { controller: 'test', workers }, work)
  const ended = queue.run(stop.signal)
  return { ...environment, queue, ended, stop: () => stop.abort() }
}

/** Returns work that waits until it is let go, and what it was asked to do. */
const gate = () => {
  const looks: string[] = []
  const open: (() => void)[] = []
  const work: ReconcileKey = key => {
    looks.push(key)
    return new Promise(resolve => open.push(() => resolve(done)))
  }
  return { looks, work, letGo: async () => (open.shift()?.(), await settle()) }
}

/** Returns the moments, in milliseconds, at which a key is looked at, within `ms` from now. */
const momentsOf = async (work: ReconcileKey, ms: number): Promise<number[]> => {
  const moments: number[] = []
  const { clock, queue } = started(1, (key, attempts) => {
    moments.push(clock.monotonic())
    return work(key, attempts)
  })
  queue.add('a')
  await clock.advance(ms)
  return moments
}

describe('a work queue', () => {
  test('looks once at a key that was added many times', async () => {
    const { looks, work, letGo } = gate()
    const { queue } = started(1, work)
    queue.add('a')
    for (const key of ['b', 'c', 'b', 'c', 'b']) queue.add(key)
    for (let n = 0; n < 5; n++) await letGo()
    expect(looks).toEqual(['a', 'b', 'c'])
  })

  test('looks once more at a key that was added while it was worked on, and never twice at a time', async () => {
    const { looks, work, letGo } = gate()
    const { queue } = started(4, work)
    for (let n = 0; n < 3; n++) queue.add('a')
    expect(looks).toEqual(['a'])
    await letGo()
    expect(looks).toEqual(['a', 'a'])
    await letGo()
    expect(looks).toEqual(['a', 'a'])
  })

  test('works on as many keys at a time as it has workers', async () => {
    const { looks, work, letGo } = gate()
    const { queue } = started(2, work)
    for (const key of ['a', 'b', 'c']) queue.add(key)
    expect(looks).toEqual(['a', 'b'])
    await letGo()
    expect(looks).toEqual(['a', 'b', 'c'])
  })

  test('leaves workers free for others where one namespace has many keys that take long', async () => {
    const { looks, work, letGo } = gate()
    const { queue } = started(16, work)
    for (let n = 0; n < 100; n++) queue.add(`fat/${n}`)
    for (let n = 0; n < 100; n++) queue.add(`fatter/${n}`)
    queue.add('shop/web')
    const namespaces = looks.map(key => key.split('/')[0])
    expect(namespaces.filter(namespace => namespace === 'fat')).toHaveLength(11)
    expect(namespaces.filter(namespace => namespace === 'fatter')).toHaveLength(4)
    expect(looks.at(-1)).toBe('shop/web')
    for (let n = 0; n < 201; n++) await letGo()
    expect(new Set(looks).size).toBe(201)
  })

  test('serves namespaces in turn', async () => {
    const { looks, work, letGo } = gate()
    const { queue } = started(1, work)
    for (const key of ['a/1', 'a/2', 'a/3', 'b/1', 'c/1', 'b/2']) queue.add(key)
    for (let n = 0; n < 6; n++) await letGo()
    expect(looks).toEqual(['a/1', 'a/2', 'b/1', 'c/1', 'a/3', 'b/2'])
  })

  test('works on what was added before it ran', async () => {
    const looks: string[] = []
    const queue = new WorkQueue(testEnvironment(), { controller: 'test', workers: 1 }, async key => {
      looks.push(key)
      return done
    })
    queue.add('a')
    expect(looks).toEqual([])
    void queue.run(new AbortController().signal)
    expect(looks).toEqual(['a'])
  })

  test('waits after the first error no longer because much was waited for before it', async () => {
    let failed = false
    const moments = await momentsOf(async (_, attempts) => {
      if (attempts === 30 && !failed) {
        failed = true
        throw new Error('once')
      }
      return { isFinal: false, againAfterMs: 1000 }
    }, 32_000)
    const waits = moments.slice(1).map((moment, index) => moment - (moments[index] ?? 0))
    expect(waits.slice(0, 30)).toEqual(Array.from({ length: 30 }, () => 1000))
    expect(waits[30]).toBe(5)
  })

  test('tries again without a word what was out of date, as after an error', async () => {
    let looks = 0
    const moments = await momentsOf(async () => (++looks < 4 ? outOfDate : done), 1000)
    expect(moments).toEqual([0, 5, 15, 35])
  })

  test('tries again after an error, after 5 ms and then twice as long each time, up to 30 s', async () => {
    const moments = await momentsOf(async () => {
      throw new Error('no')
    }, 10_000_000)
    const waits = moments.slice(1).map((moment, index) => moment - (moments[index] ?? 0))
    expect(waits.slice(0, 4)).toEqual([5, 10, 20, 40])
    expect(waits.slice(-2)).toEqual([30_000, 30_000])
  })

  test('waits after a look that took long to fail at least as long as that took', async () => {
    const moments: number[] = []
    const clock = fakeClock()
    const queue = new WorkQueue({ ...testEnvironment(), clock }, { controller: 'test', workers: 1 }, async () => {
      moments.push(clock.monotonic())
      await wait(clock, 10_000)
      throw new Error('no answer within 10000 ms')
    })
    void queue.run(new AbortController().signal)
    queue.add('shop/web')
    await clock.advance(45_000)
    expect(moments).toEqual([0, 20_000, 40_000])
  })

  test('counts from nothing again after a look that settled', async () => {
    const answers = [false, false, true, false, true]
    const attempts: number[] = []
    await momentsOf(async (_, before) => {
      attempts.push(before)
      const isFinal = answers.shift()
      return isFinal === undefined ? done : { isFinal, againAfterMs: 1 }
    }, 100)
    expect(attempts).toEqual([0, 1, 2, 0, 1, 0])
  })

  test('waits as long as the API server asks', async () => {
    const busy = { status: 429, headers: { 'retry-after': '7' }, body: '' }
    let first = true
    const moments = await momentsOf(async () => {
      if (!first) return done
      first = false
      throw new ApiError(busy, 'GET /')
    }, 60_000)
    expect(moments).toEqual([0, 7000])
  })

  test('looks again at the time that a look asked for; a look before that replaces it', async () => {
    const looks: number[] = []
    const { clock, queue } = started(1, async () => {
      looks.push(clock.monotonic())
      return { isFinal: true, againAfterMs: 1000 }
    })
    queue.add('a')
    await clock.advance(700)
    queue.add('a')
    await clock.advance(1500)
    expect(looks).toEqual([0, 700, 1700])
    expect(clock.pending).toBe(1)
  })

  test('does not let one failing key delay another', async () => {
    const looks: string[] = []
    const { clock, queue } = started(1, async key => {
      if (key === 'bad') throw new Error('no')
      looks.push(key)
      return done
    })
    queue.add('bad')
    await clock.advance(500_000)
    queue.add('good')
    await settle()
    expect(looks).toEqual(['good'])
  })

  test('ends when it is stopped, after what is in progress, and drops the rest', async () => {
    const { looks, work, letGo } = gate()
    const { clock, ended, metrics, queue, stop } = started(1, async (key, attempts) => {
      await work(key, attempts)
      return { isFinal: true, againAfterMs: 1 }
    })
    let over = false
    void ended.then(() => (over = true))
    queue.add('a')
    queue.add('b')
    stop()
    await settle()
    expect(over).toBe(false)
    expect(await metrics.text()).toContain('controller_runtime_active_workers{controller="test"} 1')
    await letGo()
    expect(over).toBe(true)
    expect(await metrics.text()).toContain('controller_runtime_active_workers{controller="test"} 0')
    queue.add('c')
    await clock.advance(1000)
    expect(looks).toEqual(['a'])
    expect(clock.pending).toBe(0)
  })

  test('measures under the names of controller-runtime', async () => {
    const { clock, metrics, queue } = started(1, async key => {
      if (key === 'bad') throw new Error('no')
      return done
    })
    queue.add('good')
    queue.add('bad')
    await clock.advance(6)
    const text = await metrics.text()
    expect(text).toContain('workqueue_adds_total{name="test"} 3')
    expect(text).toContain('workqueue_depth{name="test"} 0')
    expect(text).toContain('controller_runtime_reconcile_total{controller="test",result="success"} 1')
    expect(text).toContain('controller_runtime_reconcile_total{controller="test",result="error"} 2')
    expect(text).toContain('controller_runtime_reconcile_errors_total{controller="test"} 2')
    expect(text).toContain('controller_runtime_active_workers{controller="test"} 0')
  })

  test('lets timers and sockets have their turn while it begins with many keys', async () => {
    const clock = fakeClock()
    let busyMs = 0
    const slow = { ...clock, monotonic: () => clock.monotonic() + busyMs }
    const looks: string[] = []
    // Each look keeps the thread for 4 ms before anything is waited for.
    const queue = new WorkQueue(
      { ...testEnvironment(), clock: slow },
      { controller: 'test', workers: 16 },
      async key => {
        looks.push(key)
        busyMs += 4
        return done
      },
    )
    void queue.run(new AbortController().signal)
    for (let key = 0; key < 50; key++) queue.add(`${key}`)
    await settle()
    expect(looks).toHaveLength(3)
    await clock.advance(1)
    expect(looks.length).toBeGreaterThan(3)
    await clock.advance(100)
    expect(looks).toHaveLength(50)
  })

  test('tries what failed for want of the lease no sooner than the lease could be held again, and counts no error', async () => {
    let held = false
    const moments = await momentsOf(async () => {
      if (!held) throw new LeaseNotHeld('PATCH /x')
      return done
    }, 1900)
    expect(moments).toEqual([0])
    held = true
    const later = await momentsOf(async () => {
      if (moments.push(0) === 2) throw new LeaseNotHeld('PATCH /x')
      throw new Error('something else')
    }, 2010)
    expect(later).toEqual([0, 2000, 2005])
  })
})

test.each([
  [413, 'too large'],
  [422, 'invalid'],
  [500, 'etcdserver: request is too large'],
])(
  'a write that is refused for what it says (%i, %s) is tried again in an hour, or once its object changes',
  async (status, message) => {
    const looks: number[] = []
    const { clock, lines, queue } = started(1, () => {
      looks.push(clock.monotonic())
      throw new ApiError({ status, headers: {}, body: JSON.stringify({ message }) }, 'PATCH /')
    })
    queue.add('a')
    await clock.advance(3_500_000)
    expect(looks).toHaveLength(1)
    queue.add('a')
    await clock.advance(3_700_000)
    expect(looks).toHaveLength(3)
    expect(lines.filter(line => line.includes("can't be written until it changes"))).toHaveLength(3)
  },
)
