import { describe, expect, it } from 'vitest'
import type { SettlementState } from '../../src/api/settlement.ts'
import type { Look } from '../../src/drivers/driver.ts'
import type { Log } from '../../src/environment/environment.ts'
import type { TriggerAnswer } from '../../src/trigger/answer.ts'
import type { Authentication } from '../../src/trigger/authenticate.ts'
import type { LiveHook } from '../../src/trigger/hook.ts'
import { limitsIn, maxLooks, maxLooksOfNamespace, type Limits } from '../../src/trigger/limits.ts'
import { Looks } from '../../src/trigger/looks.ts'
import { WaitingPosts } from '../../src/trigger/waiting.ts'
import { fakeClock, settle } from '../support/clock.ts'
import { noApi, noDefinitions } from '../support/environment.ts'
import { noAccounts, someHook } from './some-hook.ts'

const nothing = (): void => undefined
const noLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing }

interface Options {
  readonly state?: () => SettlementState
  readonly look?: () => Promise<Look>
  readonly objects?: number
  readonly waiting?: Limits['waiting']
  readonly authenticate?: () => Authentication
}

const setUp = ({ authenticate, waiting: share, look, objects = 1, state = () => 'progressing' }: Options = {}) => {
  const clock = fakeClock()
  let looks = 0
  const lookNow = async (): Promise<Look> => {
    looks += 1
    const seen = state()
    return (
      look?.() ??
      Promise.resolve({ objects, settlementOf: () => ({ state: seen, message: `is ${seen}`, ready: 1, of: 3 }) })
    )
  }
  const { bound } = someHook
  if ('path' in bound) throw new Error('the hook is valid')
  const hook: LiveHook = { ...someHook, bound: { ...bound, look: lookNow } }
  const isCurrent = (): boolean => true
  const waiting = new WaitingPosts(
    { clock, log: noLog },
    () => Promise.resolve(authenticate?.() ?? { accepted: true, hook, isFormer: false, isCurrent }),
    { waiting: share ?? { all: 10, ofNamespace: 10, ofHook: 5 } },
    new Looks({ clock, api: noApi, log: noLog }, noDefinitions, noAccounts),
  )
  const gone: (() => void)[] = []
  let released = 0
  return {
    clock,
    waiting,
    /** Closes the connection of a client that waits. */
    hangUp: () => gone.forEach(run => run()),
    looks: () => looks,
    released: () => released,
    ask: (
      waitMs: number,
      more: {
        readonly uid?: string
        readonly namespace?: string
        readonly isAskable?: boolean
        readonly isKeySigned?: boolean
        readonly change?: undefined
      } = {},
    ) => {
      const { isAskable = true, isKeySigned = false, namespace = hook.namespace, uid = hook.uid } = more
      let answered: TriggerAnswer | undefined
      const answer = {
        status: 200,
        headers: {},
        body: { message: 'rolled out', outcome: 'applied', reason: 'RolledOut' },
      } as const
      void waiting
        .answer({
          hook: { ...hook, namespace, uid },
          waitMs,
          decided: {
            answer,
            isAskable,
            isKeySigned,
            change: 'change' in more ? undefined : { at: 1, did: ['a'], n: 1 },
          },
          request: {
            token: 't',
            release: () => (released += 1),
            onGone: run => {
              gone.push(run)
              return () => undefined
            },
          },
        })
        .then(each => (answered = each))
      return () =>
        answered === undefined || answered === 'no answer' ? answered : { status: answered.status, ...answered.body }
    },
  }
}

const statuses: readonly (readonly [SettlementState, number, string])[] = [
  ['complete', 200, 'RolloutComplete'],
  ['superseded', 200, 'Superseded'],
  ['stored', 200, 'Stored'],
  ['progressing', 202, 'RolloutProgressing'],
  ['replaced', 409, 'Replaced'],
  ['stalled', 422, 'RolloutStalled'],
]

