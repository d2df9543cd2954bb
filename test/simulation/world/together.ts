import type { Actor } from './actor.ts'
import { shown } from './credentials.ts'
import { tokenOf, type Senders } from './senders.ts'

/** Somebody posts plainly to one hook, many times at once. */
export const postTogether =
  ({ board, hooks, newDelivery, post, wallet }: Senders) =>
  ({ rng }: Actor): void => {
    const hook = rng.pick(hooks)
    const published = tokenOf(rng, board, hook)
    if (!published) return
    for (let count = rng.int(2, 6); count > 0; count--) {
      const delivery = newDelivery()
      const proof = shown(rng, wallet, hook)
      void post({ hook, published, proof, kind: 'plain', delivery, event: delivery, healed: false, headers: {} })
    }
  }
