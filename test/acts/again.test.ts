import { describe, expect, it } from 'vitest'
import type { ActOptions, Work, Worked } from '../../src/acts/acts.ts'
import type { Delivery } from '../../src/api/delivery.ts'
import type { Outcome } from '../../src/api/outcome.ts'
import { workloadKind } from '../../src/drivers/rollouts/kinds.ts'
import { rolloutOutcome, type Rollout } from '../../src/drivers/rollouts/outcome.ts'
import { planRestart } from '../../src/drivers/rollouts/plan.ts'
import { rfc3339 } from '../../src/environment/time.ts'
import type { DeliveryContext } from '../../src/record/context.ts'
import { decided } from '../../src/record/protocol.ts'
import type { MemoryDraft } from '../../src/record/draft.ts'
import { deliveryOfAlerts } from '../../src/senders/alerts.ts'
import { storeSkip } from '../../src/steps/skip.ts'
import { notification } from '../support/alertmanager.ts'
import { testEnvironment } from '../support/environment.ts'
import { done, processes } from './processes.ts'

const named = (key: string): Delivery => ({ sender: 'plain', phase: 'none', identity: { key, newsAt: 0 } })

const left: Worked = {
  worked: 'unfinished',
  outcome: { outcome: 'unavailable', reason: 'Unfinished', message: 'the API server is away' },
}

const nothing: Worked = {
  worked: 'done',
  wasDone: true,
  outcome: { outcome: 'unchanged', reason: 'UpToDate', summary: 'Deployment/web', changes: [] },
}

/** Returns some processes, and a way to post a delivery to one of them. */
const start = (count: number) => {
  const { clock, contexts, end, services, ...rest } = processes(count)
  const contextFor = (process: number, delivery: Delivery, more: Partial<DeliveryContext> = {}): DeliveryContext => {
    const context = contexts[process]?.(delivery)
    if (!context) throw new Error('there is no such process')
    return { ...context, ...more }
  }
  const postedTo = (
    process: number,
    delivery: Delivery,
    work: Work,
    more: Partial<DeliveryContext> = {},
    how: ActOptions = {},
  ): Promise<Outcome> => {
    const service = services[process]
    if (!service) throw new Error('there is no such process')
    return service.of(contextFor(process, delivery, more)).once(work, how)
  }
  return {
    ...rest,
    clock,
    contextFor,
    end,
    postedTo,
    /** Posts a delivery, lets more than a second pass, and returns the outcome. */
    post: async (...posted: Parameters<typeof postedTo>): Promise<Outcome | undefined> => {
      let outcome: Outcome | undefined
      void postedTo(...posted).then(result => (outcome = result))
      await clock.advance(1500)
      return outcome
    },
  }
}

const ends =
  (worked: Worked): Work =>
  () =>
    Promise.resolve(worked)
const never: Work = () => new Promise(() => {})

const begin = Date.UTC(2026, 0, 1)
const report = (status: 'firing' | 'resolved', began: number, hasReason = true): Delivery => {
  const reason = status === 'firing' ? 'first notification' : 'all alerts resolved'
  const { alerts, ...body } = notification(status, hasReason ? reason : '')
  const times = { startsAt: rfc3339(began), ...(status === 'resolved' && { endsAt: rfc3339(began + 60_000) }) }
  return deliveryOfAlerts('alertmanager', { ...body, alerts: alerts.map(alert => ({ ...alert, ...times })) })
}

