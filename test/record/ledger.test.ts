import { describe, expect, it } from 'vitest'
import type { RecentDelivery } from '../../src/api/record.ts'
import { openLedger, type Ledger } from '../../src/record/ledger.ts'
import type { Decided } from '../../src/record/ruling.ts'
import { emptyMemory, noteOf, type Memory } from '../../src/record/memory.ts'
import { withState } from '../../src/record/outcomes.ts'
import { fakeClock } from '../support/clock.ts'
import { testEnvironment } from '../support/environment.ts'
import { faultyConnection, type NetworkFault } from '../support/faulty-connection.ts'
import { fc, property } from '../support/property.ts'
import { status, stepServer } from '../support/step-server.ts'
import { asJudge, changeBy, noted, refusedAt, type Change } from '../support/memories.ts'

const now = Date.UTC(2026, 0, 1)

const delivery = (outcome: RecentDelivery['outcome'] = 'applied'): RecentDelivery => ({
  at: 0,
  sender: 'plain',
  outcome,
  reason: 'Stepped',
})

/** Adds a row of this key, unless there is one. */
const add =
  (key: string, at = 1) =>
  (memory: Memory) => {
    const isNew = memory.rows.every(row => row.key !== key)
    return isNew
      ? {
          memory: { ...memory, rows: [...memory.rows, { state: 'skipped', key, at, reason: 'Filtered' } as const] },
          result: 'added',
        }
      : { memory, result: 'known' }
  }

const setUp = (replies: readonly NetworkFault[] = []) => {
  const clock = fakeClock()
  const server = stepServer({})
  server.hooks.set('web-up', 'u1')
  const requests: string[] = []
  const faults = [...replies]
  const api = faultyConnection(clock, server.handle, {
    fault: ({ method, path }) => {
      // Whose record it is, is another question.
      if (path.includes('/receiverhooks/')) return 'answered'
      requests.push(method)
      return faults.shift() ?? 'answered'
    },
    latencyMs: () => 1,
    isDead: () => false,
  })
  const environment = testEnvironment({ api, clock })
  const open = (instance = 'one', uid = 'u1'): Ledger =>
    openLedger(environment, { namespace: 'shop', name: 'web-up', uid }, instance, () => {})
  const ledger = open()
  /** Decides while somebody waits, for so many milliseconds. */
  const decide = <T>(
    judge: (memory: Memory, now: number) => { memory: Memory; result: T },
    withinMs = 4000,
    by: Ledger = ledger,
  ): Promise<Decided<T>> => {
    const end = clock.monotonic() + withinMs
    return by.decide(asJudge(judge), { mayContinue: () => clock.monotonic() < end })
  }
  /** Returns the rows that are stored. */
  const rows = () => server.memory('web-up')?.rows.map(({ key }) => key)
  return { clock, decide, environment, faults, ledger, open, requests, rows, server }
}

