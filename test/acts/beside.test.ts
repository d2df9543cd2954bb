import { describe, expect, it } from 'vitest'
import type { Act, Acts, ActOptions, MayContinue, Work, Worked } from '../../src/acts/acts.ts'
import type { Delivery } from '../../src/api/delivery.ts'
import type { Outcome } from '../../src/api/outcome.ts'
import type { OpenAct } from '../../src/api/record.ts'
import { runningActs } from '../../src/acts/running.ts'
import { defaultLimits } from '../../src/record/memory.ts'
import { decided } from '../../src/record/protocol.ts'
import { deliveryOfAlerts } from '../../src/senders/alerts.ts'
import { rfc3339 } from '../../src/environment/time.ts'
import type { MemoryDraft } from '../../src/record/draft.ts'
import { testEnvironment } from '../support/environment.ts'
import { notification } from '../support/alertmanager.ts'
import { done, processes } from './processes.ts'

/** Returns two acts, each of them by another process, the first of which works until it is let go. */
const two = async (names: readonly [string, string], how: ActOptions) => {
  const { actsOf, clock, end } = processes(2)
  const began: { readonly id: string; readonly process: number }[] = []
  const { promise: held, resolve: letGo } = Promise.withResolvers<Worked>()
  const outcomes: (Outcome | undefined)[] = [undefined, undefined]
  const begin = (process: 0 | 1, work: () => Promise<Worked>): void => {
    const noted: Work = act => {
      began.push({ id: act.id, process })
      return work()
    }
    void actsOf[process]?.(names[process])
      .once(noted, how)
      .then(outcome => (outcomes[process] = outcome))
  }
  begin(0, () => held)
  await clock.advance(200)
  begin(1, () => Promise.resolve(done))
  return {
    began,
    outcomes,
    clock,
    end,
    letGo: () => letGo(done),
    processesOf: () => began.map(({ process }) => process),
  }
}

describe('an act that must be alone among those of its hook', () => {
  it('begins when the other is done', async () => {
    const { clock, end, letGo, processesOf } = await two(['one', 'another'], { serial: true })
    await clock.advance(5000)
    expect(processesOf()).toEqual([0])
    letGo()
    await clock.advance(5000)
    expect(processesOf()).toEqual([0, 1])
    end()
  })

  it('begins when the process that began the other has been silent for ten seconds', async () => {
    const { clock, end, processesOf } = await two(['one', 'another'], { serial: true })
    await clock.advance(9000)
    expect(processesOf()).toEqual([0])
    await clock.advance(2500)
    expect(processesOf()).toEqual([0, 1])
    end()
  })

  it('waits for nobody where it need not be alone', async () => {
    const { clock, end, processesOf } = await two(['one', 'another'], {})
    await clock.advance(100)
    expect(processesOf()).toEqual([0, 1])
    end()
  })
})

describe('a dry run of an act', () => {
  it('says of a copy that it would be a duplicate, and of another delivery what would be done', async () => {
    const { actsOf, clock, contexts, end, services } = processes(1)
    let works = 0
    const work: Work = () => {
      works += 1
      return Promise.resolve(done)
    }
    void actsOf[0]?.('one').once(work, {})
    await clock.advance(2000)
    expect(works).toBe(1)
    const tried = async (key: string): Promise<Outcome | undefined> => {
      const context = contexts[0]?.({ sender: 'plain', phase: 'none', identity: { key } })
      const outcome = context && services[0]?.of({ ...context, dryRun: true }).once(work, {})
      await clock.advance(2000)
      return await outcome
    }
    expect(await tried('one')).toMatchObject({ outcome: 'skipped', reason: 'Duplicate' })
    expect(works).toBe(1)
    expect(await tried('another')).toMatchObject({ outcome: 'applied' })
    // It has begun nothing, so it can be asked again.
    expect(await tried('another')).toMatchObject({ outcome: 'applied' })
    end()
  })
})

