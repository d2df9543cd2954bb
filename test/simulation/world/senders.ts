import { rfc3339 } from '../../../src/environment/time.ts'
import { notification } from '../../support/alertmanager.ts'
import type { Rng } from '../seed.ts'
import type { Actor } from './actor.ts'
import { shown, type Wallet } from './credentials.ts'
import { amount } from './installation.ts'
import { forged, type Board, type Published } from './published.ts'
import type { PostTo, Reply } from './posting.ts'

/** What a sender has to know. */
export interface Senders {
  readonly post: PostTo
  readonly board: Board
  readonly wallet: Wallet
  readonly hooks: readonly string[]
  /** A name that no other delivery has. */
  readonly newDelivery: () => string
}

/** The token that a sender has: mostly the newest, which it reads again each time, or one that it once copied. */
export const tokenOf = (rng: Rng, board: Board, hook: string): Published | undefined => {
  const tokens = board.of(hook)
  return tokens.length > 0 && rng.chance(0.1) ? rng.pick(tokens) : tokens.at(-1)
}

const isFinal = (reply: Reply): boolean => reply !== 'none' && reply.status < 500 && reply.status !== 202

/** A script: posts plainly, some times many at once, and never again. */
export const script =
  ({ board, hooks, newDelivery, post, wallet }: Senders) =>
  ({ rng }: Actor): void => {
    const together = rng.chance(0.25) ? rng.int(2, 8) : 1
    const one = rng.pick(hooks)
    for (let index = 0; index < together; index++) {
      const hook = rng.chance(0.5) ? one : rng.pick(hooks)
      const published = tokenOf(rng, board, hook)
      if (!published) continue
      const headers = rng.chance(0.1) ? { 'x-drill': 'true' } : {}
      const delivery = newDelivery()
      const proof = shown(rng, wallet, hook)
      void post({ hook, published, proof, kind: 'plain', delivery, event: delivery, healed: false, headers })
    }
  }

/** Somebody who makes up URLs, and knows what they look like. */
export const forger =
  ({ board, hooks, newDelivery, post }: Senders) =>
  ({ rng }: Actor): void => {
    const hook = rng.pick(hooks)
    const published = board.of(hook).at(-1)
    const delivery = newDelivery()
    const about = { hook, kind: 'plain', proof: undefined, delivery, event: delivery, healed: false } as const
    if (published) void post({ ...about, published: forged(rng, published) })
  }

/** A careful script: names its delivery, and posts it some times, each until it is answered. */
export const namedScript =
  (senders: Senders) =>
  async (actor: Actor): Promise<void> => {
    const { board, hooks, newDelivery, post, wallet } = senders
    const { rng } = actor
    const hook = rng.pick(hooks)
    const published = tokenOf(rng, board, hook)
    if (!published) return
    const delivery = newDelivery()
    const headers = { 'idempotency-key': delivery }
    const letter = { hook, published, kind: 'plain', delivery, event: delivery, healed: false, headers } as const
    // Some come while the first is on its way, and finish it.
    const withinMs = rng.pick([30, 300, 3000])
    const copies = Array.from({ length: rng.int(2, 4) }, async () => {
      await actor.sleep(rng.int(0, withinMs))
      await insist(actor, 10_000, () => post({ ...letter, proof: shown(rng, wallet, hook) }))
    })
    await Promise.all(copies)
  }

/**
 * A pipeline that waits for the outcome of its delivery, and asks again for as long as that goes on. Some of its copies come
 * long after the first was decided. Some pipelines want to know it again and again, also while their hook is closed.
 */
export const waitingScript =
  (senders: Senders) =>
  async (actor: Actor): Promise<void> => {
    const { board, hooks, newDelivery, post, wallet } = senders
    const { rng } = actor
    const hook = rng.pick(hooks)
    const published = board.of(hook).at(-1)
    if (!published) return
    const delivery = newDelivery()
    const query = rng.pick(['wait=0s', 'wait=1s', 'wait=4s'])
    const headers = { 'idempotency-key': delivery }
    const letter = { hook, published, kind: 'plain', delivery, event: delivery, healed: false, headers, query } as const
    const withinMs = rng.pick([30, 1000, 8000])
    const more = rng.pick([0, 4, 8])
    const copies = Array.from({ length: rng.int(1, 4) }, async () => {
      await actor.sleep(rng.int(0, withinMs))
      const ask = (): Promise<Reply> => post({ ...letter, proof: shown(rng, wallet, hook) })
      await insist(actor, 10_000, ask)
      for (let asked = 0; asked < more; asked++) {
        await actor.sleep(rng.int(50, 2000))
        await ask()
      }
    })
    await Promise.all(copies)
  }

/**
 * A pipeline that is started again and again, after any answer, while somebody edits what the hook asks for: how it
 * goes on where a policy was against that.
 */