describe('a decision', () => {
  it('creates the record, and from then on takes one request', async () => {
    const { clock, decide, requests, rows, server } = setUp()
    const deciding = [decide(add('a')), decide(add('b'))]
    await clock.advance(100)
    expect(await Promise.all(deciding)).toEqual([
      { decided: 'stored', result: 'added' },
      { decided: 'stored', result: 'added' },
    ])
    expect(rows()).toEqual(['a', 'b'])
    expect(requests).toEqual(['GET', 'POST', 'PUT'])
    expect(server.record('web-up')).toMatchObject({
      metadata: { ownerReferences: [{ kind: 'ReceiverHook', name: 'web-up', uid: 'u1' }] },
    })
  })

  it('that leads to nothing new writes nothing', async () => {
    const { clock, decide, requests } = setUp()
    await Promise.all([decide(add('a')), clock.advance(100)])
    const again = decide(add('a'))
    await clock.advance(100)
    expect(await again).toEqual({ decided: 'stored', result: 'known' })
    expect(requests).toEqual(['GET', 'POST'])
  })

  it('that is right only on the newest memory is made on that', async () => {
    const { clock, decide, open, requests } = setUp()
    await Promise.all([decide(add('a')), clock.advance(100)])
    await Promise.all([decide(add('b'), 4000, open('two')), clock.advance(100)])
    requests.length = 0
    const count = (needsNewest: boolean) => decide(memory => ({ memory, result: memory.rows.length, needsNewest }))
    const deciding = [count(false), count(true), count(true)]
    await clock.advance(100)
    expect(await Promise.all(deciding)).toMatchObject([{ result: 1 }, { result: 2 }, { result: 2 }])
    expect(requests).toEqual(['GET', 'GET'])
  })

  it('is made again when somebody else has written since', async () => {
    const { clock, decide, open, requests, rows } = setUp()
    await Promise.all([decide(add('a')), clock.advance(100)])
    await Promise.all([decide(add('b'), 4000, open('two')), clock.advance(100)])
    requests.length = 0
    const deciding = decide(add('b'))
    await clock.advance(100)
    expect(await deciding).toEqual({ decided: 'stored', result: 'known' })
    expect(rows()).toEqual(['a', 'b'])
    expect(requests).toEqual(['PUT', 'GET'])
  })

  it('is made on what was just read where others write too, until four reads in a row find nothing new', async () => {
    const { clock, decide, open, requests } = setUp()
    const other = open('two')
    let keys = 0
    const make = async (by?: Ledger): Promise<string> => {
      requests.length = 0
      await clock.advance(501) // what is known is too old for a write where others write too
      const deciding = decide(add(`key ${++keys}`), 4000, by)
      await clock.advance(10)
      await deciding
      return requests.join(' ')
    }
    await make()
    expect(await make(), 'nobody else has written').toBe('PUT')
    await make(other)
    expect(await make(), 'a conflict shows that somebody has').toBe('PUT GET PUT')
    const alone = [await make(), await make(), await make()]
    await make(other)
    const together = [await make(), await make(), await make(), await make(), await make()]
    expect([...alone, ...together].filter(asked => asked !== 'GET PUT')).toEqual([])
    expect(await make()).toBe('PUT')
  })

  it('of two that both create the record is made by one after the other', async () => {
    const { clock, decide, open, requests, rows } = setUp()
    const deciding = [decide(add('a')), decide(add('b'), 4000, open('two'))]
    await clock.advance(100)
    await Promise.all(deciding)
    expect(rows()).toEqual(['a', 'b'])
    expect(requests).toEqual(['GET', 'GET', 'POST', 'POST', 'GET', 'PUT'])
  })

  it('goes into a new record when the old one was deleted meanwhile', async () => {
    const { clock, decide, rows, server } = setUp()
    await Promise.all([decide(add('a')), clock.advance(100)])
    server.removeRecord('web-up')
    const deciding = decide(add('b'))
    await clock.advance(100)
    expect(await deciding).toMatchObject({ decided: 'stored' })
    expect(rows()).toEqual(['b'])
  })

  it.each<[string, NetworkFault, string[]]>([
    ['stored, and the answer was lost', 'answer lost', ['GET', 'POST', 'GET']],
    ['lost on its way', 'lost on its way', ['GET', 'POST', 'GET', 'POST']],
    ['late: it lands before it is sent again', { landsAfter: 10 }, ['GET', 'POST', 'GET']],
    ['late: it lands while it is sent again', { landsAfter: 27.5 }, ['GET', 'POST', 'GET', 'POST', 'GET']],
    ['never sent', 'never arrives', ['GET', 'POST', 'POST']],
    ['stored, and called a failure', { saysInstead: status(500) }, ['GET', 'POST', 'GET']],
    ['declined with 500', { declined: status(500) }, ['GET', 'POST', 'GET', 'POST']],
    ['declined with 429', { declined: status(429) }, ['GET', 'POST', 'POST']],
  ])('is made once when its request was %s', async (_name, fault, wanted) => {
    const { clock, decide, ledger, requests, rows, server } = setUp(['answered', fault])
    ledger.note(delivery())
    const deciding = decide(add('a'))
    await clock.advance(1000)
    expect(await deciding).toEqual({ decided: 'stored', result: 'added' })
    expect(rows()).toEqual(['a'])
    expect(requests).toEqual(wanted)
    expect(ledger.dirty).toBe(false)
    expect(server.memory('web-up')?.counts).toEqual({ applied: 1 })
    expect(clock.pending).toBe(0)
  })

  it('is refused where the server will not have it, and nothing is stored', async () => {
    const forbidden = { declined: status(403, 'Forbidden') }
    const always = Array.from({ length: 5 }, () => forbidden)
    const { clock, decide, faults, rows } = setUp(always)
    const reading = decide(add('a'))
    await clock.advance(2000)
    expect(await reading).toMatchObject({ decided: 'refused' })
    faults.push(...always.flatMap(refused => ['answered' as const, refused]))
    const writing = decide(add('a'))
    await clock.advance(2000)
    expect(await writing).toMatchObject({ decided: 'refused' })
    expect(rows()).toBeUndefined()
  })

  it('is made where the server is forbidden only until it has read its roles', async () => {
    const forbidden = { declined: status(403, 'Forbidden') }
    const { clock, decide, rows } = setUp([forbidden, 'answered', forbidden])
    const deciding = decide(add('a'))
    await clock.advance(2000)
    expect(await deciding).toMatchObject({ decided: 'stored' })
    expect(rows()).toEqual(['a'])
  })

  it('is made although requests were refused before others succeeded', async () => {
    const forbidden = { declined: status(403, 'Forbidden') }
    const { clock, decide, faults, rows } = setUp(Array.from({ length: 5 }, () => forbidden))
    await Promise.all([decide(add('a')), clock.advance(2000)])
    await Promise.all([decide(memory => ({ memory, result: undefined })), clock.advance(100)])
    faults.push(forbidden)
    const deciding = decide(add('b'))
    await clock.advance(100)
    expect(await deciding).toMatchObject({ decided: 'stored' })
    expect(rows()).toEqual(['b'])
  })

  it('that was made on a memory that may be old is withdrawn before the newest is read', async () => {
    const { clock, decide, faults, ledger } = setUp()
    await Promise.all([decide(add('a')), clock.advance(100)])
    faults.push({ declined: status(503) })
    let isMade = false
    const deciding = ledger.decide(
      () => {
        isMade = true
        return { result: undefined, needsNewest: true }
      },
      { mayContinue: () => clock.monotonic() < 120, withdrawn: () => (isMade = false) },
    )
    await clock.advance(100)
    expect(await deciding).toEqual({ decided: 'given up' })
    expect(isMade).toBe(false)
  })

  it('is refused where there is no such kind of object', async () => {
    const { clock, decide, requests } = setUp(['answered', { declined: status(404, 'NotFound') }])
    const deciding = decide(add('a'))
    await clock.advance(1000)
    expect(await deciding).toMatchObject({ decided: 'refused' })
    expect(requests).toEqual(['GET', 'POST'])
  })

  it('is given up when nobody waits any more, and those behind it are made', async () => {
    const { clock, decide, faults, rows } = setUp()
    faults.push(...Array.from({ length: 3 }, () => 'lost on its way' as const))
    const [impatient, patient] = [decide(add('a'), 50), decide(add('b'))]
    await clock.advance(4000)
    expect(await impatient).toEqual({ decided: 'given up' })
    expect(await patient).toMatchObject({ decided: 'stored' })
    expect(rows()).toEqual(['b'])
    expect(clock.pending).toBe(0)
  })

  it('reports to its caller that what was judged has not been stored, but not when that is unknown', async () => {
    const { clock, decide, ledger, open, server } = setUp(['answered', 'answered'])
    await Promise.all([decide(add('a')), clock.advance(100)])
    await Promise.all([decide(add('b'), 4000, open('two')), clock.advance(100)])
    const calls: string[] = []
    const judge = (memory: Memory) => {
      calls.push('judged')
      return add('c')(memory)
    }
    const deciding = ledger.decide(asJudge(judge), {
      mayContinue: () => true,
      withdrawn: () => calls.push('withdrawn'),
    })
    await clock.advance(100)
    await deciding
    expect(calls).toEqual(['judged', 'withdrawn', 'judged'])
    expect(server.memory('web-up')?.rows).toHaveLength(3)
  })

  it('that throws harms none that come after it', async () => {
    const { clock, decide, rows } = setUp()
    const broken = decide(() => {
      throw new Error('a faulty judgement')
    }).catch((error: unknown) => error)
    const next = decide(add('a'))
    await clock.advance(100)
    expect(await broken).toEqual(new Error('a faulty judgement'))
    expect(await next).toMatchObject({ decided: 'stored' })
    expect(rows()).toEqual(['a'])
  })

  it('does not ask the server without a pause while it always conflicts', async () => {
    const { clock, decide, faults, requests } = setUp()
    faults.push(
      ...Array.from({ length: 5000 }, (_, i): NetworkFault => (i % 2 === 0 ? 'answered' : { declined: status(409) })),
    )
    const deciding = decide(add('a'))
    await clock.advance(5000)
    expect(await deciding).toEqual({ decided: 'given up' })
    expect(requests.length).toBeLessThan(60)
  })
})

