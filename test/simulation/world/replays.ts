import type { Rng } from '../seed.ts'
import type { Simulation } from '../simulation.ts'
import type { Wallet } from './credentials.ts'
import type { Letter, PostTo } from './posting.ts'

/** Within how long after a post its replays come, in milliseconds: with it, soon after it, or after most windows. */
const withinMs = [20, 300, 3000, 10_000] as const

/**
 * Captures some of what is posted to hooks that count a signed body once, and posts the same body again under other
 * names, through any trigger. Such a hook would count all posts without a body once, so each delivery has a body of its own.
 */
export const replaying = ({ time }: Simulation, rng: Rng, wallet: Wallet, post: PostTo): PostTo => {
  let names = 0

  const again = (letter: Letter): Letter => {
    const proof = rng.chance(0.2) ? wallet.of(letter.hook) : letter.proof
    // Without a name the body is the name, unless it is that of an alert.
    if (rng.chance(0.2)) return { ...letter, proof, headers: unnamed(letter) }
    const delivery = `${letter.delivery} replay ${names++}`
    const headers = { ...letter.headers, 'idempotency-key': delivery }
    return { ...letter, proof, delivery, repeats: false, headers }
  }

  return (letter, to) => {
    if (!wallet.countsOnce(letter.published.uid)) return post(letter, to)
    const signed = { ...letter, body: letter.body ?? { delivery: letter.delivery } }
    if (!letter.healed && rng.chance(0.4)) {
      const within = rng.pick(withinMs)
      for (let left = rng.int(1, 3); left > 0; left--) time.at(rng.int(0, within), () => void post(again(signed)))
    }
    return post(signed, to)
  }
}

const unnamed = ({ headers = {} }: Letter): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'idempotency-key'))
