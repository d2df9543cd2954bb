import { BoundedMap } from '../environment/bounded-map.ts'
import type { Clock } from '../environment/environment.ts'
import { rateLimiter, type Rate } from '../environment/rate.ts'
import type { LiveHook } from './hook.ts'
import { maxLimitedHooks, quietLines, refusalLines } from './limits.ts'

/** The log lines about posts of one kind: a key of the kind, and their rate. */
interface Kind {
  readonly key: string
  readonly rate: Rate
}

/** Decides which log lines about posts are written. The metrics count every post. */
interface PostLines {
  /** Returns how many lines like this one were left out before it. Undefined if it is left out too. */
  take(hook: LiveHook | undefined, outcome: string, reason: string): number | undefined
}

/** Makes what keeps a flood of posts from filling the log. */
export const logLines = (clock: Pick<Clock, 'monotonic'>): PostLines => {
  const written = rateLimiter(clock, maxLimitedHooks)
  const omitted = new BoundedMap<string, number>(maxLimitedHooks)
  return {
    take: (hook, outcome, reason) => {
      const kind = kindOf(hook, outcome, reason)
      if (!kind) return 0
      const before = omitted.get(kind.key) ?? 0
      if (!written.take(kind.key, kind.rate)) {
        omitted.set(kind.key, before + 1)
        return undefined
      }
      omitted.delete(kind.key)
      return before
    },
  }
}

/** Outcomes that anybody can cause at any rate. They share one rate. */
const ofAnybody: ReadonlySet<string> = new Set(['refused', 'unavailable'])

/** Outcomes that a URL can cause at any rate, because they write nothing. Each hook has a rate for each reason. */
const withoutWrite: ReadonlySet<string> = new Set(['unchanged', 'skipped', 'rejected', 'failed', 'dry run'])

/** Outcomes of which not all lines are written. */
export const mayFlood: ReadonlySet<string> = new Set([...ofAnybody, ...withoutWrite])

/** Returns the kind of a line. Undefined if all lines like it are written. */
const kindOf = (hook: LiveHook | undefined, outcome: string, reason: string): Kind | undefined => {
  if (ofAnybody.has(outcome)) return { key: '', rate: refusalLines }
  if (!hook || !withoutWrite.has(outcome)) return undefined
  return { key: `${hook.namespace}/${hook.name} ${outcome} ${reason}`, rate: quietLines }
}
