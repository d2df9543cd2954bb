import { describe, expect, it } from 'vitest'
import { accountsIn } from '../../src/api/bind-command.ts'
import type { ApiRequest } from '../../src/environment/environment.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'
import { hookAccounts } from '../../src/trigger/accounts.ts'
import { fakeClock } from '../support/clock.ts'

const metadata = { name: 'hooks', uid: 'u', resourceVersion: '1' }

/** Sets up the account `shop/hooks`, and lists the requests that reach the API server. */
const setUp = () => {
  const clock = fakeClock()
  const world = {
    status: 200,
    isEnding: false,
    isAway: false,
    isNamed: true,
    until: undefined as Promise<void> | undefined,
  }
  const requests: ApiRequest[] = []
  const api = {
    request: (request: ApiRequest) => {
      requests.push(request)
      if (!request.path.endsWith('/serviceaccounts/hooks'))
        return Promise.resolve({ status: 200, headers: {}, body: '{}' })
      if (world.until) return world.until.then(() => ({ status: 500, headers: {}, body: '{}' }))
      if (world.isAway) return Promise.reject(new Unreachable('no answer', true))
      const ending = world.isEnding ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}
      const details = world.isNamed ? { name: 'hooks' } : {}
      const found = world.status === 200 ? { metadata: { ...metadata, ...ending } } : { details }
      return Promise.resolve({ status: world.status, headers: {}, body: JSON.stringify(found) })
    },
    watch: () => {
      throw new Error('no test of this file watches')
    },
  }
  const accounts = hookAccounts({ api, clock }, accountsIn('receiver-hooks'))
  const hook = { namespace: 'shop', account: 'hooks' }
  /** Sends a request as the account: its status, and the user of what has reached the API server. */
  const send = async (as = hook) => {
    const before = requests.length
    const request = { method: 'PATCH', path: '/web', lane: 'step', timeoutMs: 1000 } as const
    const answer = await accounts.of(as)?.api.request(request)
    return [answer?.status, ...requests.slice(before).flatMap(({ path, user }) => (path === '/web' ? [user] : []))]
  }
  const reads = (): number => requests.filter(({ user }) => user === undefined).length
  return { accounts, clock, hook, reads, send, world }
}

describe('the account of a hook', () => {
  it('is the user of each request, and is read once a second at most', async () => {
    const { clock, reads, send } = setUp()
    const user = 'system:serviceaccount:shop:hooks'
    expect([await send(), await send()]).toEqual([
      [200, user],
      [200, user],
    ])
    expect(reads()).toBe(1)
    await clock.advance(1000)
    expect(await send()).toEqual([200, user])
    expect(reads()).toBe(2)
  })

  it.each([
    ['gone', { status: 404 }, 403, 'AccountNotFound'],
    ['being deleted', { isEnding: true }, 403, 'AccountNotFound'],
    ['not to be read', { status: 403 }, 403, 'Forbidden'],
  ])('does nothing when it is %s, although the API server would let it', async (_, state, status, reason) => {
    const { accounts, clock, hook, send, world } = setUp()
    await send()
    Object.assign(world, state)
    await clock.advance(1000)
    const sent = send()
    await clock.advance(750)
    expect(await sent).toEqual([status])
    expect(await accounts.problem(hook, [])).toMatchObject({ outcome: 'failed', reason })
  })

  it('is read again where an API server that has just started forbids it for a moment', async () => {
    const { clock, send, world } = setUp()
    await send()
    await clock.advance(1000)
    world.status = 403
    const sent = send()
    await clock.advance(100)
    world.status = 200
    await clock.advance(100)
    expect(await sent).toEqual([200, 'system:serviceaccount:shop:hooks'])
  })

  it.each([
    ['it cannot be read', { isAway: true }],
    ['it is 404 by a server that does not name it', { status: 404, isNamed: false }],
  ])('sends nothing while %s, so that the same can be sent again', async (_, state) => {
    const { accounts, hook, send, world } = setUp()
    Object.assign(world, state)
    await expect(send()).rejects.toMatchObject({ mayHaveArrived: false })
    expect(await accounts.problem(hook, [])).toMatchObject({ outcome: 'unavailable', reason: 'ApiUnreachable' })
  })

  it('is read again for who joined a read that then failed, since the read began before and its cause may be over', async () => {
    const { clock, reads, send, world } = setUp()
    const user = 'system:serviceaccount:shop:hooks'
    const late = Promise.withResolvers<void>()
    world.until = late.promise
    const first = send().catch(String)
    await clock.advance(900)
    const second = send()
    world.until = undefined
    late.reject(new Unreachable('no answer within 1000 ms', true))
    expect(await first).toMatch(/can't read/)
    expect(await second).toEqual([200, user])
    expect(reads()).toBe(2)
  })

  it.each(['', 'a:b', '../other', 'Hooks'])('never acts as an account whose name is none: %j', async account => {
    const { reads, send } = setUp()
    expect(await send({ namespace: 'shop', account })).toEqual([403])
    expect(reads()).toBe(0)
  })

  it('is nobody for a hook that names none, and costs no request', async () => {
    const { accounts, reads } = setUp()
    expect(accounts.of({ namespace: 'shop', account: undefined })).toBeUndefined()
    expect(await accounts.problem({ namespace: 'shop', account: undefined }, [])).toBeUndefined()
    expect(reads()).toBe(0)
  })
})
