import { createHash } from 'node:crypto'
import type { ReceiverHook } from '../api/hook.ts'
import type { StoredObject } from '../api/object.ts'
import { waitAfter } from '../environment/backoff.ts'
import { BoundedMap } from '../environment/bounded-map.ts'
import type { Clock } from '../environment/environment.ts'
import { hookOf } from './hooks.ts'
import { ServedTwice } from './queue.ts'
import { statusFor, statusPatch, type ReconcileFindings } from './status.ts'

/** How long a status is not written again that something else has replaced again, in milliseconds. */
const afterLoss = { firstMs: 2000, maxMs: 300_000 }

/** How long a write is remembered, in milliseconds. */
const rememberMs = 3_600_000

const maxHooks = 10_000

/** The last write of a hook's status. */
interface Write {
  readonly gist: string
  readonly at: number
  /** How many writes in a row said this. */
  readonly times: number
  /** When the status was found replaced, after this write. */
  lostAt: number | undefined
}

/**
 * Two installations that serve the same hook would replace each other's status without an end. The
 * first loss is made good at once: somebody may have restored a backup. After further losses this
 * installation waits, each time longer.
 */
export class Rivals {
  readonly #clock: Pick<Clock, 'monotonic' | 'now'>
  readonly #writes = new BoundedMap<string, Write>(maxHooks)

  constructor(clock: Pick<Clock, 'monotonic' | 'now'>) {
    this.#clock = clock
  }

  /** Throws {@link ServedTwice} if a status is not to be written yet. */
  throwIfLost(hook: ReceiverHook, findings: ReconcileFindings): void {
    const write = this.#sameBefore(hook, this.#gistOf(hook, findings))
    if (!write || write.times < 2) return
    const now = this.#clock.monotonic()
    write.lostAt ??= now
    const leftMs = Math.ceil(write.lostAt + waitAfter(afterLoss, write.times - 2) - now)
    if (leftMs > 0) throw new ServedTwice(hook, leftMs)
  }

  /** Notes that a status was written. `object` is the API server's answer. */
  wrote(object: StoredObject, findings: ReconcileFindings): void {
    const hook = hookOf(object)
    // What the API server itself changes in a status, nobody else has replaced.
    if (!hook || statusPatch(hook, findings, this.#clock.now())) return
    const gist = this.#gistOf(hook, findings)
    const times = (this.#sameBefore(hook, gist)?.times ?? 0) + 1
    this.#writes.set(hook.metadata.uid, { gist, at: this.#clock.monotonic(), times, lostAt: undefined })
  }

  #sameBefore({ metadata }: ReceiverHook, gist: string): Write | undefined {
    const write = this.#writes.get(metadata.uid)
    return write?.gist === gist && this.#clock.monotonic() - write.at < rememberMs ? write : undefined
  }

  /** Returns a digest of what a status says. It is equal for statuses that differ only in times. */
  #gistOf(hook: ReceiverHook, findings: ReconcileFindings): string {
    const { conditions, endpoint, minted, observedGeneration, target, triggerURL } = statusFor(
      hook,
      findings,
      this.#clock.now(),
    )
    const said = conditions?.map(({ message, reason, status, type }) => [type, status, reason, message])
    const whole = JSON.stringify([observedGeneration, target, endpoint, triggerURL, minted?.id, said])
    return createHash('sha256').update(whole).digest('base64url')
  }
}
