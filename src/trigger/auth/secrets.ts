import { maxAuthSecretBytes } from '../../api/credentials.ts'
import { stringAt } from '../../api/json.ts'
import { BoundedMap } from '../../environment/bounded-map.ts'
import type { Environment } from '../../environment/environment.ts'
import { joinOrAskAgain, singleFlight } from '../../environment/single-flight.ts'
import { isStatus, ObjectTooLarge } from '../../kube/errors.ts'
import { read } from '../../kube/requests.ts'
import { secrets } from '../../kube/resources.ts'
import { maxKeptChars, maxKeptSecrets, secretKeptMs, secretReadWithinMs } from '../limits.ts'
import { onceAllowed, saysNothing } from '../once-allowed.ts'

/** The result of reading a Secret. `secret` is undefined if it does not exist. */
type Found =
  | { readonly secret: { readonly data: Readonly<Record<string, string>> } | undefined }
  | 'forbidden'
  | 'too large'
  | 'unreachable'

/**
 * Reads some entries of a Secret, as they were at most `secretKeptMs` ago. Simultaneous callers
 * share one read.
 */
export type ReadSecret = (namespace: string, name: string, keys: readonly string[]) => Promise<Found>

export const secretReader = ({ api, clock }: Pick<Environment, 'api' | 'clock'>): ReadSecret => {
  const shared = singleFlight<Reading>({ clock, forMs: secretKeptMs })
  /**
   * The last reading of each set of entries of a Secret, in the order in which the reads ended. A
   * slow read may have begun before the reads that ended earlier.
   */
  const kept = new Map<string, Reading>()
  let keptChars = 0
  /** What could be read when it was read last. */
  const allowed = new BoundedMap<string, true>(maxKeptSecrets)

  const isFresh = ({ since }: { readonly since: number }): boolean => clock.monotonic() - since < secretKeptMs
  const hasFailed = ({ found }: Reading): boolean => found === 'unreachable'

  const forget = (): void => {
    for (const [key, oldest] of kept) {
      if (kept.size <= maxKeptSecrets && keptChars <= maxKeptChars && isFresh(oldest)) return
      kept.delete(key)
      keptChars -= charsOf(oldest)
    }
  }

  const keep = (key: string, reading: Reading): Reading => {
    const before = kept.get(key)
    if (before) keptChars -= charsOf(before)
    kept.delete(key)
    kept.set(key, reading)
    keptChars += charsOf(reading)
    return reading
  }

  const readAgain = async (key: string, namespace: string, name: string, keys: readonly string[]): Promise<Reading> => {
    let since = clock.monotonic()
    try {
      const options = { lane: 'step', timeoutMs: secretReadWithinMs, maxBytes: maxAuthSecretBytes } as const
      const object = await onceAllowed(clock, allowed.has(key), () => {
        since = clock.monotonic()
        return read(api, secrets, namespace, name, options)
      })
      allowed.set(key, true)
      // Only the entries that were asked for are kept in memory.
      const values = keys.flatMap((key): [string, string][] => {
        const value = stringAt(object, 'data', key)
        return value === undefined ? [] : [[key, value]]
      })
      return keep(key, { found: { secret: object && { data: Object.fromEntries(values) } }, since })
    } catch (error) {
      if (isStatus(error, 403)) {
        allowed.delete(key)
        return keep(key, { found: 'forbidden', since })
      }
      if (error instanceof ObjectTooLarge) return keep(key, { found: 'too large', since })
      if (saysNothing(error)) return { found: 'unreachable', since }
      throw error
    }
  }

  return async (namespace, name, keys) => {
    const key = [namespace, name, ...keys].join('/')
    for (;;) {
      forget()
      const known = kept.get(key)
      if (known && isFresh(known)) return known.found
      const reading = await joinOrAskAgain(shared, key, () => readAgain(key, namespace, name, keys), hasFailed)
      // If the process was paused meanwhile, the answer may be too old. The Secret is then read
      // again.
      if (hasFailed(reading) || isFresh(reading)) return reading.found
    }
  }
}

const charsOf = ({ found }: Reading): number =>
  typeof found === 'string' ? 0 : Object.values(found.secret?.data ?? {}).reduce((sum, value) => sum + value.length, 0)

/** The result of a read, and when it began in monotonic milliseconds. */
interface Reading {
  readonly found: Found
  readonly since: number
}
