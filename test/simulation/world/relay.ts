import { at, parseJson, stringAt } from '../../../src/api/json.ts'
import type { SimulatedServer } from '../server.ts'
import type { Actor } from './actor.ts'
import type { Fleet, Member } from './fleet.ts'
import { hooksPath } from './paths.ts'
import { notificationOf, tokenOf, type Senders } from './senders.ts'
import { shown } from './credentials.ts'
import { settings } from './targets.ts'

/**
 * An alert of which two triggers hear in turn, while somebody else sets the count: the one that hears of its end has known the
 * target from before that, and must not go by it.
 */
export const relay =
  (senders: Senders, fleet: Fleet, server: SimulatedServer) =>
  async ({ did, rng, sleep }: Actor): Promise<void> => {
    const { board, hooks, newDelivery, post, wallet } = senders
    const triggers = fleet.members().filter(({ endpoint, serving }) => endpoint && serving)
    const [first, ...others] = rng.chance(0.5) ? triggers : triggers.toReversed()
    const hook = rng.pick(hooks)
    const published = tokenOf(rng, board, hook)
    if (!first || others.length === 0 || !published) return
    const second = rng.pick(others)
    const about = { hook, published, proof: shown(rng, wallet, hook), healed: false } as const
    const plainly = (to: Member, headers = {}): Promise<unknown> => {
      const delivery = newDelivery()
      return post({ ...about, kind: 'plain', delivery, event: delivery, headers }, to)
    }
    const named = (to: Member): Promise<unknown> => plainly(to, { 'idempotency-key': newDelivery() })
    const alert = newDelivery()
    const notify = (kind: 'firing' | 'resolved', to: Member): Promise<unknown> => {
      const reason = kind === 'firing' ? 'first notification' : 'all alerts resolved'
      const body = notificationOf(kind, reason, hook, alert, 0)
      const delivery = `${alert} ${kind}`
      return post({ ...about, kind, event: `${alert} ${kind}`, alert, since: 0, delivery, repeats: false, body }, to)
    }
    const spec: unknown = at(parseJson(server.send('GET', `${hooksPath}/${hook}`).body), 'spec')
    const target = stringAt(spec, 'scale', 'target', 'name')
    if (target === undefined) return
    const later = async (withinMs: number, once: () => unknown): Promise<void> => {
      await sleep(rng.int(0, withinMs))
      await once()
    }
    const { body, ...request } = rng.pick(settings(target, rng.int(8, 24)))
    const inTurn = async (): Promise<void> => {
      await later(30, () => did(`sets ${target}: ${server.send('PATCH', request.path, body, request).status}`))
      await later(10, () => notify('firing', second))
      // With its claim goes the outcome of the alert's.
      await named(second)
      await later(20, () => notify('resolved', first))
    }
    const some = Array.from({ length: rng.int(2, 12) }, () => later(rng.pick([100, 300, 1000]), () => plainly(first)))
    await Promise.all([inTurn(), ...some])
  }