describe('a record', () => {
  it('of a former hook of the same name remembers nothing of this one, and is taken over', async () => {
    const { clock, decide, rows, server } = setUp()
    server.putRecord('web-up', 'the former', JSON.stringify({ ...emptyMemory, rows: [{ key: 'a', at: 1 }] }))
    const deciding = decide(add('a'))
    await clock.advance(100)
    expect(await deciding).toEqual({ decided: 'stored', result: 'added' })
    expect(rows()).toEqual(['a'])
    expect(server.record('web-up')).toMatchObject({ metadata: { ownerReferences: [{ uid: 'u1' }] } })
  })

  it('of the hook that has the name now is left alone by what is late for a former one', async () => {
    const { clock, decide, ledger, open, rows, server } = setUp()
    ledger.note(delivery())
    server.hooks.set('web-up', 'u2')
    await Promise.all([decide(add('b'), 4000, open('two', 'u2')), clock.advance(100)])
    await Promise.all([ledger.flush(() => true), clock.advance(100)])
    const deciding = decide(add('a'))
    await clock.advance(100)
    expect(await deciding).toEqual({ decided: 'gone' })
    expect([rows(), ledger.idle]).toEqual([['b'], true])
  })

  it.each(['', 'no JSON', '{"rows": 1}'])('whose content is %j begins again, and the log says so', async content => {
    const { clock, decide, environment, rows, server } = setUp()
    server.putRecord('web-up', 'u1', content)
    const deciding = decide(add('a'))
    await clock.advance(100)
    expect(await deciding).toEqual({ decided: 'stored', result: 'added' })
    expect(rows()).toEqual(['a'])
    expect(environment.lines.join()).toContain('the record is unreadable')
  })
})

