import type { Clock } from '../../environment/environment.ts'
import { rateLimiter, type RateLimiter } from '../../environment/rate.ts'
import { sourceOf } from '../../environment/connections.ts'
import { maxSources, signIns } from './limits.ts'

/** Who signs in, for limits. */
export interface SignInSource {
  /** Whose connection it is. */
  readonly peer: string
  /** Whose request it is: the peer's own, or that of the client whom a proxy names. */
  readonly client: string
}

/**
 * Reads the source from a connection's address and its X-Forwarded-For. The last address in there is what the nearest proxy saw.
 * A client without a proxy can write anything into it: its failures also count for its own connection's source.
 */
export const signInSource = (address: string | undefined, forwardedFor = ''): SignInSource => {
  const peer = sourceOf(address)
  const forwarded = forwardedFor.slice(forwardedFor.lastIndexOf(',') + 1).trim()
  return { peer, client: `${peer} ${sourceOf(forwarded.slice(0, 64))}` }
}

/** A sign-in that goes on. */
export interface SignInAttempt {
  /** The token was refused. */
  fail(): void
  /** It is over, however it ended. */
  leave(): void
}

/**
 * Bounds sign-ins, since each costs the API server a review. Failures are counted by source alone, so that nobody shuts others
 * out by failing.
 */
export class SignInLimiter {
  readonly #failures: RateLimiter
  readonly #atOnce = new Map<string, number>()
  #all = 0

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#failures = rateLimiter(clock, maxSources)
  }

  /** Begins a sign-in, or says in how many milliseconds the source may try again. */
  enter({ client, peer }: SignInSource): SignInAttempt | { readonly waitMs: number } {
    const waitMs = Math.max(
      this.#failures.waitMs(client, signIns.failuresOfClient),
      this.#failures.waitMs(peer, signIns.failuresOfPeer),
    )
    if (waitMs > 0) return { waitMs }
    const ofClient = this.#atOnce.get(client) ?? 0
    if (ofClient >= signIns.atOnceOfClient || this.#all >= signIns.atOnce) return { waitMs: 1000 }
    this.#atOnce.set(client, ofClient + 1)
    this.#all += 1
    return {
      fail: () => {
        this.#failures.charge(client, signIns.failuresOfClient, 1)
        this.#failures.charge(peer, signIns.failuresOfPeer, 1)
      },
      leave: () => this.#leave(client),
    }
  }

  #leave(client: string): void {
    this.#all -= 1
    const left = (this.#atOnce.get(client) ?? 1) - 1
    if (left === 0) this.#atOnce.delete(client)
    else this.#atOnce.set(client, left)
  }
}