describe('a copy of an act', () => {
  it('does the same act at once, under the same name', async () => {
    const { began, clock, end } = await two(['one', 'one'], {})
    await clock.advance(100)
    expect(began.map(({ process }) => process)).toEqual([0, 1])
    expect(new Set(began.map(({ id }) => id)).size).toBe(1)
    end()
  })

  it('waits for the first where one alone may work, and is answered with what the first has done', async () => {
    const { clock, end, letGo, outcomes, processesOf } = await two(['one', 'one'], { alone: true })
    await clock.advance(5000)
    expect(processesOf()).toEqual([0])
    letGo()
    await clock.advance(5000)
    expect(processesOf()).toEqual([0])
    expect(outcomes[1]).toMatchObject({ outcome: 'skipped', reason: 'Duplicate' })
    end()
  })

  it('where one alone may work does what is left at once in the process that left it, and waits in another', async () => {
    const { actsOf, clock, end } = processes(2)
    const began: string[] = []
    const attempt = (process: 0 | 1, worked: Worked): void => {
      const work: Work = ({ id }) => {
        began.push(`${process} ${id}`)
        return Promise.resolve(worked)
      }
      void actsOf[process]?.('one').once(work, { alone: true })
    }
    const message = 'the Service answered 500'
    const left: Worked = {
      worked: 'unfinished',
      outcome: { outcome: 'unavailable', reason: 'ServiceUnavailable', message },
    }
    attempt(0, left)
    await clock.advance(1000)
    attempt(1, done)
    await clock.advance(1000)
    expect(began).toHaveLength(1)
    attempt(0, done)
    await clock.advance(1000)
    expect(began).toEqual([began[0], began[0]])
    await clock.advance(20_000)
    expect(began).toHaveLength(2)
    end()
  })

  it('does what is left, under the same name, when the first has been silent for ten seconds', async () => {
    const { began, clock, end, processesOf } = await two(['one', 'one'], { alone: true })
    await clock.advance(12_000)
    expect(processesOf()).toEqual([0, 1])
    expect(new Set(began.map(({ id }) => id)).size).toBe(1)
    end()
  })
})

describe('a copy of a serial act', () => {
  const once = (acts: Acts | undefined, work: Work): Promise<Outcome> => {
    if (!acts) throw new Error('there is no such process')
    return acts.once(work, { serial: true })
  }
  const never = new Promise<never>(() => {})

  it('is taken up by one process alone, with the same id, ten seconds after each has first seen it', async () => {
    const { actsOf, clock, end } = processes(3)
    const began: { readonly process: number; readonly act: Act; readonly until: MayContinue }[] = []
    const begin = (process: number, name: string): void => {
      const work: Work = (act, until) => {
        began.push({ process, act, until })
        return never
      }
      void once(actsOf[process]?.(name), work)
    }
    begin(0, 'one')
    await clock.advance(1000)
    for (const process of [1, 2]) begin(process, 'one')
    await clock.advance(9500)
    expect(began.map(({ process }) => process)).toEqual([0])
    // The work that was silent may not go on by then.
    expect(await began[0]?.until()).toBe(false)
    await clock.advance(1500)
    expect(began).toHaveLength(2)
    await clock.advance(7000)
    expect(began).toHaveLength(2)
    expect(new Set(began.map(({ act }) => act.id)).size).toBe(1)
    expect(began.map(({ act }) => act.isResumed)).toEqual([false, true])
    end()
  })

  it('waits a second for one that its own process has left, whose last request may still be stored', async () => {
    const { actsOf, clock, end } = processes(1)
    const outcome = { outcome: 'unavailable', reason: 'Unfinished', message: 'the answer was lost' } as const
    const began: string[] = []
    const begin = (name: string, worked: Worked): void =>
      void once(actsOf[0]?.(name), () => {
        began.push(name)
        return Promise.resolve(worked)
      })
    begin('one', { worked: 'unfinished', outcome })
    await clock.advance(100)
    begin('two', done)
    await clock.advance(800)
    expect(began).toEqual(['one'])
    await clock.advance(1500)
    expect(began).toEqual(['one', 'two'])
    end()
  })

  it('waits ten seconds for all acts that another process has left, and not for one after the other', async () => {
    const { actsOf, clock, end } = processes(2)
    const outcome = { outcome: 'unavailable', reason: 'Unfinished', message: 'the API server is away' } as const
    for (const name of ['one', 'two', 'three']) {
      void once(actsOf[0]?.(name), () => Promise.resolve({ worked: 'unfinished', outcome }))
      await clock.advance(1000)
    }
    let hasBegun = false
    void once(actsOf[1]?.('four'), () => {
      hasBegun = true
      return Promise.resolve(done)
    })
    await clock.advance(9000)
    expect(hasBegun).toBe(false)
    await clock.advance(2500)
    expect(hasBegun).toBe(true)
    end()
  })

  it('is not taken up in the last moment of a post, which would leave it to nobody for ten seconds more', async () => {
    const { actsOf, clock, end, slow } = processes(2)
    const began: number[] = []
    const begin = (process: number): void =>
      void once(actsOf[process]?.('one', 4000), () => {
        began.push(process)
        return never
      })
    begin(0)
    await clock.advance(500)
    slow.putMs = 100
    begin(1)
    await clock.advance(6300)
    // Ten seconds are over between the last two looks of this post.
    begin(1)
    await clock.advance(4200)
    begin(1)
    await clock.advance(1000)
    expect(began).toEqual([0, 1])
    end()
  })

  it('is done where another act has stored that, before it removed the evidence', async () => {
    const { actsOf, clock, end } = processes(2)
    let id = ''
    void once(actsOf[0]?.('one'), act => {
      ;({ id } = act)
      return never
    })
    await clock.advance(100)
    let isSettled: boolean | undefined
    const other = actsOf[1]?.('other')
    if (!other) throw new Error('there is no such process')
    void once(other, async () => {
      isSettled = await other.settle(id, done.outcome)
      return done
    })
    await clock.advance(12_000)
    expect(isSettled).toBe(true)
    let outcome: Outcome | undefined
    void once(actsOf[1]?.('one'), () => never).then(result => (outcome = result))
    await clock.advance(2000)
    expect(outcome).toMatchObject({ outcome: 'skipped', reason: 'Duplicate' })
    expect(await other.settle('another', done.outcome)).toBe(true)
    end()
  })

  it('is a copy still after many deliveries without an idempotency key', async () => {
    const { actsOf, clock, end } = processes(1, { ...defaultLimits, rows: 4 })
    const outcomes: Outcome[] = []
    for (const name of ['one', ...Array.from({ length: 6 }, () => undefined), 'one']) {
      void once(actsOf[0]?.(name), () => Promise.resolve(done)).then(outcome => outcomes.push(outcome))
      await clock.advance(1000)
    }
    expect(outcomes.map(({ outcome }) => outcome)).toEqual([...Array.from({ length: 7 }, () => 'applied'), 'skipped'])
    end()
  })
})

