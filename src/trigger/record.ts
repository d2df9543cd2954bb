import type { Delivery } from '../api/delivery.ts'
import type { RecentDelivery } from '../api/record.ts'
import type { Environment } from '../environment/environment.ts'
import type { Ledgers } from '../steps/ledgers.ts'
import type { TriggerAnswer } from './answer.ts'
import type { LiveHook } from './hook.ts'
import type { Hooks } from './hooks.ts'
import { seriesEnder } from './series.ts'

/** What became of a post: its answer, and what the log and the metrics are told of it. */
export interface Handled {
  readonly answer: TriggerAnswer
  readonly hook?: LiveHook
  readonly delivery?: Delivery
}

/** Tells the metrics, the log and the hook's record what became of a post, which took `ms` milliseconds. */
export type Recorder = (handled: Handled, ms: number) => void

/** Seconds; a post takes a millisecond or two, and 4 s at the most. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4]

export const recorder = (
  { clock, log, metrics }: Environment,
  ledgers: Ledgers,
  hooks: Pick<Hooks, 'has'>,
): Recorder => {
  const deliveries = metrics.counter(
    'receiverhooks_deliveries_total',
    'Posts to trigger URLs, by what became of them.',
    ['namespace', 'hook', 'driver', 'sender', 'outcome', 'reason'],
  )
  const duration = metrics.histogram(
    'receiverhooks_delivery_duration_seconds',
    'From the arrival of a post to its answer.',
    ['outcome'],
    buckets,
  )
  const endSeries = seriesEnder(clock, deliveries, hooks)
  return (handled, ms) => {
    const { answer, delivery, hook } = handled
    const status = answer === 'no answer' ? 0 : answer.status
    const body = answer === 'no answer' ? undefined : answer.body
    const outcome = outcomeOf(answer)
    const labels = {
      namespace: hook?.namespace ?? '',
      hook: hook?.name ?? '',
      driver: hook?.driver ?? '',
      sender: delivery?.sender ?? '',
      outcome,
      reason: body?.reason ?? '',
    }
    const recent = recentOf(handled, clock.now())
    if (hook && recent) ledgers.of(hook).note(recent)
    deliveries.add(labels)
    endSeries()
    duration.observe({ outcome }, ms / 1000)
    log.info(
      { ...labels, status, from: body?.from, to: body?.to, dryRun: body?.dryRun, ms: Math.round(ms * 10) / 10 },
      'delivery',
    )
  }
}

/** The answer's outcome; a dry run has none, however it would have ended. */
const outcomeOf = (answer: TriggerAnswer): string => {
  if (answer === 'no answer') return 'unknown'
  return answer.body.dryRun === true ? 'dry run' : (answer.body.outcome ?? 'refused')
}

/** A delivery as its hook's status tells of it; undefined where nothing was decided, or only tried. */
const recentOf = ({ answer, delivery }: Handled, at: number): RecentDelivery | undefined => {
  if (answer === 'no answer' || !delivery) return undefined
  const { dryRun, from, outcome, reason, to } = answer.body
  if (outcome === undefined || outcome === 'unavailable' || dryRun === true) return undefined
  return {
    at,
    sender: delivery.sender,
    outcome,
    reason,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  }
}
