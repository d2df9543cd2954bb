import { at } from '../api/json.ts'
import type { Environment } from '../environment/environment.ts'
import { singleFlight } from '../environment/single-flight.ts'
import { Unreachable } from '../environment/unreachable.ts'
import { ApiError, isStatus } from '../kube/errors.ts'
import { read } from '../kube/requests.ts'
import { secrets } from '../kube/resources.ts'
import { largestKeptSecret, mostKeptSecrets, secretKeptMs, secretReadWithinMs } from './limits.ts'

/** What reading a Secret came to. */
type Found = { readonly secret: { readonly data: unknown } | undefined } | 'forbidden' | 'unreachable'

/** Reads a Secret, not older than a moment ago; all who ask for it at the same time share one read. */
export type ReadSecret = (namespace: string, name: string) => Promise<Found>

export const secretReader = ({ api, clock }: Pick<Environment, 'api' | 'clock'>): ReadSecret => {
  const shared = singleFlight<Reading>({ clock, forMs: secretKeptMs })
  /** Those that were read last stand last; a slow read may be older than what stands before it. */
  const kept = new Map<string, Reading>()

  const isFresh = ({ since }: { readonly since: number }): boolean => clock.monotonic() - since < secretKeptMs

  const forget = (): void => {
    for (const [key, oldest] of kept) {
      if (kept.size <= mostKeptSecrets && isFresh(oldest)) return
      kept.delete(key)
    }
  }

  const readAnew = async (key: string, namespace: string, name: string): Promise<Reading> => {
    const since = clock.monotonic()
    try {
      const options = { lane: 'step', timeoutMs: secretReadWithinMs } as const
      const object = await read(api, secrets, namespace, name, options)
      // Neither its metadata nor a large Secret is worth the memory.
      const secret = object && { data: at(object, 'data') }
      if (JSON.stringify(secret ?? {}).length <= largestKeptSecret) kept.set(key, { found: { secret }, since })
      return { found: { secret }, since }
    } catch (error) {
      if (isStatus(error, 403)) {
        kept.set(key, { found: 'forbidden', since })
        return { found: 'forbidden', since }
      }
      if (error instanceof ApiError || error instanceof Unreachable) return { found: 'unreachable', since }
      throw error
    }
  }

  return async (namespace, name) => {
    const key = `${namespace}/${name}`
    for (;;) {
      forget()
      const known = kept.get(key)
      if (known && isFresh(known)) return known.found
      const reading = await shared(key, () => readAnew(key, namespace, name))
      // A process that stood still meanwhile holds an answer that is too old.
      if (reading.found === 'unreachable' || isFresh(reading)) return reading.found
    }
  }
}

/** What a read found, and when it began, in monotonic milliseconds. */
interface Reading {
  readonly found: Found
  readonly since: number
}
