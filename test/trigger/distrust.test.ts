import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Distrust } from '../../src/trigger/distrust.ts'
import type { LiveHook } from '../../src/trigger/hook.ts'
import { checkRates, refusedRate } from '../../src/trigger/limits.ts'
import { fakeClock } from '../support/clock.ts'
import { someHook } from './some-hook.ts'

const source = '192.0.2.1'
const guarded: LiveHook = { ...someHook, auth: { form: 'bearer', secret: 'senders', key: 'token' } }
const other: LiveHook = { ...guarded, name: 'other', uid: 'uid-2' }

const setUp = () => {
  const clock = fakeClock()
  const distrust = new Distrust(clock)
  return { clock, distrust }
}

describe('a source', () => {
  it('may be refused as often as the reference says', () => {
    const { burst, perSecond } = refusedRate
    expect(readFileSync('docs/reference/http.md', 'utf8')).toContain(
      `| answers 401, 404 and 410 to one source, and 401 at one name | ${burst} at once, ${perSecond} a second |`,
    )
  })

  it('is trusted until it was refused again and again, and so it is after a while', async () => {
    const { clock, distrust } = setUp()
    for (let post = 0; post < refusedRate.burst; post++) {
      expect(distrust.trusts(source)).toBe(true)
      distrust.refused(source)
    }
    expect([distrust.trusts(source), distrust.trusts('192.0.2.2')]).toEqual([false, true])
    await clock.advance(1000)
    expect(distrust.trusts(source)).toBe(true)
  })

  it('is not trusted by the hook with auth that it proved nothing to', () => {
    const { distrust } = setUp()
    for (let post = 0; post < refusedRate.burst; post++) distrust.refused(source, guarded)
    expect(distrust.trusts(source, guarded)).toBe(false)
    expect([distrust.trusts(source, other), distrust.trusts(source)]).toEqual([true, true])
  })
})

describe('posts of a source that is not trusted', () => {
  /** Returns how many of `count` posts a second to a hook are checked, within ten seconds that begin with none spent. */
  const checkedOf = async (count: number, size: 'short' | 'long', hooks: readonly LiveHook[]) => {
    const { clock, distrust } = setUp()
    const checked = new Map<string, number>()
    for (let post = 0; post < 10 * count; post++) {
      for (const hook of hooks) {
        if (distrust.takeCheck(hook, size)) checked.set(hook.name, (checked.get(hook.name) ?? 0) + 1)
      }
      await clock.advance(1000 / count)
    }
    return checked
  }

  it.each([60, 300, 1000])('are all checked at %d a second', async count => {
    expect(await checkedOf(count, 'short', [guarded])).toEqual(new Map([[guarded.name, 10 * count]]))
  })

  it('are checked at a bounded rate where there are more', async () => {
    const { ofAll, ofHook } = checkRates.short
    const checked = await checkedOf(4000, 'short', [guarded])
    const most = ofAll.burst + ofHook.burst + 10 * (ofAll.perSecond + ofHook.perSecond)
    expect(checked.get(guarded.name)).toBeLessThanOrEqual(most)
    expect(checked.get(guarded.name)).toBeGreaterThan(0.98 * most)
  })

  it.each(['short', 'long'] as const)('take no check of another hook: it has its own share (%s)', size => {
    const { distrust } = setUp()
    for (let post = 0; post < 10_000; post++) distrust.takeCheck(guarded, size)
    expect([distrust.takeCheck(guarded, size), distrust.takeCheck(other, size)]).toEqual([false, true])
  })

  it('with long bodies take nothing from those with short ones', () => {
    const { distrust } = setUp()
    for (let post = 0; post < 10_000; post++) distrust.takeCheck(guarded, 'long')
    expect([distrust.takeCheck(guarded, 'long'), distrust.takeCheck(guarded, 'short')]).toEqual([false, true])
  })
})

describe('a source that has proved itself at a name', () => {
  it('is trusted there regardless of what others send, but not elsewhere, and not once it is refused itself', () => {
    const { distrust } = setUp()
    const [here, there] = [
      { namespace: 'shop', name: 'web-up' } as const,
      { namespace: 'shop', name: 'other' } as const,
    ]
    distrust.proved(source, here)
    for (let post = 0; post < refusedRate.burst; post++) {
      distrust.refusedNamed('192.0.2.2', here)
      distrust.refusedNamed('192.0.2.3', there)
    }
    expect([distrust.trustsNamed(source, here), distrust.trustsNamed(source, there)]).toEqual([true, false])
    for (let post = 0; post < refusedRate.burst; post++) distrust.refusedNamed(source, here)
    expect(distrust.trustsNamed(source, here)).toBe(false)
  })
})