describe('an update that can wait', () => {
  it('is known at once, and stored with the next decision or when it is flushed', async () => {
    const { clock, decide, ledger, requests, server } = setUp()
    await Promise.all([decide(add('a')), clock.advance(100)])
    ledger.note(delivery())
    ledger.later(draft => draft.set({ ranAt: 7 }))
    expect(ledger.known()?.fields.ranAt).toBe(7)
    expect([ledger.dirty, ledger.idle]).toEqual([true, false])
    await Promise.all([decide(add('b')), clock.advance(100)])
    expect(server.memory('web-up')).toMatchObject({ counts: { applied: 1 }, ranAt: 7 })
    ledger.note(delivery('skipped'))
    await Promise.all([ledger.flush(() => true), clock.advance(100)])
    expect(server.memory('web-up')?.counts).toEqual({ applied: 1, skipped: 1 })
    expect(requests).toEqual(['GET', 'POST', 'PUT', 'PUT'])
    expect([ledger.dirty, ledger.idle]).toEqual([false, true])
  })

  it('is written once, where two want to flush it', async () => {
    const { clock, decide, ledger, requests, server } = setUp()
    await Promise.all([decide(add('a')), clock.advance(100)])
    ledger.note(delivery())
    await Promise.all([ledger.flush(() => true), ledger.flush(() => true), clock.advance(100)])
    expect(server.memory('web-up')?.counts).toEqual({ applied: 1 })
    expect(requests).toEqual(['GET', 'POST', 'PUT'])
  })

  it('that is made while a write is under way goes out with the one after it', async () => {
    const { clock, decide, ledger, server } = setUp()
    const deciding = decide(add('a'))
    await clock.advance(4.5)
    ledger.note(delivery())
    await clock.advance(100)
    await deciding
    expect(ledger.dirty).toBe(true)
    await Promise.all([ledger.flush(() => true), clock.advance(100)])
    expect(server.memory('web-up')?.counts).toEqual({ applied: 1 })
  })

  it.each<[string, NetworkFault]>([
    ['it was stored', 'answer lost'],
    ['it was not stored', 'lost on its way'],
    ['it is stored after that', { landsAfter: 300 }],
    ['it is stored just before it is written once more', { landsAfter: 999 }],
  ])('counts once when nobody waited for its outcome: %s', async (_name, fault) => {
    const { clock, faults, ledger, server } = setUp()
    ledger.note(delivery())
    faults.push('answered', fault, ...Array.from({ length: 9 }, () => 'never arrives' as const))
    const end = clock.monotonic() + 100
    await Promise.all([ledger.flush(() => clock.monotonic() < end), clock.advance(1000)])
    ledger.note(delivery('skipped'))
    faults.length = 0
    await Promise.all([ledger.flush(() => true), clock.advance(1000)])
    expect(server.memory('web-up')?.counts).toEqual({ applied: 1, skipped: 1 })
    expect(ledger.dirty).toBe(false)
  })

  it('is forgotten where the server will not have it, and the log says so', async () => {
    const { clock, environment, faults, ledger } = setUp()
    faults.push(...Array.from({ length: 5 }, () => ({ declined: status(403) })))
    ledger.note(delivery())
    await Promise.all([ledger.flush(() => true), clock.advance(2000)])
    expect(ledger.idle).toBe(true)
    expect(environment.lines.join()).toContain('not written')
  })

  it('is not known any more once it is forgotten', async () => {
    const { clock, faults, ledger } = setUp()
    faults.push('answered', { declined: status(422) })
    ledger.later(refusedAt(now))
    await Promise.all([ledger.flush(() => true), clock.advance(2000)])
    expect([ledger.idle, ledger.known()?.memory().fullAt]).toEqual([true, undefined])
    expect(ledger.known()).toBeDefined()
  })

  it('takes no room of its own where it reports a delivery: each is counted, and the newest are kept', async () => {
    const { clock, decide, ledger, server } = setUp()
    await Promise.all([decide(add('a')), clock.advance(100)])
    ledger.note(delivery())
    const deciding = decide(add('b'))
    await clock.advance(0.5)
    for (let i = 0; i < 12_000; i++) ledger.note(delivery(i % 3 === 0 ? 'skipped' : 'applied'))
    await clock.advance(100)
    await deciding
    expect(ledger.dirty).toBe(true)
    await Promise.all([ledger.flush(() => true), clock.advance(100)])
    const newest = Array.from({ length: 10 }, (_, back) => delivery((11_999 - back) % 3 === 0 ? 'skipped' : 'applied'))
    expect(server.memory('web-up')).toMatchObject({ counts: { applied: 8001, skipped: 4000 }, recent: newest })
    expect(ledger.dirty).toBe(false)
  })

  it('is not displaced by deliveries that come when there is no room', async () => {
    const { clock, ledger, server } = setUp()
    for (let i = 0; i < 10_000; i++) ledger.later(draft => draft.set({ ranAt: (draft.fields.ranAt ?? 0) + 1 }))
    for (let i = 0; i < 3; i++) ledger.note(delivery())
    await Promise.all([ledger.flush(() => true), clock.advance(100)])
    expect(server.memory('web-up')).toMatchObject({ ranAt: 10_000, counts: {} })
  })

  it('is one of ten thousand at the most', () => {
    const { ledger } = setUp()
    let run = 0
    for (let i = 0; i < 10_100; i++) {
      ledger.later(memory => {
        run += 1
        return memory
      })
    }
    expect(ledger.dirty).toBe(true)
    expect(run).toBe(0)
  })
})

