import { maxAuthSecretBytes } from '../../api/credentials.ts'
import { stringAt } from '../../api/json.ts'
import type { Environment } from '../../environment/environment.ts'
import { ObjectTooLarge } from '../../kube/errors.ts'
import { read } from '../../kube/requests.ts'
import { secrets } from '../../kube/resources.ts'
import { maxKeptChars, maxKeptSecrets, secretKeptMs, secretReadWithinMs } from '../limits.ts'
import { RecentReads } from '../recent-reads.ts'

/** Some entries of a Secret. `secret` is undefined if it does not exist. */
type Found = { readonly secret: { readonly data: Readonly<Record<string, string>> } | undefined } | 'too large'

/**
 * Reads some entries of a Secret, as they were at most `secretKeptMs` ago. Simultaneous callers
 * share one read.
 */
export type ReadSecret = (
  namespace: string,
  name: string,
  keys: readonly string[],
) => Promise<Found | 'forbidden' | 'unreachable'>

export const secretReader = ({ api, clock }: Pick<Environment, 'api' | 'clock'>): ReadSecret => {
  const reads = new RecentReads<Found>(clock, {
    forMs: secretKeptMs,
    most: maxKeptSecrets,
    maxWeight: maxKeptChars,
    weightOf: charsOf,
  })
  const options = { lane: 'step', timeoutMs: secretReadWithinMs, maxBytes: maxAuthSecretBytes } as const
  return (namespace, name, keys) =>
    reads.of([namespace, name, ...keys].join('/'), async () => {
      try {
        const object = await read(api, secrets, namespace, name, options)
        // Only the entries that were asked for are kept in memory.
        const values = keys.flatMap((key): [string, string][] => {
          const value = stringAt(object, 'data', key)
          return value === undefined ? [] : [[key, value]]
        })
        return { secret: object && { data: Object.fromEntries(values) } }
      } catch (error) {
        if (error instanceof ObjectTooLarge) return 'too large'
        throw error
      }
    })
}

const charsOf = (found: Found): number =>
  found === 'too large' ? 0 : Object.values(found.secret?.data ?? {}).reduce((sum, value) => sum + value.length, 0)