describe('an act that is finished long after it has begun', () => {
  const cooldown = { cooldownMs: 300_000 }
  const limits = { limits: [{ most: 1, within: '5m', withinMs: 300_000 }] }

  it('begins the cooldown of its hook when it is finished', async () => {
    const { clock, end, post } = start(1)
    await post(0, named('one'), ends(left), cooldown)
    await clock.advance(360_000)
    expect(await post(0, named('one'), ends(done), cooldown)).toMatchObject({ outcome: 'applied' })
    expect(await post(0, named('two'), ends(done), cooldown)).toMatchObject({ reason: 'CoolingDown' })
    end()
  })

  it('counts for a limit when it is finished', async () => {
    const { clock, end, post } = start(1)
    await post(0, named('one'), ends(left), limits)
    await clock.advance(360_000)
    expect(await post(0, named('one'), ends(done), limits)).toMatchObject({ outcome: 'applied' })
    expect(await post(0, named('two'), ends(done), limits)).toMatchObject({ reason: 'LimitReached' })
    end()
  })

  it('counts for cooldown and limits if the process that has died had done all', async () => {
    for (const bound of [cooldown, limits]) {
      const { clock, end, post } = start(2)
      await post(0, named('one'), never, bound)
      await clock.advance(12_000)
      expect(await post(1, named('one'), ends(nothing), bound)).toMatchObject({ outcome: 'unchanged' })
      expect(await post(1, named('two'), ends(done), bound)).toMatchObject({ outcome: 'skipped' })
      end()
    }
  })
})

describe('a workload that has this very restart', () => {
  const workloads = workloadKind('Deployment')
  if (!workloads) throw new Error('there are Deployments')
  const rolled = (ids: string): Rollout => {
    const annotations = { 'pushed.receiverhooks.dev/restarted.at': `5 ${ids}` }
    const object = { metadata: { name: 'web', uid: 'u', resourceVersion: '1', annotations } }
    const { left, marks } = planRestart(object, workloads, { id: 'one', at: 1 })
    return { name: 'Deployment/web', rolled: { rolled: 'nothing', left, marks } }
  }
  const refused: Rollout = {
    name: 'Deployment/shop',
    rolled: { rolled: 'refused', forbidden: false, message: 'a webhook refuses it' },
  }

  it('says that it was done before, and one that runs later pods does not', () => {
    expect(rolloutOutcome([rolled('two one')], undefined)).toMatchObject({
      worked: 'done',
      wasDone: true,
      outcome: { outcome: 'unchanged' },
    })
    expect(rolloutOutcome([rolled('two')], undefined)).not.toHaveProperty('wasDone')
  })

  it('keeps its act open while another workload refuses it: a new act would restart it once more', () => {
    expect(rolloutOutcome([rolled('one'), refused], undefined)).toMatchObject({
      worked: 'unfinished',
      outcome: { outcome: 'failed', reason: 'PartlyDone' },
    })
    expect(rolloutOutcome([rolled('two'), refused], undefined)).toMatchObject({ worked: 'failed' })
  })
})

describe('a copy that is to finish an act of another process', () => {
  for (const how of [{ alone: true }, { serial: true }] as const) {
    it(`does nothing with a hook that was changed while the copy waited: ${Object.keys(how)[0]}`, async () => {
      const { clock, end, post } = start(2)
      await post(0, named('one'), never, {}, how)
      await clock.advance(1000)
      let isCurrent = true
      let works = 0
      const work: Work = () => {
        works += 1
        return Promise.resolve(done)
      }
      const posted = post(1, named('one'), work, { isCurrent: () => isCurrent }, how)
      await posted
      isCurrent = false
      await clock.advance(15_000)
      expect(works).toBe(0)
      end()
    })
  }
})

it('a copy that waits for another process is answered when its time is over, and not a moment later', async () => {
  const { clock, end, post, postedTo } = start(2)
  await post(0, named('one'), never, {}, { alone: true })
  let outcome: Outcome | undefined
  const copy = postedTo(1, named('one'), ends(done), { deadline: clock.monotonic() + 4000 }, { alone: true })
  void copy.then(result => (outcome = result))
  await clock.advance(4050)
  expect(outcome).toMatchObject({ outcome: 'unavailable', reason: 'Contended' })
  end()
})

it('a serial act that is taken up hours after it has begun is still alone', async () => {
  const { clock, end, post } = start(2)
  const serial = { serial: true } as const
  await post(0, named('one'), ends(left), {}, serial)
  await clock.advance(2 * 3_600_000)
  let isWorking = false
  const resumed: Work = (act, mayContinue, progress) => {
    isWorking = true
    return never(act, mayContinue, progress)
  }
  await post(0, named('one'), resumed, {}, serial)
  expect(isWorking).toBe(true)
  let hasBegun = false
  const other: Work = () => {
    hasBegun = true
    return Promise.resolve(done)
  }
  await post(1, named('two'), other, {}, serial)
  expect(hasBegun).toBe(false)
  await clock.advance(12_000)
  expect(hasBegun).toBe(true)
  end()
})

