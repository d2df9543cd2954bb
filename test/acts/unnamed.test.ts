import { describe, expect, it } from 'vitest'
import type { ActOptions, Work, Worked } from '../../src/acts/acts.ts'
import type { Delivery } from '../../src/api/delivery.ts'
import { keyOf } from '../../src/api/hash.ts'
import type { Outcome } from '../../src/api/outcome.ts'
import type { DeliveryContext } from '../../src/record/context.ts'
import type { RecordLimits } from '../../src/record/memory.ts'
import { done, processes } from './processes.ts'

const minute = 60_000
const cooldown = { cooldownMs: 5 * minute }

const unavailable = (reason: 'ApiUnreachable' | 'ServiceUnavailable'): Worked => ({
  worked: 'unfinished',
  outcome: { outcome: 'unavailable', reason, message: 'it is away' },
})
const edited: Worked = { worked: 'unfinished', outcome: { outcome: 'changed' } }
const refused: Worked = { worked: 'failed', outcome: { outcome: 'failed', reason: 'Forbidden', message: 'no' } }

const ends =
  (worked: Worked): Work =>
  () =>
    Promise.resolve(worked)

/** Starts a process, to which posts are sent. Each has four seconds. */
const start = (limits?: RecordLimits) => {
  const { clock, contexts, end, services, slow } = processes(1, limits)
  const [contextFor] = contexts
  const [service] = services
  if (!contextFor || !service) throw new Error('there is a process')
  const post = async (
    work: Work,
    more: Partial<DeliveryContext> & Pick<Partial<Delivery>, 'identity'> = {},
    how: ActOptions = {},
  ): Promise<Outcome | undefined> => {
    const { identity, ...others } = more
    const delivery: Delivery = { sender: 'plain', phase: 'none', ...(identity && { identity }) }
    const context = { ...contextFor(delivery), deadline: clock.monotonic() + 4000, ...others }
    let outcome: Outcome | undefined
    void service
      .of(context)
      .once(work, how)
      .then(result => (outcome = result))
    await clock.advance(4100)
    return outcome
  }
  const memory = () => contextFor({ sender: 'plain', phase: 'none' }).ledger().known()
  return { clock, end, memory, post, slow }
}

describe('a post without an idempotency key', () => {
  it.each([
    ['a cooldown', 'the API server', cooldown, unavailable('ApiUnreachable')],
    ['a cooldown', 'its Service', cooldown, unavailable('ServiceUnavailable')],
    ['a cooldown', 'the hook as it was', cooldown, edited],
    [
      'a limit',
      'the API server',
      { limits: [{ most: 1, within: '5m', withinMs: 5 * minute }] },
      unavailable('ApiUnreachable'),
    ],
  ] as const)(
    'to a hook with %s, answered that %s is away, runs when it is sent again',
    async (_, __, bound, worked) => {
      const { end, post } = start()
      await post(ends(worked), bound)
      expect(await post(ends(done), bound)).toMatchObject({ outcome: 'applied' })
      end()
    },
  )

  it('whose time is over before its act is stored runs when it is sent again', async () => {
    const { clock, end, post, slow } = start()
    await post(ends(refused), cooldown)
    slow.putMs = 5000
    expect(await post(ends(done), cooldown)).toMatchObject({ outcome: 'unavailable', reason: 'Contended' })
    slow.putMs = 0
    await clock.advance(5000)
    expect(await post(ends(done), cooldown)).toMatchObject({ outcome: 'applied' })
    end()
  })

  it('whose time is over before its record is read runs when it is sent again', async () => {
    const { clock, end, post, slow } = start()
    slow.getMs = 5000
    expect(await post(ends(done), cooldown)).toMatchObject({ outcome: 'unavailable', reason: 'Contended' })
    slow.getMs = 0
    await clock.advance(15_000)
    expect(await post(ends(done), cooldown)).toMatchObject({ outcome: 'applied' })
    end()
  })

  it('leaves nothing in the record if it could read nothing', async () => {
    const { end, memory, post } = start()
    for (let sent = 0; sent < 5; sent++) await post(ends(unavailable('ApiUnreachable')), {}, { serial: true })
    expect(memory()?.fields.acts ?? []).toEqual([])
    end()
  })
})

it('a key that a full record refuses is noted for the owner of a hook whose driver acts', async () => {
  const { clock, end, memory, post } = start({ rows: 2, open: 2, page: 2 })
  const reasons: unknown[] = []
  for (const key of ['a', 'b', 'c']) {
    const outcome = await post(ends(done), { identity: { key } })
    reasons.push(outcome && 'reason' in outcome && outcome.reason)
  }
  expect(reasons).toEqual(['RolledOut', 'RolledOut', 'RecordFull'])
  await clock.advance(5000)
  expect(memory()?.fields.fullAt).toBeTypeOf('number')
  end()
})

it('a delivery counts as done when it was done, and not when it was begun an hour before', async () => {
  const { clock, end, memory, post } = start()
  const identity = { key: 'one', withinMs: 24 * 60 * minute }
  await post(ends({ ...unavailable('ApiUnreachable') }), { identity })
  await clock.advance(60 * minute)
  const resumedAt = clock.now()
  expect(await post(ends(done), { identity })).toMatchObject({ outcome: 'applied' })
  expect(memory()?.get(keyOf('one'))?.at).toBeGreaterThanOrEqual(resumedAt)
  end()
})