const deliveries = fc
  .record({ at: fc.integer({ min: now, max: now + 30 }), outcome: fc.constantFrom('applied', 'failed', 'skipped') })
  .map((delivered): RecentDelivery => ({ sender: 'plain', reason: 'Stepped', ...delivered }))

const acts = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: deliveries.map(delivered => ({ act: 'note' as const, delivered })) },
    fc.integer({ min: 0, max: 30 }).map(ms => ({ act: 'later' as const, update: refusedAt(now + ms) })),
    deliveries.map(reported => ({ act: 'amend' as const, reported })),
    fc.constantFrom({ act: 'look' as const }, { act: 'write' as const }, { act: 'stored' as const }),
  ),
  { maxLength: 120, size: 'max' },
)

/** Returns what of a memory is looked at before a write: all but the reports, by which nothing is decided. */
const undecided = ({ fullAt, groups, rows }: Memory) => ({ fullAt, groups, rows })

property('what waits is applied as if each update and each delivery had been added by itself', [acts], async all => {
  const { clock, ledger, server } = setUp()
  const added: Change[] = []
  const plainly = (count = added.length) =>
    added.slice(0, count).reduce((memory, update) => update(memory), emptyMemory)
  const always = { mayContinue: () => true }
  await Promise.all([ledger.decide(() => ({ result: 0 }), always), clock.advance(100)])
  /** How many of what was added is stored, and the write in progress with how many it includes. */
  let stored = 0
  let writing: { readonly count: number; readonly written: Promise<unknown> } | undefined
  const write = async () => {
    writing ??= { count: added.length, written: ledger.decide(draft => ({ result: draft.set({}) }), always) }
    await clock.advance(0)
  }
  const end = async () => {
    if (!writing) return
    await Promise.all([writing.written, clock.advance(100)])
    stored = writing.count
    writing = undefined
    const { counts, fullAt, recent } = plainly(stored)
    expect(server.memory('web-up')).toMatchObject({ counts, recent, ...(fullAt !== undefined && { fullAt }) })
  }
  for (const done of all) {
    switch (done.act) {
      case 'note':
        ledger.note(done.delivered)
        added.push(noted(noteOf(done.delivered)))
        break
      case 'later':
        ledger.later(done.update)
        added.push(done.update)
        break
      case 'amend': {
        const update = changeBy(draft => withState(draft, done.reported, undefined, { state: 'complete' }))
        ledger.amend(update)
        added.push(update)
        break
      }
      case 'look':
        expect(undecided(ledger.known()?.memory() ?? emptyMemory)).toEqual(undecided(plainly()))
        break
      case 'write':
        await write()
        break
      case 'stored':
        await end()
    }
    expect(ledger.dirty).toBe(added.length > stored)
  }
  await end()
  await write()
  await end()
  expect([stored, ledger.dirty]).toEqual([added.length, false])
})