describe('alerts that begin again', () => {
  const day = { dedupeWindowMs: 24 * 3_600_000 }

  it('count while the act of their last end is not finished', async () => {
    const { clock, end, post } = start(1)
    expect(await post(0, report('firing', begin), ends(done), day)).toMatchObject({ outcome: 'applied' })
    expect(await post(0, report('resolved', begin), ends(left), day)).toMatchObject({ outcome: 'unavailable' })
    await clock.advance(3_600_000)
    expect(await post(0, report('firing', begin + 3_600_000), ends(done), day)).toMatchObject({ outcome: 'applied' })
    end()
  })

  it('end with a delivery of their own while the act of their beginning is not finished', async () => {
    const { clock, end, post } = start(1)
    for (const status of ['firing', 'resolved'] as const) {
      expect(await post(0, report(status, begin), ends(done), day)).toMatchObject({ outcome: 'applied' })
    }
    await clock.advance(3_600_000)
    expect(await post(0, report('firing', begin + 3_600_000), ends(left), day)).toMatchObject({
      outcome: 'unavailable',
    })
    await clock.advance(60_000)
    expect(await post(0, report('resolved', begin + 3_600_000), ends(done), day)).toMatchObject({ outcome: 'applied' })
    end()
  })
})

describe('copies of the end of alerts', () => {
  it('have one act while it is in progress, though nothing says that they are no repeat', async () => {
    const { clock, end, post } = start(2)
    const ids: string[] = []
    const noted: Work = act => {
      ids.push(act.id)
      return never(
        act,
        () => Promise.resolve(true),
        () => {},
      )
    }
    await post(0, report('firing', begin, false), ends(done))
    for (const process of [0, 1]) await post(process, report('resolved', begin, false), noted)
    expect(new Set(ids).size).toBe(1)
    await clock.advance(10_000)
    end()
  })
})

it('a post that may only ask is answered by what the record says, and stores nothing', async () => {
  const { clock, end, post, writes } = start(2)
  const unwanted: Worked = {
    worked: 'failed',
    outcome: { outcome: 'skipped', reason: 'NotForThisHook', message: 'the message names no image' },
  }
  const asking = { isAskable: true }
  const asks = { asks: true } as const
  expect(await post(0, named('one'), ends(unwanted), asking, asks)).toBe(unwanted.outcome)
  await clock.advance(30_000)
  expect(writes()).toBe(0)
  await post(0, named('one'), ends(left), { ...asking, of: 'body' })
  for (const process of [0, 1]) {
    const asked = await post(process, named('one'), ends(unwanted), asking, asks)
    expect(asked).toMatchObject({ outcome: 'unavailable', reason: 'Unfinished' })
  }
  await post(0, named('one'), ends(done), { ...asking, of: 'body' })
  await clock.advance(30_000)
  const written = writes()
  for (const process of [0, 1]) {
    const asked = await post(process, named('one'), ends(unwanted), asking, asks)
    expect(asked).toMatchObject({ outcome: 'skipped', reason: 'Duplicate' })
  }
  await clock.advance(30_000)
  expect(writes()).toBe(written)
  end()
})

it('a delivery is not skipped while its act goes on, which may take a minute', async () => {
  const { clock, contextFor, end, post } = start(2)
  await post(0, named('one'), never)
  await clock.advance(50_000)
  const skip = { outcome: 'skipped', reason: 'Suspended', message: 'the hook is suspended' } as const
  let outcome: Outcome | undefined
  const context = contextFor(1, named('one'), { deadline: clock.monotonic() + 4000 })
  void storeSkip(skip, context, testEnvironment({ clock })).then(result => (outcome = result))
  await clock.advance(5000)
  expect(outcome).toMatchObject({ outcome: 'unavailable', reason: 'Contended' })
  end()
})