export const stubborn =
  (senders: Senders, edit: (hook: string, spec: object) => void) =>
  async ({ rng, sleep }: Actor): Promise<void> => {
    const { board, hooks, newDelivery, post, wallet } = senders
    const hook = rng.pick(hooks)
    const published = board.of(hook).at(-1)
    if (!published) return
    const delivery = newDelivery()
    const headers = { 'idempotency-key': delivery }
    const letter = { hook, published, kind: 'plain', delivery, event: delivery, healed: false, headers } as const
    const withinMs = rng.pick([20, 100, 1000])
    const sometimes = (count: number, once: () => unknown): readonly Promise<unknown>[] =>
      Array.from({ length: count }, () => sleep(rng.int(0, withinMs)).then(once))
    await Promise.all([
      ...sometimes(rng.int(3, 8), () => post({ ...letter, proof: shown(rng, wallet, hook) })),
      ...sometimes(rng.int(1, 4), () => edit(hook, { scale: { by: amount(rng) } })),
    ])
  }

/** Posts until there is an answer that is not an error of the receiver's: at once with backoff, for a while. */
export const insist = async ({ sleep }: Actor, whileMs: number, post: () => Promise<Reply>): Promise<boolean> => {
  let waitedMs = 0
  for (let pauseMs = 500; waitedMs < whileMs; pauseMs *= 1.5) {
    if (isFinal(await post())) return true
    await sleep(pauseMs)
    waitedMs += pauseMs
  }
  return false
}

/** What a pair of Alertmanagers reports of one alert, in order: it fires, continues to fire, ends, and perhaps fires again. */
const reportsOf = (rng: Rng): readonly Report[] =>
  Array.from({ length: rng.chance(0.4) ? 2 : 1 }).flatMap((_, episode) => {
    const repeats = rng.chance(0.4) ? rng.int(1, 3) : 0
    // A second Prometheus may have seen it fire all the time.
    const since = episode > 0 && rng.chance(0.7) ? episode : 0
    const reasons: readonly Reason[] = [
      'first notification',
      ...Array.from({ length: repeats }, () => 'repeat interval elapsed' as const),
      'all alerts resolved',
    ]
    return reasons.map(reason => ({ reason, since }))
  })

interface Report {
  readonly reason: Reason
  /** Rises with each time that the alert begins. */
  readonly since: number
}

type Reason = 'first notification' | 'repeat interval elapsed' | 'all alerts resolved'

/** A pair of Alertmanagers: both report all events of an alert, the second unless the first has said that it did. */
export const alertmanagers =
  (senders: Senders) =>
  async (actor: Actor): Promise<void> => {
    const { board, hooks, newDelivery, post, wallet } = senders
    const { rng, sleep } = actor
    const hook = rng.pick(hooks)
    const alert = newDelivery()
    for (const [index, { reason, since }] of reportsOf(rng).entries()) {
      const kind = reason === 'all alerts resolved' ? 'resolved' : 'firing'
      const event = `${alert} ${kind}`
      const about = { hook, kind, event, alert, since, delivery: `${alert} ${index} ${kind}`, healed: false } as const
      const body = notificationOf(kind, reason, hook, alert, since)
      const repeats = reason === 'repeat interval elapsed'
      let delivered = false
      const peer = async (afterMs: number): Promise<void> => {
        await sleep(afterMs)
        for (let flush = 0; flush < 3 && (!delivered || rng.chance(0.3)); flush++) {
          const notify = (): Promise<Reply> => {
            const published = tokenOf(rng, board, hook)
            if (!published) return Promise.resolve('none')
            return post({ ...about, published, proof: shown(rng, wallet, hook), repeats, body })
          }
          if (await insist(actor, 10_000, notify)) {
            delivered = true
            return
          }
          await sleep(rng.int(1000, 5000))
        }
      }
      const both = Promise.all([peer(0), peer(rng.int(500, 4000))])
      // Now and then the next event overtakes this.
      if (rng.chance(0.25)) await sleep(rng.int(50, 1500))
      else await both.then(() => sleep(rng.int(500, 4000)))
    }
  }

/** An alert that fires and ends, and is reported until that is known. */
export const alertOnce =
  ({ board, hooks, newDelivery, post, wallet }: Senders) =>
  async (actor: Actor): Promise<void> => {
    const { rng, sleep } = actor
    const hook = rng.pick(hooks)
    const alert = newDelivery()
    for (const kind of ['firing', 'resolved'] as const) {
      const reason = kind === 'firing' ? 'first notification' : 'all alerts resolved'
      const event = `${alert} ${kind}`
      const about = { hook, kind, event, alert, since: 0, delivery: event, healed: false } as const
      await insist(actor, 10_000, () => {
        const published = board.of(hook).at(-1)
        const body = notificationOf(kind, reason, hook, alert, 0)
        return published
          ? post({ ...about, published, proof: shown(rng, wallet, hook), body })
          : Promise.resolve('none')
      })
      await sleep(rng.int(0, rng.pick([100, 4000])))
    }
  }

export const notificationOf = (
  status: 'firing' | 'resolved',
  reason: Reason,
  hook: string,
  alert: string,
  since: number,
) => {
  const body = notification(status, reason)
  const alerts = body.alerts.map(each => {
    const startsAt = Date.parse(each.startsAt) + since * 60_000
    const endsAt = status === 'firing' ? each.endsAt : rfc3339(startsAt + 30_000)
    return { ...each, startsAt: rfc3339(startsAt), endsAt }
  })
  return { ...body, alerts, receiver: hook, groupLabels: { alert }, groupKey: `{}:{alert="${alert}"}` }
}
