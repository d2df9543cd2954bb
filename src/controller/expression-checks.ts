import { createHash } from 'node:crypto'
import { BoundedMap } from '../environment/bounded-map.ts'
import type { Problem } from '../api/conditions.ts'
import type { Checked, Environment } from '../environment/environment.ts'
import { wait } from '../environment/wait.ts'
import { waitAfter, type Backoff } from '../environment/backoff.ts'

/** The maximum number of expressions whose results are remembered. */
const maxRemembered = 10_000

/** The time limit of one check, including its wait for others of the same namespace, in milliseconds. */
const checkWithinMs = 60_000

/**
 * How long after a check that exceeded its time limit the expression is checked again, in
 * milliseconds. A busy machine, and not the expression, may have been the cause.
 */
const ranOverLastsMs = 600_000

/** The wait after a check that could not run, in milliseconds. */
const unavailable: Backoff = { firstMs: 1000, maxMs: 30_000 }

/** Checks the expressions of hooks in a separate process, and remembers the results. */
export interface ExpressionChecks {
  /**
   * Returns the problem of a hook's expression, or `sound`. `pending`: the check is running, and
   * `known` is called with the hook's key when it ends.
   */
  problemOf(key: string, namespace: string, when: string): Problem | 'sound' | 'pending'
  /** Ends all checks. None is repeated. */
  close(): void
}

interface Remembered {
  readonly found: Problem | 'sound'
  /** When the result expires, in monotonic milliseconds. */
  readonly until: number
}

/**
 * Returns the checks of expressions. Equal expressions in a namespace share one check. The latest
 * results are remembered.
 */
export const expressionChecks = (
  { clock, expressions, log }: Pick<Environment, 'clock' | 'expressions' | 'log'>,
  known: (key: string) => void,
): ExpressionChecks => {
  const remembered = new BoundedMap<string, Remembered>(maxRemembered)
  /** The hooks that wait for a result, by namespace and hash of the expression. */
  const waiting = new Map<string, Set<string>>()

  const remember = (hash: string, checked: Exclude<Checked, { readonly unavailable: string }>): void => {
    const until = 'ranOver' in checked ? clock.monotonic() + ranOverLastsMs : Infinity
    remembered.set(hash, { found: foundIn(checked), until })
  }

  const closed = new AbortController()

  const check = async (namespace: string, hash: string, when: string): Promise<void> => {
    for (let attempts = 0; !closed.signal.aborted; attempts++) {
      const checked = await expressions.check({ owner: namespace, expression: when, withinMs: checkWithinMs })
      if ('unavailable' in checked) {
        const againAfterMs = waitAfter(unavailable, attempts)
        log.warn({ namespace, againAfterMs, why: checked.unavailable }, 'an expression has not been checked yet')
        await wait(clock, againAfterMs, closed.signal)
        continue
      }
      remember(hash, checked)
      const place = `${namespace}/${hash}`
      const keys = waiting.get(place) ?? []
      waiting.delete(place)
      for (const key of keys) known(key)
      return
    }
  }

  return {
    problemOf: (key, namespace, when) => {
      const hash = createHash('sha256').update(when).digest('base64')
      const before = remembered.get(hash)
      if (before && clock.monotonic() < before.until) {
        remembered.set(hash, before)
        return before.found
      }
      const place = `${namespace}/${hash}`
      const others = waiting.get(place)
      if (others) others.add(key)
      else {
        waiting.set(place, new Set([key]))
        void check(namespace, hash, when)
      }
      return 'pending'
    },
    close: () => closed.abort(),
  }
}

const foundIn = (checked: Exclude<Checked, { readonly unavailable: string }>): Problem | 'sound' => {
  if ('sound' in checked) return 'sound'
  const message =
    'mistake' in checked
      ? checked.mistake
      : `it could not be checked, ${checked.ranOver}: write it with fewer brackets and operators`
  return { reason: 'InvalidExpression', message: `spec.when: ${message}`, lasts: 'stalled' }
}
