import { expect, it } from 'vitest'
import { controller, leaseExpiryMs, published, says } from '../support/minting.ts'
import { cluster, type Cluster } from '../support/product.ts'
import type { Program } from '../support/program.ts'
import { installation } from './installation.ts'

/** How many hooks are created while the leader is there; and all, with those that it does not live to see. */
const seenCount = 400
const hookCount = 500

/** Creates them a few at a time, so that lists get their turn on the test's own connection. */
const createHooks = async ({ createHook }: Cluster, from: number, to: number): Promise<void> => {
  const names = Array.from({ length: to - from }, (_, index) => `hook-${from + index}`).values()
  const createInTurn = async (): Promise<void> => {
    for (const name of names) await createHook(name, {})
  }
  await Promise.all(Array.from({ length: 8 }, createInTurn))
}

/** Returns a leader that has begun to mint, with another controller that waits for its place. */
const minting = async (): Promise<{ here: Cluster; leader: Program; other: Program; created: Promise<unknown> }> => {
  const here = await cluster()
  await here.createDeployment('web', 1)
  const { kubeconfigs } = await installation(here)
  const asController = { ...here, kubeconfig: kubeconfigs.controller }
  const leader = controller(asController)
  await says(leader, 'leading')
  const other = controller(asController)
  await says(other, 'started')
  const created = createHooks(here, 0, seenCount)
  await here.until(
    () => published(here),
    some => some.size > 0,
  )
  return { here, leader, other, created }
}

/** Creates the rest, of a leader that is gone. Resolves with what it has published. */
const leftBehind = async (here: Cluster, created: Promise<unknown>): ReturnType<typeof published> => {
  await created
  await createHooks(here, seenCount, hookCount)
  const before = await published(here)
  // On a busy machine another controller may lead by now: then fewer are left to finish, or none.
  console.log(`${before.size} of ${hookCount} hooks had their URLs when the rest was created`)
  return before
}

const allPublished = (here: Cluster) =>
  here.until(
    () => published(here),
    all => all.size === hookCount,
    leaseExpiryMs + 30_000,
  )

/** Creates a hook: once that has its URL, the leader has looked at everything that came before. */
const afterAnotherHook = async (here: Cluster): Promise<ReturnType<typeof published>> => {
  await here.createHook('last', {})
  return await here.until(
    () => published(here),
    all => all.has('last'),
  )
}

it('when the leader is killed in the middle of minting, another finishes, and no URL changes', async () => {
  const { here, leader, other, created } = await minting()
  await leader.end('SIGKILL')
  const before = await leftBehind(here, created)

  await says(other, 'leading')
  const after = await allPublished(here)
  for (const [name, then] of before) expect(after.get(name)).toEqual(then)
  const later = await afterAnotherHook(here)
  for (const [name, then] of after) expect(later.get(name)).toEqual(then)
})

it('a leader that stood still and wakes up again changes nothing of what another has minted meanwhile', async () => {
  const { here, leader, other, created } = await minting()
  leader.signal('SIGSTOP')
  const before = await leftBehind(here, created)

  await says(other, 'leading')
  const after = await allPublished(here)
  for (const [name, then] of before) expect(after.get(name)).toEqual(then)

  leader.signal('SIGCONT')
  await says(leader, 'no longer leading')
  const later = await afterAnotherHook(here)
  for (const [name, then] of after) expect(later.get(name)).toEqual(then)
  await other.end('SIGTERM')
  await here.until(
    () => Promise.resolve(leader.lines.filter(line => line.includes('"msg":"leading"')).length),
    terms => terms === 2,
  )
  const again = await published(here)
  for (const [name, then] of later) expect(again.get(name)).toEqual(then)
})
