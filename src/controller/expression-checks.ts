import { createHash } from 'node:crypto'
import { BoundedMap } from '../environment/bounded-map.ts'
import type { Problem } from '../api/conditions.ts'
import type { Checked, Environment } from '../environment/environment.ts'
import { wait } from '../environment/wait.ts'
import { waitAfter, type Backoff } from '../environment/backoff.ts'

/** How many expressions it is remembered of what was found in them. */
const maxRemembered = 10_000

/** How long one check may take, its wait for those of the same namespace included, in milliseconds. */
const checkWithinMs = 60_000

/** For how long a check that ran over is not made again, in milliseconds: the machine may have been to blame. */
const ranOverLastsMs = 600_000

/** How long to wait where nothing could be checked, in milliseconds. */
const unavailable: Backoff = { firstMs: 1000, maxMs: 30_000 }

/** What is known of expressions, which are checked where they can hold up nobody. */
export interface ExpressionChecks {
  /**
   * Answers what is wrong with the expression of a hook; or that it is being checked, and then calls `known` with the
   * hook's key when there is an answer.
   */
  problemOf(key: string, namespace: string, when: string): Problem | 'sound' | 'pending'
  /** Checks nothing again that could not be checked. */
  close(): void
}

interface Remembered {
  readonly found: Problem | 'sound'
  /** In monotonic milliseconds. */
  readonly until: number
}

/** Has expressions checked, each text of a namespace once at a time, and remembers what was found in the latest. */
export const expressionChecks = (
  { clock, expressions, log }: Pick<Environment, 'clock' | 'expressions' | 'log'>,
  known: (key: string) => void,
): ExpressionChecks => {
  const remembered = new BoundedMap<string, Remembered>(maxRemembered)
  /** Whose answer is being waited for, by namespace and hash. */
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
        log.warn({ namespace, againAfterMs, why: checked.unavailable }, 'an expression could not be checked yet')
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
