import type { Clock } from '../../src/environment/environment.ts'
import { rateLimiter, type RateLimiter } from '../../src/environment/rate.ts'
import { sourceOf } from '../../src/environment/connections.ts'
import { Shares } from '../../src/environment/shares.ts'
import { maxSources, signIns } from './limits.ts'

/** Where a sign-in comes from, in two forms that the limits count separately. */
export interface SignInSource {
  /** The source of the connection. */
  readonly peer: string
  /** The source of the connection, with the client that the nearest proxy names. */
  readonly client: string
}

/**
 * Returns the source of a sign-in, from the address of its connection and from X-Forwarded-For. The
 * last address in that header is from the nearest proxy. A client without a proxy can forge it, so
 * failures also count for the connection.
 */
export const signInSource = (address: string | undefined, forwardedFor = ''): SignInSource => {
  const peer = sourceOf(address)
  const forwarded = forwardedFor.slice(forwardedFor.lastIndexOf(',') + 1).trim()
  return { peer, client: `${peer} ${sourceOf(forwarded.slice(0, 64))}` }
}

/** A sign-in in progress. */
export interface SignInAttempt {
  /** Notes that the token was refused. */
  fail(): void
  /** Ends the attempt, whether it succeeded or failed. */
  leave(): void
}

/**
 * Limits sign-ins, because each costs the API server a review. Failures are counted by source and
 * not by user, so that nobody can lock other users out.
 */
export class SignInLimiter {
  readonly #failures: RateLimiter
  readonly #atOnce = new Shares(signIns.atOnce, signIns.atOnceOfClient)

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#failures = rateLimiter(clock, maxSources)
  }

  /** Begins a sign-in, or returns in how many milliseconds the source may try again. */
  enter({ client, peer }: SignInSource): SignInAttempt | { readonly waitMs: number } {
    const waitMs = Math.max(
      this.#failures.waitMs(client, signIns.failuresOfClient),
      this.#failures.waitMs(peer, signIns.failuresOfPeer),
    )
    if (waitMs > 0) return { waitMs }
    const leave = this.#atOnce.take(client)
    if (!leave) return { waitMs: 1000 }
    return {
      fail: () => {
        this.#failures.charge(client, signIns.failuresOfClient, 1)
        this.#failures.charge(peer, signIns.failuresOfPeer, 1)
      },
      leave,
    }
  }
}
