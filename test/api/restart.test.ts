import { expect, it } from 'vitest'
import { controller, leaseExpiryMs, published, says } from '../support/minting.ts'
import { cluster } from '../support/product.ts'

/** How many hooks are created while the first controller is there; and all, with those that it does not live to see. */
const seenCount = 150
const hookCount = 200

it('a controller killed in the middle of minting and started again changes no URL and repeats no write', async () => {
  const here = await cluster()
  await here.createDeployment('web', 1)
  const first = controller(here)
  await says(first, 'leading')
  const create = (from: number, to: number): Promise<unknown> =>
    Promise.all(Array.from({ length: to - from }, (_, index) => here.createHook(`hook-${from + index}`, {})))
  // Killed as soon as some have a URL: others are created meanwhile.
  const creating = create(0, seenCount)
  await here.until(
    () => published(here),
    some => some.size > 0,
  )
  await first.end('SIGKILL')
  await creating
  await create(seenCount, hookCount)
  const before = await published(here)
  expect(before.size).toBeGreaterThan(0)
  expect(before.size).toBeLessThan(hookCount)

  const second = controller(here)
  const after = await here.until(
    () => published(here),
    all => all.size === hookCount,
    leaseExpiryMs + 30_000,
  )
  for (const [name, then] of before) expect(after.get(name)).toEqual(then)

  await second.end('SIGTERM')
  const third = controller(here)
  await says(third, 'leading')
  // A change that it must see after everything else: then it has looked at every hook.
  await here.createHook('last', {})
  const all = await here.until(
    () => published(here),
    now => now.has('last'),
  )
  for (const [name, then] of after) expect(all.get(name)).toEqual(then)
  expect(after.size).toBe(hookCount)
}, 120_000)
