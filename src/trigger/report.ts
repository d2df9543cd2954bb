import type { EndedWork } from '../acts/acts.ts'
import type { By } from '../api/by.ts'
import type { Delivery } from '../api/delivery.ts'
import type { RecentDelivery } from '../api/record.ts'
import type { DecidedChange } from '../api/settlement.ts'
import { maxDeliveryMessage } from '../api/status.ts'
import type { Environment, Clock } from '../environment/environment.ts'
import type { Ledgers } from '../record/ledgers.ts'
import { joinedNotes, noteOf } from '../record/memory.ts'
import type { DecidedPost } from './settled.ts'
import type { TriggerAnswer } from './answer.ts'
import type { LiveHook } from './hook.ts'
import { seriesOfHooks } from './hook-series.ts'
import type { Hooks } from './hooks.ts'
import { maxRecordSummary, maxLimitedHooks, quietLines, refusalLines } from './limits.ts'
import { BoundedMap } from '../environment/bounded-map.ts'
import { rateLimiter, type Rate } from '../environment/rate.ts'

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
const logLines = (clock: Pick<Clock, 'monotonic'>): PostLines => {
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
const withoutWrite: ReadonlySet<string> = new Set(['awaiting', 'unchanged', 'skipped', 'rejected', 'failed', 'dry run'])

/** Outcomes of which not all lines are written. */
const mayFlood: ReadonlySet<string> = new Set([...ofAnybody, ...withoutWrite])

/** Returns the kind of a line. Undefined if all lines like it are written. */
const kindOf = (hook: LiveHook | undefined, outcome: string, reason: string): Kind | undefined => {
  if (ofAnybody.has(outcome)) return { key: '', rate: refusalLines }
  if (!hook || !withoutWrite.has(outcome)) return undefined
  return { key: `${hook.namespace}/${hook.name} ${outcome} ${reason}`, rate: quietLines }
}

/** The answer to a post, with what log and metrics need. */
export interface Handled {
  readonly answer: TriggerAnswer
  readonly by?: By | undefined
  readonly hook?: LiveHook
  readonly delivery?: Delivery
  /**
   * The traces that the delivery left on the hook's targets, or that it found there from an earlier
   * delivery of the same push. Undefined if there are none.
   */
  readonly change?: DecidedChange | undefined
  /**
   * What the post waits for. Absent if it does not wait. `isPoll`: the post only asks about a
   * delivery that was decided before.
   */
  readonly waits?: { readonly decided: DecidedPost; readonly waitMs: number; readonly isPoll: boolean }
  /**
   * Present if no sender gets this answer: the work of the post has ended after another answer. `wasDone` says
   * whether another process had done the work before.
   */
  readonly late?: Pick<EndedWork, 'wasDone'>
}

/** A change that this process has made, and the report of its delivery. */
export interface FollowedDelivery {
  readonly hook: LiveHook
  readonly delivery: RecentDelivery
  readonly change: DecidedChange
}

/**
 * Reports the answer to a post to metrics, log and record. A post that only asks for an outcome is
 * only counted. `ms` is the duration of the post, or of its work, in milliseconds.
 */
export type Reporter = (handled: Handled, ms: number) => void

/**
 * The buckets of the histogram, in seconds. Most posts take one or two milliseconds. None takes
 * longer than 4 s.
 */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4]