describe('a post that waits', () => {
  it.each(statuses)('is answered %s with %d %s', async (state, status, reason) => {
    const { ask, clock } = setUp({ state: () => state })
    const answer = ask(0)
    await settle()
    await clock.advance(0)
    expect(answer()).toMatchObject({ status, reason, state, ready: 1, of: 3, outcome: 'applied' })
    expect(answer()).toHaveProperty('message', expect.stringContaining(`is ${state}`))
  })

  it('is answered as soon as its state is final, and holds nothing of its body', async () => {
    let state: SettlementState = 'progressing'
    const { ask, clock, looks, released, waiting } = setUp({ state: () => state })
    const answer = ask(60_000)
    await clock.advance(5000)
    expect([answer(), released(), waiting.size]).toEqual([undefined, 1, 1])
    state = 'complete'
    await clock.advance(2000)
    expect(answer()).toMatchObject({ status: 200, state: 'complete' })
    expect(waiting.size).toBe(0)
    const before = looks()
    await clock.advance(60_000)
    expect([looks(), clock.pending]).toEqual([before, 0])
  })

  it('is answered 202 when its time is over, and says whether it can be asked again', async () => {
    const { ask, clock } = setUp()
    const [named, unnamed] = [ask(5000), ask(5000, { isAskable: false })]
    const signed = ask(5000, { isAskable: false, isKeySigned: true })
    await clock.advance(4999)
    expect([named(), unnamed()]).toEqual([undefined, undefined])
    await clock.advance(1)
    expect(named()).toMatchObject({
      status: 202,
      message: expect.stringContaining('Send the same request again') as unknown,
    })
    expect(unnamed()).toMatchObject({
      status: 202,
      message: expect.stringContaining("Without the header Idempotency-Key you can't ask about it again") as unknown,
    })
    // The header would change nothing for such a post.
    expect(signed()).toMatchObject({
      status: 202,
      message: expect.stringMatching(/can't ask again about a signed post, whose key is its webhook-id/) as unknown,
    })
  })

  it('waits for one look even if it would not wait, and no longer than that may take', async () => {
    const { ask, clock } = setUp({ look: () => new Promise(() => {}) })
    const answer = ask(0)
    await clock.advance(3999)
    expect(answer()).toBeUndefined()
    await clock.advance(1)
    expect(answer()).toMatchObject({ status: 202, state: 'progressing' })
  })

  it('shares its looks with all who wait for the same hook, but for one that began before it came', async () => {
    let end = (): void => {}
    let isFirst = true
    const { ask, clock, looks } = setUp({
      look: () => {
        const state: SettlementState = isFirst ? 'replaced' : 'complete'
        const seen = { objects: 1, settlementOf: () => ({ state, message: state }) }
        const look = new Promise<Look>(resolve => (end = () => resolve(seen)))
        if (!isFirst) end()
        isFirst = false
        return look
      },
    })
    const early = ask(10_000)
    await settle()
    const late = [ask(10_000), ask(10_000)]
    end()
    await settle()
    expect(early()).toMatchObject({ state: 'replaced' })
    expect(late.map(each => each())).toEqual([undefined, undefined])
    await clock.advance(1100)
    expect(late.map(each => each())).toMatchObject([{ state: 'complete' }, { state: 'complete' }])
    expect(looks()).toBe(2)
  })

  it('is looked at less often where a hook has many objects', async () => {
    const { ask, clock, looks } = setUp({ objects: 450 })
    ask(25_000)
    await clock.advance(25_000)
    expect(looks()).toBe(3)
  })

  it('learns nothing more once its token is replaced or its hook is gone', async () => {
    let isRevoked = false
    const authenticate = (): Authentication =>
      isRevoked
        ? { accepted: false, status: 410, reason: 'TokenRotated' }
        : { accepted: true, hook: someHook, isFormer: false, isCurrent: () => true }
    const { ask, clock, waiting } = setUp({ authenticate, state: () => (isRevoked ? 'complete' : 'progressing') })
    const answer = ask(60_000)
    await clock.advance(2000)
    isRevoked = true
    await clock.advance(2000)
    expect(answer()).toEqual({ status: 410, reason: 'TokenRotated', message: expect.any(String) as unknown })
    expect(waiting.size).toBe(0)
  })

  it('goes on waiting where nobody can say whether its token is good', async () => {
    const { ask, clock } = setUp({
      authenticate: () => ({ accepted: false, status: 503, reason: 'ApiUnreachable' }),
      state: () => 'complete',
    })
    const answer = ask(3000)
    await clock.advance(2999)
    expect(answer()).toBeUndefined()
    await clock.advance(1)
    expect(answer()).toMatchObject({
      status: 202,
      message: expect.stringContaining("can't check it") as unknown,
    })
  })

  it('is answered that it could not be looked at, and why', async () => {
    const { ask, clock } = setUp({ look: () => Promise.reject(new Error('GET /apis: refused')) })
    const answer = ask(1000)
    await clock.advance(1000)
    expect(answer()).toMatchObject({ status: 202, message: expect.stringContaining('GET /apis: refused') as unknown })
  })

  it('ends when its client hangs up, and so do the looks', async () => {
    const { ask, clock, hangUp, looks, waiting } = setUp()
    const answer = ask(600_000)
    await clock.advance(3000)
    hangUp()
    await settle()
    expect([answer(), waiting.size]).toEqual(['no answer', 0])
    await clock.advance(2000)
    const before = looks()
    await clock.advance(60_000)
    expect([looks(), clock.pending]).toEqual([before, 0])
  })

  it('is answered 202 at once when the process ends, and so is each that comes then', async () => {
    const { ask, clock, waiting } = setUp()
    const [seen, unseen] = [ask(60_000), ask(60_000, { uid: 'other' })]
    await clock.advance(1500)
    waiting.end()
    await settle()
    const late = ask(60_000)
    await settle()
    for (const each of [seen, unseen, late]) expect(each()).toMatchObject({ status: 202, state: 'progressing' })
    await clock.advance(2000)
    expect(clock.pending).toBe(0)
  })

  it('is one of so many, of one hook and of all, and others are answered 202 after one look', async () => {
    const { ask, clock, waiting } = setUp()
    const many = Array.from({ length: 8 }, () => ask(60_000))
    const others = Array.from({ length: 8 }, () => ask(60_000, { uid: 'other' }))
    await settle()
    expect(waiting.size).toBe(16)
    await clock.advance(2000)
    for (const each of [many, others]) expect(each.filter(one => one() === undefined)).toHaveLength(5)
    const third = ask(60_000, { uid: 'third' })
    await clock.advance(2000)
    expect(waiting.size).toBe(10)
    expect(third()).toMatchObject({
      status: 202,
      ready: 1,
      message: expect.stringContaining('is progressing; too many posts are already waiting') as unknown,
    })
    await clock.advance(60_000)
    expect(waiting.size).toBe(0)
    for (const each of [...many, ...others]) expect(each()).toMatchObject({ status: 202 })
  })

  it('finds a place however many posts wait for the hooks of another namespace', async () => {
    const { waiting: share } = limitsIn(320 * 1024 * 1024)
    const { ask, clock, waiting } = setUp({ waiting: share })
    for (let n = 0; n < 500; n++) ask(600_000, { namespace: 'busy', uid: `busy ${n % 20}` })
    await clock.advance(2000)
    expect(waiting.size).toBe(share.ofNamespace)
    const other = ask(600_000, { namespace: 'quiet', uid: 'quiet' })
    await clock.advance(2000)
    expect(other()).toBeUndefined()
    waiting.end()
  })

  it('learns a final state even where too many posts wait', async () => {
    let state: SettlementState = 'progressing'
    const { ask, clock, waiting } = setUp({ state: () => state })
    for (let n = 0; n < 50; n++) ask(600_000, { uid: `busy ${n % 4}` })
    await clock.advance(2000)
    expect(waiting.size).toBe(10)
    state = 'complete'
    const late = ask(600_000, { uid: 'late' })
    await clock.advance(500)
    expect(late()).toMatchObject({ status: 200, state: 'complete' })
    waiting.end()
  })

  it('is looked at for so many hooks, in all and of one namespace', async () => {
    const { ask, waiting } = setUp({ waiting: { all: 1000, ofNamespace: 1000, ofHook: 500 } })
    const inOne = Array.from({ length: maxLooks }, (_, index) => ask(60_000, { uid: `hook ${index}` }))
    const elsewhere = Array.from({ length: maxLooks }, (_, index) =>
      ask(60_000, { namespace: `namespace ${index}`, uid: `other ${index}` }),
    )
    await settle()
    expect(inOne.filter(each => each() === undefined)).toHaveLength(maxLooksOfNamespace)
    // Each takes the place of the namespace with the most, which keeps one.
    expect(elsewhere.filter(each => each() === undefined)).toHaveLength(maxLooks - 1)
    waiting.end()
  })

  it('is looked at although two namespaces have all places: the one with the most gives one up', async () => {
    const { ask, clock, waiting } = setUp({ waiting: { all: 1000, ofNamespace: 1000, ofHook: 500 } })
    const taking = Array.from({ length: maxLooks }, (_, index) =>
      ask(9000, { namespace: `namespace ${index % 2}`, uid: `hook ${index}` }),
    )
    await clock.advance(2000)
    const newcomer = ask(60_000, { namespace: 'another', uid: 'another' })
    const oneMore = ask(60_000, { namespace: 'namespace 0', uid: 'one more' })
    await settle()
    expect(newcomer()).toBeUndefined()
    expect(oneMore()).toMatchObject({
      message: expect.stringContaining('too many posts are already waiting') as unknown,
    })
    await clock.advance(7000)
    const lost = taking.filter(each => JSON.stringify(each()).includes('hooks in other namespaces'))
    expect(lost).toHaveLength(1)
    waiting.end()
  })

  it('ten thousand are answered or bounded, and cost one look a second', async () => {
    const { ask, clock, looks, waiting } = setUp({ waiting: { all: 106, ofNamespace: 53, ofHook: 26 } })
    const all = Array.from({ length: 10_000 }, () => ask(25_000))
    await settle()
    expect(waiting.size).toBe(2 * 26)
    await clock.advance(25_000)
    expect(all.map(each => each()).filter(each => each === undefined)).toEqual([])
    expect(looks()).toBeLessThan(27)
  })

  it('has no state to wait for where nothing distinguishes its change from others', async () => {
    const { ask, looks } = setUp()
    const answer = ask(60_000, { change: undefined })
    await settle()
    expect(answer()).toMatchObject({ status: 200, state: 'stored', message: 'rolled out' })
    expect(looks()).toBe(0)
  })
})
