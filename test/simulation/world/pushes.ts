import { at, parseJson } from '../../../src/api/json.ts'
import type { Simulation } from '../simulation.ts'
import type { Actor } from './actor.ts'
import type { Fleet } from './fleet.ts'
import { overlaps } from './installation.ts'
import { hooksPath } from './paths.ts'
import type { Letter } from './posting.ts'
import { insist, type Senders } from './senders.ts'
import { pushHooks, restartHook, sitePath, siteRepository, tagOf } from './workload.ts'

/** What posts pushes and restarts. */
export interface Pushers {
  /** Each push has a tag of its own, which is higher than those before. */
  readonly newPush: () => number
  readonly senders: Senders
  /** By the clock of the registries, in milliseconds since the epoch. */
  readonly now: () => number
}

/** What a pipeline says of a push, and names it by; each copy is the same. */
const byPipeline = (push: number): Pick<Letter, 'kind' | 'delivery' | 'event' | 'headers' | 'body'> => {
  const delivery = `push ${push}`
  const body = { image: `${siteRepository}:${tagOf(push)}` }
  return { kind: 'plain', delivery, event: delivery, headers: { 'idempotency-key': delivery }, body }
}

/** What a registry says of it, which many hooks may be sent. */
const byRegistry = (push: number, at: number): Pick<Letter, 'kind' | 'delivery' | 'event' | 'body'> => {
  const delivery = `push ${push}`
  const body = {
    push_data: { pushed_at: Math.floor(at / 1000), tag: tagOf(push) },
    repository: { repo_name: siteRepository },
  }
  return { kind: 'plain', delivery, event: delivery, body }
}

/** Somebody pushes an image: a pipeline posts that some times to one hook, or a registry posts it to both. */
export const pushImages =
  ({ newPush, now, senders: { board, post } }: Pushers) =>
  (actor: Actor): void => {
    const { rng, sleep } = actor
    const push = newPush()
    const message = rng.chance(0.5) ? byPipeline(push) : byRegistry(push, now())
    const one = rng.pick(pushHooks)
    const withinMs = rng.pick([10, 30, 300, 3000])
    // Those of a pipeline may wait for the outcome, and ask again for as long as it goes on.
    const query = 'headers' in message && rng.chance(0.5) ? rng.pick(['wait=0s', 'wait=1s', 'wait=3s']) : ''
    for (let copies = rng.int(1, 4); copies > 0; copies--) {
      const hook = 'headers' in message ? one : rng.pick(pushHooks)
      void sleep(rng.int(0, withinMs)).then(() =>
        insist(actor, 10_000, () => {
          const published = board.of(hook).at(-1)
          return published ? post({ ...message, query, hook, published, proof: undefined, healed: false }) : nothing
        }),
      )
    }
  }

const nothing = Promise.resolve('none' as const)

/** Somebody restarts it: some copies of one delivery. */
export const restartIt =
  ({ board, newDelivery, post }: Senders) =>
  (actor: Actor): void => {
    const { rng, sleep } = actor
    const delivery = `restart ${newDelivery()}`
    const headers = { 'idempotency-key': delivery }
    const letter = { hook: restartHook, kind: 'plain', delivery, event: delivery, healed: false, headers } as const
    const withinMs = rng.pick([10, 300])
    for (let copies = rng.int(1, 3); copies > 0; copies--) {
      void sleep(rng.int(0, withinMs)).then(() =>
        insist(actor, 10_000, () => {
          const published = board.of(restartHook).at(-1)
          return published ? post({ ...letter, published, proof: undefined }) : nothing
        }),
      )
    }
  }

/** People suspend such a hook for a while, or rotate its token. */
export const editPushHook =
  ({ server }: Pick<Simulation, 'server'>) =>
  async ({ did, rng, sleep }: Actor): Promise<void> => {
    const hook = rng.pick([...pushHooks, restartHook])
    const path = `${hooksPath}/${hook}`
    const edit = (spec: object): void => {
      did(`edits ${hook} ${JSON.stringify(spec)}`)
      server.send('PATCH', path, { spec })
    }
    if (rng.chance(0.3)) {
      const rotation = Number(at(parseJson(server.send('GET', path).body), 'spec', 'token', 'rotation'))
      edit({ token: { rotation: rotation + 1, overlap: rng.pick(overlaps) } })
      return
    }
    edit({ suspend: true })
    await sleep(rng.int(300, 4000))
    edit({ suspend: false })
  }

/** A webhook for the workload is away for a while, and somebody suspends the hooks that roll it out meanwhile. */
export const suspendRollouts =
  ({ server }: Pick<Simulation, 'server'>) =>
  async ({ did, rng, sleep }: Actor): Promise<void> => {
    const suspend = (isSuspended: boolean): void => {
      did(`${isSuspended ? 'suspends' : 'resumes'} all hooks of ${sitePath}`)
      for (const hook of [...pushHooks, restartHook]) {
        server.send('PATCH', `${hooksPath}/${hook}`, { spec: { suspend: isSuspended } })
      }
    }
    did(`the webhook for ${sitePath} is away`)
    const bringBack = server.fail(sitePath)
    await sleep(rng.int(100, 1500))
    suspend(true)
    await sleep(rng.int(300, 4000))
    bringBack()
    did(`the webhook for ${sitePath} is back`)
    await sleep(rng.int(300, 2000))
    suspend(false)
  }

/** One more push when all is well, to one hook by every trigger. */
export const pushToAll = ({ newPush, senders: { board, post } }: Pushers, fleet: Fleet): void => {
  const hook = pushHooks[0]
  const published = board.of(hook).at(-1)
  const push = newPush()
  for (const member of fleet.members()) {
    if (!member.endpoint || !published) continue
    void post({ ...byPipeline(push), hook, published, proof: undefined, healed: true }, member)
  }
}