describe('the skip of a delivery whose act is not finished', () => {
  it('is final: a copy after the hook is resumed runs nothing', async () => {
    const { clock, contextFor, end, post } = start(1)
    await post(0, named('one'), ends(left))
    await clock.advance(82_000)
    const skip = { outcome: 'skipped', reason: 'Suspended', message: 'the hook is suspended' } as const
    let outcome: Outcome | undefined
    void storeSkip(skip, contextFor(0, named('one')), testEnvironment({ clock })).then(result => (outcome = result))
    await clock.advance(1000)
    expect(outcome).toMatchObject({ reason: 'Suspended' })
    expect(await post(0, named('one'), ends(done))).toMatchObject({ outcome: 'skipped', reason: 'Duplicate' })
    end()
  })

  it('leaves a key to the body that it has come with', async () => {
    const { clock, contextFor, end, post } = start(1)
    await post(0, named('one'), ends(left), { of: 'body one' })
    await clock.advance(82_000)
    const skip = { outcome: 'skipped', reason: 'Suspended', message: 'the hook is suspended' } as const
    const context = contextFor(0, named('one'), { of: 'body two' })
    let outcome: Outcome | undefined
    void storeSkip(skip, context, testEnvironment({ clock })).then(result => (outcome = result))
    await clock.advance(1000)
    expect(outcome).toMatchObject({ outcome: 'failed', reason: 'KeyReused' })
    expect(await post(0, named('one'), ends(done), { of: 'body one' })).toMatchObject({ outcome: 'applied' })
    end()
  })

  it('is not stored for a post without a body that asks about it', async () => {
    const { clock, contextFor, end, post } = start(1)
    await post(0, named('one'), ends(left), { isAskable: true, of: 'body' })
    await clock.advance(82_000)
    const skip = { outcome: 'skipped', reason: 'Suspended', message: 'the hook is suspended' } as const
    const context = contextFor(0, named('one'), { isAskable: true })
    let outcome: Outcome | undefined
    void storeSkip(skip, context, testEnvironment({ clock })).then(result => (outcome = result))
    await clock.advance(1000)
    expect(outcome).toMatchObject({ outcome: 'unavailable', reason: 'Unfinished' })
    expect(await post(0, named('one'), ends(done), { isAskable: true, of: 'body' })).toMatchObject({
      outcome: 'applied',
    })
    end()
  })

  it('is not final for alerts that are repeated: their act is continued, with its id', async () => {
    const { clock, contextFor, end, post } = start(1)
    const ids: string[] = []
    const noted =
      (worked: Worked): Work =>
      act => {
        ids.push(act.id)
        return Promise.resolve(worked)
      }
    const day = { dedupeWindowMs: 24 * 3_600_000 }
    await post(0, report('firing', begin, false), noted(left), day)
    await clock.advance(82_000)
    const skip = { outcome: 'skipped', reason: 'Suspended', message: 'the hook is suspended' } as const
    void storeSkip(skip, contextFor(0, report('firing', begin, false), day), testEnvironment({ clock }))
    await clock.advance(60_000)
    expect(await post(0, report('firing', begin, false), noted(done), day)).toMatchObject({ outcome: 'applied' })
    expect(ids).toEqual([ids[0], ids[0]])
    end()
  })
})

describe('an act that is taken up long after it has begun', () => {
  it('keeps the cooldown of its hook meanwhile', async () => {
    const { clock, end, post } = start(2)
    const bound = { cooldownMs: 300_000 }
    await post(0, named('one'), ends(left), bound)
    await clock.advance(360_000)
    await post(0, named('one'), never, bound)
    expect(await post(1, named('two'), ends(done), bound)).not.toMatchObject({ outcome: 'applied' })
    end()
  })

  it('counts for a limit meanwhile', async () => {
    const { clock, end, post } = start(2)
    const bound = { limits: [{ most: 1, within: '5m', withinMs: 300_000 }] }
    await post(0, named('one'), ends(left), bound)
    await clock.advance(360_000)
    await post(0, named('one'), never, bound)
    expect(await post(1, named('two'), ends(done), bound)).not.toMatchObject({ outcome: 'applied' })
    end()
  })

  it('is no skip meanwhile', async () => {
    const { clock, contextFor, end, post } = start(2)
    await post(0, named('one'), ends(left))
    await clock.advance(120_000)
    await post(0, named('one'), never)
    const skip = { outcome: 'skipped', reason: 'Suspended', message: 'the hook is suspended' } as const
    let outcome: Outcome | undefined
    const context = contextFor(1, named('one'), { deadline: clock.monotonic() + 4000 })
    void storeSkip(skip, context, testEnvironment({ clock })).then(result => (outcome = result))
    await clock.advance(5000)
    expect(outcome).toMatchObject({ outcome: 'unavailable' })
    end()
  })
})