it('alerts that begin again while an act of theirs is open get an act of their own', async () => {
  const { clock, contexts, end, services } = processes(1)
  const contextFor = contexts[0]
  const service = services[0]
  if (!contextFor || !service) throw new Error('there is one process')
  const ids: string[] = []
  const open: ((worked: Worked) => void)[] = []
  const report = (status: 'firing' | 'resolved', began: number): Delivery => {
    const { alerts, ...body } = notification(status, status === 'firing' ? 'first notification' : 'all alerts resolved')
    const times = { startsAt: rfc3339(began), ...(status === 'resolved' && { endsAt: rfc3339(began + 1000) }) }
    return deliveryOfAlerts('alertmanager', { ...body, alerts: alerts.map(alert => ({ ...alert, ...times })) })
  }
  const post = async (began: number): Promise<void> => {
    const work: Work = act => {
      ids.push(act.id)
      return new Promise(resolve => open.push(resolve))
    }
    void service.of(contextFor(report('firing', began))).once(work)
    await clock.advance(100)
  }
  const began = Date.UTC(2026, 0, 1)
  await post(began)
  const ended = contextFor(report('resolved', began))
  const skip = { state: 'skipped', reason: 'Resolved' } as const
  const note = (draft: MemoryDraft, now: number) => ({ result: decided(draft, ended, now, skip) })
  void ended.ledger().decide(note, { mayContinue: () => true })
  await clock.advance(100)
  await post(began + 2000)
  await post(began + 2000)
  expect(new Set(ids).size).toBe(2)
  for (const letGo of open) letGo(done)
  await clock.advance(100)
  await post(began + 2000)
  await post(began)
  expect(ids).toHaveLength(2)
  end()
})

it('an act that nobody works on is held for ten seconds, however many acts of other hooks are left', async () => {
  const environment = testEnvironment()
  const { clock } = environment
  const running = runningActs(environment)
  const actOf = (id: string): OpenAct => ({ key: id, at: clock.now(), id })
  const own = actOf('own')
  const others = Array.from({ length: 1024 }, (_, n) => actOf(`other ${n}`))
  for (let looks = 0; looks < 15; looks++) {
    running.noteHeld(own)
    for (const other of others) running.noteHeld(other)
    await clock.advance(800)
  }
  expect(running.noteHeld(own)).toBe(false)
})
