import { BoundedMap } from '../../environment/bounded-map.ts'
import type { Environment } from '../../environment/environment.ts'
import type { Acting } from '../../kube/acting.ts'
import type { Target } from './target.ts'

/** How long a kind is not watched in a namespace that forbids it, in milliseconds. */
const forbiddenForMs = 600_000

/** How many kinds in namespaces, each as one account, are remembered as forbidden. */
const maxForbidden = 1000

/** A target, and the account as which it is watched. */
export interface Watched {
  readonly target: Target
  readonly account: Acting | undefined
}

/** Remembers the namespaces in which a kind cannot be watched. Logs each kind once. */
export const forbiddenKinds = ({ clock, log }: Pick<Environment, 'clock' | 'log'>) => {
  const until = new BoundedMap<string, number>(maxForbidden)
  const said = new BoundedMap<string, true>(maxForbidden)
  const kindOf = ({ type }: Target): string => `${type.resource}.${type.group}`
  const placeOf = ({ account, target }: Watched): string =>
    `${kindOf(target)} ${target.namespace}${account ? ` as ${account.name}` : ''}`
  return {
    has: (watched: Watched): boolean => clock.monotonic() < (until.get(placeOf(watched)) ?? -Infinity),
    add: (watched: Watched, why: string): void => {
      const { target } = watched
      until.set(placeOf(watched), clock.monotonic() + forbiddenForMs)
      const kind = kindOf(target)
      if (said.get(kind)) return
      said.set(kind, true)
      log.warn({ kind, namespace: target.namespace, why }, readInstead)
    },
  }
}

const readInstead = "these targets can't be watched, so each is read before a write: allow `watch` to avoid that"
