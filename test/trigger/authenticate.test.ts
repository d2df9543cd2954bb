import { describe, expect, it } from 'vitest'
import { Unreachable } from '../../src/environment/unreachable.ts'
import { publicKeysOf, signingKey, type PublicKeys } from '../../src/token/keys.ts'
import { mint, tokenId } from '../../src/token/mint.ts'
import { createVerifier } from '../../src/token/verify.ts'
import { authenticator } from '../../src/trigger/authenticate.ts'
import type { LiveHook } from '../../src/trigger/hook.ts'
import type { Found } from '../../src/trigger/hooks.ts'
import type { HookName } from '../../src/trigger/request.ts'
import { fakeClock } from '../support/clock.ts'
import { seededRandom } from '../support/random.ts'
import { someHook } from './some-hook.ts'

const random = seededRandom(7)
const key = signingKey(random.bytes(32))
const otherKey = signingKey(random.bytes(32))
const keys = publicKeysOf([key], 'v1')
const claims = { namespace: 'shop', name: 'web-up', uid: 'uid-1', rotation: 1 }
const hour = 3_600_000

interface World {
  readonly known?: PublicKeys | undefined
  readonly readAgain?: PublicKeys | 'unreachable'
  readonly synced?: boolean
  readonly freshKeys?: boolean
  readonly cached?: Found
  readonly live?: Found
}

const minted = { id: tokenId(await mint(key, claims)), rotation: 1 }
const found = (change: Partial<LiveHook> = {}): Found => ({ found: 'hook', hook: { ...someHook, minted, ...change } })
const none: Found = { found: 'none' }

const judge = async (to: string | HookName, world: World) => {
  const clock = fakeClock(Date.UTC(2026, 0, 1))
  const { cached = found(), known = keys, live = none, readAgain = keys, synced = true, freshKeys = true } = world
  const asked: string[] = []
  const readKeys = () => {
    asked.push('keys')
    return readAgain === 'unreachable' ? Promise.reject(new Unreachable('refused', false)) : Promise.resolve(readAgain)
  }
  const authenticate = authenticator(
    clock,
    createVerifier({ remember: 10 }),
    {
      current: () => known,
      fresh: () => freshKeys,
      problem: () => undefined,
      readAgain: readKeys,
      readRecent: readKeys,
      run: () => Promise.resolve(),
    },
    {
      synced: () => synced,
      find: () => Promise.resolve(cached),
      findNamed: () => Promise.resolve(cached),
      readLive: () => {
        asked.push('hook')
        return Promise.resolve(live)
      },
      unchanged: () => true,
    },
  )
  const answer = await authenticate(typeof to === 'string' ? { token: to } : { token: undefined, named: to })
  const accepted = answer.accepted && answer.isFormer ? 'accepted, replaced by a newer one' : 'accepted'
  return { said: answer.accepted ? accepted : `${answer.status} ${answer.reason}`, asked }
}

describe('a token', () => {
  const now = Date.UTC(2026, 0, 1)
  it.each<[string, () => Promise<string>, World, string, string[]]>([
    ['of a hook as it is', () => mint(key, claims), {}, 'accepted', []],
    ['that is none', () => Promise.resolve('x'), {}, '404 UnknownToken', []],
    ['by a key nobody knows, after another look', () => mint(otherKey, claims), {}, '404 UnknownToken', ['keys']],
    [
      'by a key that was published a moment ago',
      () => mint(otherKey, claims),
      { readAgain: publicKeysOf([otherKey, key], 'v2') },
      'accepted, replaced by a newer one',
      ['keys'],
    ],
    [
      'by an unknown key while the API server is away: no false 404',
      () => mint(otherKey, claims),
      { readAgain: 'unreachable' },
      '503 ApiUnreachable',
      ['keys'],
    ],
    [
      'by a key that was revoked while the watch of the keys was cut',
      () => mint(key, claims),
      { freshKeys: false, readAgain: publicKeysOf([otherKey], 'v2') },
      '404 UnknownToken',
      ['keys', 'keys'],
    ],
    [
      'of a hook in another namespace than those served',
      () => mint(key, claims),
      { cached: { found: 'elsewhere' } },
      '404 UnknownToken',
      [],
    ],
    ['before the hooks were read', () => mint(key, claims), { synced: false }, '503 NotReady', []],
    ['of a deleted hook', () => mint(key, claims), { cached: none }, '410 HookDeleted', []],
    [
      'of a hook that cannot be looked up: no false 410',
      () => mint(key, claims),
      { cached: { found: 'unreachable', message: 'refused' } },
      '503 ApiUnreachable',
      [],
    ],
    [
      'of a former rotation, within its overlap',
      () => mint(key, { ...claims, rotation: 0 }),
      {
        cached: found({
          minted: { id: 'x', rotation: 1, previous: { rotation: 0, acceptedUntil: '2026-01-01T00:05:00Z' } },
        }),
      },
      'accepted, replaced by a newer one',
      [],
    ],
    ['that was rotated out', () => mint(key, { ...claims, rotation: 0 }), {}, '410 TokenRotated', []],
    [
      'of a rotation that the cache has not seen',
      () => mint(key, { ...claims, rotation: 2 }),
      { live: found({ rotation: 2 }) },
      'accepted',
      ['hook'],
    ],
    [
      'of a rotation that does not exist',
      () => mint(key, { ...claims, rotation: 2 }),
      { live: found() },
      '410 TokenRotated',
      ['hook'],
    ],
    ['that has expired', () => mint(key, { ...claims, expiresAt: now - 1000 }), {}, '410 TokenExpired', []],
    [
      'that will expire',
      () => mint(key, { ...claims, expiresAt: now + hour }),
      {},
      'accepted, replaced by a newer one',
      [],
    ],
  ])('%s', async (_name, token, world, said, asked) => {
    expect(await judge(await token(), world)).toEqual({ said, asked })
  })
})

it.each(['its token', 'its name'])('a stop that is no longer current is read once more for a post by %s', async by => {
  const clock = fakeClock(Date.UTC(2026, 0, 1))
  const stop = { all: true, reason: 'maintenance', at: '2026-01-01T00:00:00Z' }
  // The set is proven to be current when the post arrives, and no more once its hook is found.
  let current: PublicKeys & { readonly stop?: typeof stop } = { ...keys, stop }
  const proofs = [true, false]
  const readRecent = () => Promise.resolve((current = keys))
  const hook = found({ hasNamedURL: by === 'its name' })
  const authenticate = authenticator(
    clock,
    createVerifier({ remember: 10 }),
    {
      current: () => current,
      fresh: () => proofs.shift() ?? true,
      problem: () => undefined,
      readAgain: readRecent,
      readRecent,
      run: () => Promise.resolve(),
    },
    {
      synced: () => true,
      find: () => Promise.resolve(hook),
      findNamed: () => Promise.resolve(hook),
      readLive: () => Promise.resolve(hook),
      unchanged: () => true,
    },
  )
  const named = { namespace: 'shop', name: 'web-up' }
  const answer = await authenticate(
    by === 'its name' ? { token: undefined, named } : { token: await mint(key, claims) },
  )
  expect(answer).toMatchObject({ accepted: true })
  expect(answer.accepted && answer.stop).toBeUndefined()
})