export const reporter = (
  { clock, log, metrics, tracing }: Environment,
  ledgers: Pick<Ledgers, 'of'>,
  hooks: Pick<Hooks, 'has'>,
  notifyLimited: (hook: LiveHook) => void,
  follow: (followed: FollowedDelivery) => void,
): Reporter => {
  const deliveries = seriesOfHooks(
    clock,
    hooks,
    metrics.counter(
      'receiverhooks_deliveries_total',
      "Posts to trigger URLs, by outcome and reason. If a post's work ends after its answer, this outcome is counted too.",
      ['namespace', 'hook', 'driver', 'sender', 'outcome', 'reason'],
    ),
  )
  // No label of the hook: each has 15 series.
  const duration = metrics.histogram(
    'receiverhooks_delivery_duration_seconds',
    "Time from a post's arrival to its answer.",
    ['driver', 'outcome'],
    buckets,
  )
  const polls = seriesOfHooks(
    clock,
    hooks,
    metrics.counter(
      'receiverhooks_polls_total',
      'Posts that ask for the outcome of a delivery that was decided before.',
      ['namespace', 'hook'],
    ),
  )
  const lines = logLines(clock)

  /** Stores the report of a delivery in its hook's record, and follows the change that it has made. */
  const record = ({ change, hook, late }: Handled, recent: RecentDelivery | undefined): void => {
    if (!hook || !recent) return
    const ledger = ledgers.of(hook)
    // If another process had done the work before, it has reported it.
    if (late) ledger.later(draft => !late.wasDone(draft) && draft.set(joinedNotes(noteOf(recent), draft.fields)))
    else ledger.note(recent)
    if (change) follow({ hook, delivery: recent, change })
  }

  return (handled, ms) => {
    const { answer, by, delivery, hook, late, waits } = handled
    const { name = '', namespace = '' } = hook ?? {}
    if (waits?.isPoll === true) return polls.add({ namespace, hook: name })
    const status = answer === 'no answer' ? 0 : answer.status
    const body = answer === 'no answer' ? undefined : answer.body
    const outcome = outcomeOf(answer)
    const reason = body?.reason ?? ''
    const labels = {
      namespace,
      hook: name,
      driver: hook?.driver ?? '',
      sender: delivery?.sender ?? '',
      outcome,
      reason,
    }
    // The trace of a post ends with its answer.
    if (!late) tracing?.result({ ...labels, status })
    record(handled, recentOf(handled, clock.now()))
    if (hook && reason === 'WritesLimited') notifyLimited(hook)
    deliveries.add(labels)
    if (!late) duration.observe({ driver: labels.driver, outcome }, ms / 1000)
    // What ends after its answer is seldom, and the answer did not say how it ended.
    const omitted = late || !mayFlood.has(outcome) ? 0 : lines.take(hook, outcome, reason)
    if (omitted === undefined) return
    log[late && outcome === 'failed' ? 'warn' : 'info'](
      {
        ...labels,
        by,
        omitted: omitted === 0 ? undefined : omitted,
        status: late ? undefined : status,
        from: body?.from,
        to: body?.to,
        summary: body?.summary,
        dryRun: body?.dryRun,
        message: body?.message,
        ms: Math.round(ms * 10) / 10,
        trace_id: tracing?.traceId(),
      },
      late ? 'work ended after its post was answered' : 'delivery',
    )
  }
}

/**
 * Returns the outcome of an answer, for log and metrics. It is `dry run` for a dry run, and
 * `refused` if no delivery was made of the post.
 */
const outcomeOf = (answer: TriggerAnswer): string => {
  if (answer === 'no answer') return 'unknown'
  return answer.body.dryRun === true ? 'dry run' : (answer.body.outcome ?? 'refused')
}

/** Returns a delivery for the hook's status. Undefined on a dry run, or if nothing was decided. */
const recentOf = ({ answer, by, delivery }: Handled, at: number): RecentDelivery | undefined => {
  if (answer === 'no answer' || !delivery) return undefined
  const { dryRun, from, message, outcome, reason, summary, to } = answer.body
  if (outcome === undefined || outcome === 'awaiting' || outcome === 'unavailable' || dryRun === true) return undefined
  return {
    at,
    sender: delivery.sender,
    // It is compared with what is read back, which has no undefined members.
    ...(by && { by }),
    outcome,
    reason,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(summary === undefined ? {} : { summary: summary.slice(0, maxRecordSummary) }),
    message: shortenedMessage(message),
  }
}

/** Cuts a message to the length that the status allows, without splitting a character. */
export const shortenedMessage = (message: string): string =>
  message.length <= maxDeliveryMessage
    ? message
    : `${message.slice(0, maxDeliveryMessage - 1).replace(/[\uD800-\uDBFF]$/, '')}…`
