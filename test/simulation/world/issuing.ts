import type { IdTokenProof, Proof } from '../happened.ts'
import type { Mood, SimulatedIssuer } from '../issuer.ts'
import type { Simulation } from '../simulation.ts'
import type { Rng } from '../seed.ts'
import type { Actor } from './actor.ts'
import type { LastPosts } from './healed.ts'
import { wrongIdToken } from './id-tokens.ts'
import { tokenOf, type Senders } from './senders.ts'

/** The issuer takes another key: mostly it publishes it first, and removes the former later. Some keys have leaked. */
export const rotateIssuer =
  (issuer: SimulatedIssuer) =>
  async ({ did, rng, sleep }: Actor): Promise<void> => {
    if (!issuer.publish()) return
    const leaked = rng.chance(0.3)
    did(leaked ? "the issuer's key has leaked: it takes another" : 'the issuer publishes a new key')
    if (!leaked) await sleep(rng.int(0, rng.pick([100, 3000, 11_000])))
    issuer.sign()
    if (!leaked) await sleep(rng.int(0, rng.pick([100, 3000, 11_000])))
    did('the issuer removes its former keys')
    issuer.removeFormer()
  }

const moods: readonly Mood[] = [
  ...(['refuses', 'hangs', 'fails', 'redirects'] as const),
  ...(['names another issuer', 'leads elsewhere', 'has no keys'] as const),
]

/** The issuer goes away for a while, or answers with nothing that can be used. */
export const leave =
  (issuer: SimulatedIssuer) =>
  async ({ did, rng, sleep }: Actor): Promise<void> => {
    const mood = rng.pick(moods)
    did(`the issuer ${mood}`)
    issuer.behave(mood)
    await sleep(rng.int(200, 15_000))
    issuer.behave('answers')
    did('the issuer answers again')
  }

/** A cache before the issuer serves an earlier key set for a while. */
export const serveLate =
  (issuer: SimulatedIssuer) =>
  async ({ did, rng, sleep }: Actor): Promise<void> => {
    did('a cache before the issuer keeps the key set')
    issuer.lag(true)
    await sleep(rng.int(200, 8000))
    issuer.lag(false)
    did('the cache before the issuer is empty')
  }

/** Pipelines that post with tokens, and people who have got hold of one, or made one up. */
export const postIdTokens =
  ({ board, hooks, newDelivery, post, wallet }: Senders) =>
  ({ rng }: Actor): void => {
    const hook = rng.pick(hooks)
    const published = tokenOf(rng, board, hook)
    const good = wallet.of(hook)
    if (!published || good?.form !== 'id token') return
    const proof = rng.chance(0.5) ? good : wrongIdToken(rng, good, wallet.of(hook, rng.int(1, 3)))
    const delivery = newDelivery()
    const headers = rng.chance(0.3) ? { 'idempotency-key': delivery } : {}
    void post({ hook, published, proof, kind: 'plain', delivery, event: delivery, healed: false, headers })
  }

export const bringIssuerBack = ({ issuer }: Pick<Simulation, 'issuer'>): void => {
  issuer?.behave('answers')
  issuer?.lag(false)
}

/** How long a process may go by the keys that it has read, in milliseconds, with the time that a read may take. */
const keysCountMs = 672_000

/** A moment at which most processes read the keys again, in milliseconds after they have read them before. */
const readAgainMs = 595_000

/** How soon a post may cause another read, in milliseconds. */
const askedEveryMs = 10_000

/**
 * When all is well, the issuer takes another key, and posts come with both; some time after it has removed the former, that
 * counts no more. `wait` lets time pass.
 */
export const rotateAtEnd = async (
  { issuer, note }: Pick<Simulation, 'issuer' | 'note'>,
  rng: Rng,
  last: LastPosts,
  wait: (ms: number) => Promise<unknown>,
): Promise<void> => {
  if (!issuer?.publish()) return
  note({ what: 'world', did: 'the issuer publishes a new key, and signs with it' })
  await wait(rng.pick([0, 1000, askedEveryMs]))
  issuer.sign()
  postWithIdTokens(rng, last, 'both keys')
  await wait(askedEveryMs)
  postWithIdTokens(rng, last, 'the new key')
  note({ what: 'world', did: 'the issuer removes its former keys' })
  issuer.removeFormer()
  if (rng.chance(0.5)) {
    if (rng.chance(0.5)) await wait(keysCountMs)
    else {
      await wait(readAgainMs)
      note({ what: 'world', did: 'the issuer fails' })
      issuer.behave('fails')
      await wait(rng.int(1000, keysCountMs - readAgainMs))
      postGoodIdTokens(last, 'a key that was read before')
      note({ what: 'world', did: 'the issuer answers again' })
      issuer.behave('answers')
      // A process whose read has just failed says so until it may read again.
      await wait(askedEveryMs)
    }
    postWithIdTokens(rng, last, 'the removed key')
    await wait(askedEveryMs)
  }
  postWithIdTokens(rng, last, 'the last time')
}

/** Posts to the hooks that take ID tokens, by each trigger: with a good one, with one of the former key, and with a wrong one. */
const postWithIdTokens = (rng: Rng, last: LastPosts, when: string): void =>
  toEachOfThem(last, when, (good, hook) => {
    const former = last.wallet.of(hook, 1)
    return [good, former, wrongIdToken(rng, good, former)]
  })

const postGoodIdTokens = (last: LastPosts, when: string): void => toEachOfThem(last, when, good => [good])

const toEachOfThem = (
  { board, fleet, hooks, post, wallet }: LastPosts,
  when: string,
  proofs: (good: IdTokenProof, hook: string) => readonly (Proof | undefined)[],
): void => {
  for (const member of fleet.members()) {
    if (!member.endpoint) continue
    for (const hook of hooks) {
      const published = board.of(hook).at(-1)
      const good = wallet.of(hook)
      if (!published || good?.form !== 'id token') continue
      const about = { hook, published, kind: 'plain', healed: true } as const
      for (const [index, proof] of proofs(good, hook).entries()) {
        const delivery = `last ${hook} ${member.process.name} by ${when} ${index}`
        void post({ ...about, proof, delivery, event: delivery }, member)
      }
    }
  }
}