it('an act begins at a hook that has scaled before, though a process has died with a claim of that time', async () => {
  const { clock, contextFor, end, post } = start(1)
  const bound = { cooldownMs: 300_000 }
  const scaled = contextFor(0, named('step'), bound)
  const target = 'apps/v1/deployments/Deployment/web'
  const claim = { mark: 'rhook.other', target, uid: 'u1', version: '7', to: 3, helped: false }
  const note = (draft: MemoryDraft, now: number) => ({
    result: decided(draft, scaled, now, { state: 'claimed', from: 2, to: 3, claim }),
  })
  void scaled.ledger().decide(note, { mayContinue: () => true })
  await clock.advance(3_600_000)
  expect(await post(0, named('job'), ends(done), { ...bound, deadline: clock.monotonic() + 400 })).toMatchObject({
    outcome: 'applied',
  })
  end()
})

it('an alert that was skipped since an earlier Job ran counts with a later repeat', async () => {
  const { clock, end, post } = start(1)
  const day = { dedupeWindowMs: 24 * 3_600_000 }
  const running: Worked = {
    worked: 'done',
    outcome: { outcome: 'skipped', reason: 'JobRunning', message: 'Job/one from an earlier delivery is still running' },
  }
  expect(await post(0, report('firing', begin, false), ends(running), day)).toMatchObject({ reason: 'JobRunning' })
  await clock.advance(3_600_000)
  expect(await post(0, report('firing', begin, false), ends(done), day)).toMatchObject({ outcome: 'applied' })
  end()
})

describe('an act of alerts that ends after a later report of their group', () => {
  const day = { dedupeWindowMs: 24 * 3_600_000 }
  const serial = { serial: true } as const
  const skipped: Worked = {
    worked: 'done',
    outcome: { outcome: 'skipped', reason: 'JobRunning', message: 'Job/one from an earlier delivery is still running' },
  }
  const firing = (...names: readonly string[]): Delivery => {
    const { alerts, ...body } = notification('firing', '')
    const [alert] = alerts
    const times = { startsAt: rfc3339(begin) }
    return deliveryOfAlerts('alertmanager', {
      ...body,
      alerts: names.map(name => ({ ...alert, ...times, fingerprint: name, labels: { ...alert?.labels, pod: name } })),
    })
  }

  it('does not say that the hook could not run for that report', async () => {
    const { clock, end, post } = start(1)
    await post(0, firing('a'), ends(left), day, serial)
    await clock.advance(11_000)
    expect(await post(0, firing('a', 'b'), ends(done), day, serial)).toMatchObject({ outcome: 'applied' })
    await clock.advance(11_000)
    expect(await post(0, firing('a'), ends(skipped), day, serial)).toMatchObject({ reason: 'JobRunning' })
    await clock.advance(3_600_000)
    expect(await post(0, firing('b'), ends(done), day, serial)).toMatchObject({ reason: 'Duplicate' })
    end()
  })

  it('does not say that the hook ran for that report', async () => {
    const { clock, end, post } = start(1)
    await post(0, firing('a'), ends(left), day, serial)
    await clock.advance(11_000)
    expect(await post(0, firing('a', 'b'), ends(skipped), day, serial)).toMatchObject({ reason: 'JobRunning' })
    await clock.advance(11_000)
    expect(await post(0, firing('a'), ends(done), day, serial)).toMatchObject({ outcome: 'applied' })
    await clock.advance(3_600_000)
    expect(await post(0, firing('b'), ends(done), day, serial)).toMatchObject({ outcome: 'applied' })
    end()
  })
})
