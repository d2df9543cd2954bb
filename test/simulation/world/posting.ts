import { checkedMilliseconds } from '../../../src/api/duration.ts'
import { keyOf } from '../../../src/api/hash.ts'
import type { TriggerAnswer } from '../../../src/trigger/answer.ts'
import { deliveryOf } from '../../../src/senders/registry.ts'
import { namedBySigned } from '../../../src/trigger/auth/signed.ts'
import type { Post } from '../happened.ts'
import { travelMs } from '../messages.ts'
import type { Simulation } from '../simulation.ts'
import { headersOf, type Wallet } from './credentials.ts'
import type { Fleet, Member } from './fleet.ts'
import type { Published } from './published.ts'

/** What is to be posted, and how its sender names it. */
export interface Letter extends Pick<
  Post,
  'hook' | 'kind' | 'delivery' | 'event' | 'alert' | 'since' | 'healed' | 'proof'
> {
  readonly published: Published
  readonly repeats?: boolean
  /** Without its question mark. */
  readonly query?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** What the sender gets: an answer, or nothing at all. */
export type Reply = Exclude<TriggerAnswer, 'no answer'> | 'none'

/** Posts to any trigger that serves, or to this one. Resolves always, at the latest when the sender gives up. */
export type PostTo = (letter: Letter, to?: Member) => Promise<Reply>

/** How long a sender waits, in milliseconds. */
const timeoutMs = 10_000

/** Of bodies: how many come slowly, and how slowly at most, in milliseconds. */
const slowBody = { probability: 0.02, ms: 4000 }

/** Returns what the checks need to know of a post. `body` is the hash of a body that counts once. */
const noted = (
  { alert, delivery, healed, hook, kind, event, proof, published, query, repeats = false, since, ...letter }: Letter,
  headers: Readonly<Record<string, string>>,
  body: string | undefined,
): Omit<Post, 'id' | 'process'> => {
  const { kid, rotation, uid } = published
  const named = deliveryOf({ headers, json: letter.body })
  // How long it counts once is for the product to know.
  const { identity } = namedBySigned(named, { signed: body === undefined ? undefined : { body, withinMs: 0 } })
  const isName = named.identity === undefined
  const wait = new URLSearchParams(query).get('wait')
  return {
    hook,
    uid,
    rotation,
    kid,
    kind,
    delivery,
    event,
    ...(alert === undefined ? {} : { alert }),
    ...(since === undefined ? {} : { since }),
    proof,
    drill: 'x-drill' in headers,
    key: identity && keyOf(identity.key),
    repeats: repeats || (body !== undefined && isName),
    ...(body === undefined ? {} : { signed: { body, isName } }),
    ...(wait === null ? {} : { waitMs: checkedMilliseconds(wait) }),
    healed,
  }
}

export const postOffice = (simulation: Simulation, fleet: Fleet, wallet: Wallet): PostTo => {
  const { faults, note, time } = simulation
  const rng = simulation.rng.fork()
  let posts = 0

  const choose = (): Member | undefined => {
    const serving = fleet.members().filter(({ endpoint, serving }) => endpoint !== undefined && serving)
    const ready = serving.filter(member => member.ready())
    const among = ready.length > 0 && rng.chance(0.9) ? ready : serving
    return among.length > 0 ? rng.pick(among) : undefined
  }

  const deliver = (letter: Letter, member: Member, reply: (reply: Reply) => void): void => {
    const { endpoint, process } = member
    if (!endpoint || process.mayCrash()) return reply('none')
    const bytes = new TextEncoder().encode(letter.body === undefined ? '' : JSON.stringify(letter.body))
    const headers = { ...letter.headers, ...(letter.proof && headersOf(letter.proof, bytes)) }
    const id = posts++
    const body = wallet.countsOnce(letter.published.uid) ? keyOf(bytes) : undefined
    const post: Post = { id, process: process.name, ...noted(letter, headers, body) }
    note({ what: 'post', post, wall: process.environment.clock.now() })
    member.open += 1
    process.onEnd(() => reply('none'))
    let sent: TriggerAnswer = 'no answer'
    const request = {
      method: 'POST',
      token: letter.published.token,
      source: '192.0.2.1',
      query: new URLSearchParams(letter.query),
      headers,
      body: () => arriving(bytes),
    }
    endpoint(request, answer => (sent = answer)).then(
      () => {
        if (!process.alive) return
        const answer = sent
        member.open -= 1
        note({ what: 'answer', post: id, answer, wall: process.environment.clock.now() })
        if (answer === 'no answer' || process.mayCrash() || rng.chance(faults().postLost)) return reply('none')
        time.at(travelMs(rng, faults()), () => reply(answer))
      },
      (error: unknown) => note({ what: 'broken', why: `${process.name} threw at a post: ${String(error)}` }),
    )
  }

  const arriving = (bytes: Uint8Array): Promise<Uint8Array> => {
    if (faults().slow === 0 || !rng.chance(slowBody.probability)) return Promise.resolve(bytes)
    return new Promise(resolve => time.at(rng.int(1, slowBody.ms), () => resolve(bytes)))
  }

  return (letter, to) =>
    new Promise(resolve => {
      const reply = (got: Reply): void => {
        cancel()
        resolve(got)
      }
      const cancel = time.at(timeoutMs, () => reply('none'))
      time.at(travelMs(rng, faults()), () => {
        if (rng.chance(faults().postLost)) return rng.chance(0.5) ? reply('none') : undefined
        const member = to ?? choose()
        if (!member?.process.alive) return reply('none')
        member.process.onEnd(() => reply('none'))
        member.process.after(0, () => deliver(letter, member, reply))
      })
    })
}