describe('several ledgers of one record', () => {
  const fault: fc.Arbitrary<NetworkFault> = fc.oneof(
    { weight: 4, arbitrary: fc.constant('answered') },
    fc.constantFrom<NetworkFault>('answer lost', 'lost on its way', 'never arrives'),
    fc.record({ landsAfter: fc.nat(900) }),
    fc.constantFrom(500, 504).map(code => ({ saysInstead: status(code) })),
    fc.constantFrom(401, 429, 500, 503).map(code => ({ declined: status(code) })),
  )
  const acts = fc.array(
    fc.record({
      at: fc.nat(1500),
      by: fc.nat(2),
      act: fc.constantFrom('decide' as const, 'later' as const, 'flush' as const),
      withinMs: fc.constantFrom(20, 200, 4000),
    }),
    { minLength: 1, maxLength: 20 },
  )

  property(
    'store each decision once and count each update once',
    [acts, fc.array(fault, { maxLength: 60 })],
    async (script, faults) => {
      const { clock, decide, open, server } = setUp(faults)
      const ledgers = [open('one'), open('two'), open('three')]
      const [first] = ledgers
      if (!first) return
      const answers: Promise<readonly [number, Decided<string>]>[] = []
      let laters = 0
      for (const [index, { act, at, by, withinMs }] of script.entries()) {
        const ledger = ledgers[by] ?? first
        clock.after(at, () => {
          if (act === 'later') {
            laters += 1
            ledger.note(delivery())
          } else if (act === 'flush') {
            const end = clock.monotonic() + withinMs
            void ledger.flush(() => clock.monotonic() < end)
          } else {
            answers.push(decide(add(`${index}`, index), withinMs, ledger).then(made => [index, made]))
          }
        })
      }
      await clock.advance(30_000)
      await Promise.all([...ledgers.map(ledger => ledger.flush(() => true)), clock.advance(30_000)])
      const memory = server.memory('web-up') ?? emptyMemory
      expect(memory.counts['applied'] ?? 0).toBe(laters)
      const keys = memory.rows.map(({ key }) => Number(key))
      expect(new Set(keys).size).toBe(keys.length)
      for (const [index, made] of await Promise.all(answers)) {
        if (made.decided === 'stored') expect([made.result, keys.includes(index)]).toEqual(['added', true])
      }
      expect(clock.pending).toBe(0)
    },
  )
})
