import type { Answered, Change, Ended } from '../api/outcome.ts'
import type { By } from '../api/by.ts'
import { changesInWords } from '../api/effect.ts'
import { reasons, type Reason, type ReasonIn } from '../api/reasons.ts'
import { rfc3339 } from '../environment/time.ts'
import type { SettlementState } from '../api/settlement.ts'
import type { Budget } from './intake.ts'
import { maxChanges, retryAfterSeconds } from './limits.ts'
import type { TriggerRequest } from './request.ts'

/** The body of every answer. `message` is first, because some senders log only the beginning of an answer. */
export interface Answer {
  readonly message: string
  /** `namespace/name`. */
  readonly hook?: string | undefined
  readonly driver?: string | undefined
  readonly outcome?: Exclude<Answered['outcome'], 'unreadable'> | undefined
  readonly reason: Reason
  /** How far the change has come. Present only if the post waits for its outcome. */
  readonly state?: SettlementState | undefined
  /** `ready`: how many new pods or nodes are available. `of`: how many are wanted. */
  readonly ready?: number | undefined
  readonly of?: number | undefined
  /** Why a rollout does not continue: reasons in the status of its workload and of its pods. */
  readonly causes?: readonly string[] | undefined
  readonly from?: number | undefined
  readonly to?: number | undefined
  /** What was done, if it was not a change of a count. */
  readonly summary?: string | undefined
  /** The changes one by one, at most `maxChanges`. */
  readonly changes?: readonly Change[] | undefined
  /** When the step ends by itself, in RFC 3339. Absent if it is for good. */
  readonly until?: string | undefined
  /** When posts to the hook count again, in RFC 3339. Present if its windows are closed, or a limit is reached. */
  readonly opensAt?: string | undefined
  /** The digest of a change that waits for approval. */
  readonly effect?: string | undefined
  /** The ReceiverHookRequest as which a post waits for approval. */
  readonly request?: string | undefined
  /** Who has sent the post, as far as the hook's `auth` proves it. */
  readonly by?: By | undefined
  /** Present on a dry run, which changed nothing. */
  readonly dryRun?: true | undefined
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Answer
}

/** An answer, or the decision to close the connection because any answer could be wrong. */
export type TriggerAnswer = HttpAnswer | 'no answer'

/** Answers a post: passes the answer to `send`, and reports it to log, metrics and record. */
export type Endpoint = (request: TriggerRequest, send: (answer: TriggerAnswer) => void) => Promise<void>

const statusOf = {
  applied: 200,
  unchanged: 200,
  skipped: 200,
  awaiting: 202,
  rejected: 409,
  failed: 422,
  unavailable: 503,
  unreadable: 400,
} as const satisfies Record<Answered['outcome'], number>

/** Returns an answer without an outcome, mostly to a post that never became a delivery. */
export const refusal = (
  status: 400 | 401 | 404 | 405 | 410 | 413 | 415 | 503,
  reason: ReasonIn<'refused'>,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer => ({
  status,
  headers: { ...headers, ...(status === 405 ? { allow: 'POST' } : {}), ...(status === 503 ? retryAfter : {}) },
  body: { message: `${reasons[reason].means} ${reasons[reason].todo}`, reason },
})

/** Adds to an answer who has sent its post. */
export const withBy = (answer: TriggerAnswer, by: By | undefined): TriggerAnswer =>
  by === undefined || answer === 'no answer' ? answer : { ...answer, body: { ...answer.body, by } }

/**
 * Returns the answer to a delivery. `target` is the name of the target in messages, such as
 * `Deployment/web`.
 */
export const answerTo = (
  outcome: Ended,
  hook: { readonly namespace: string; readonly name: string; readonly driver: string },
  target: string,
  dryRun: boolean,
): TriggerAnswer => {
  if (outcome.outcome === 'unknown') return 'no answer'
  const { outcome: kind, reason } = outcome
  return {
    status: statusOf[kind],
    headers: kind === 'unavailable' ? retryAfter : {},
    body: {
      message: messageOf(outcome, target, dryRun) + waitsAs(outcome, hook.namespace),
      hook: `${hook.namespace}/${hook.name}`,
      driver: hook.driver,
      // An unreadable post is no delivery and has no outcome.
      outcome: kind === 'unreadable' ? undefined : kind,
      reason,
      from: 'from' in outcome ? outcome.from : undefined,
      to: 'to' in outcome ? outcome.to : undefined,
      summary: 'summary' in outcome ? outcome.summary : undefined,
      changes: 'changes' in outcome ? outcome.changes?.slice(0, maxChanges) : undefined,
      effect: 'effect' in outcome ? outcome.effect : undefined,
      request: 'request' in outcome ? outcome.request : undefined,
      until: 'until' in outcome && outcome.until !== undefined ? rfc3339(outcome.until) : undefined,
      opensAt: 'opensAt' in outcome ? outcome.opensAt : undefined,
      dryRun: dryRun || undefined,
    },
  }
}

/** Returns the answer to a post that a limit of its hook or namespace refuses now. */
export const limitedAnswer = (
  reason: 'RateLimited' | 'WritesLimited' | 'Overloaded',
  hook: { readonly namespace: string; readonly name: string; readonly driver: string },
): TriggerAnswer =>
  answerTo({ outcome: 'unavailable', reason, message: reasons[reason].means }, hook, 'the target', false)

/**
 * Adds the header Retry-After to an answer `WritesLimited`: in how many seconds the hook's budget
 * has bytes again. Returns other answers unchanged.
 */
export const onceUnspent = (
  answer: TriggerAnswer,
  hook: { readonly namespace: string; readonly uid: string } | undefined,
  budget: Pick<Budget, 'secondsSpent'>,
): TriggerAnswer =>
  answer === 'no answer' || !hook || answer.body.reason !== 'WritesLimited'
    ? answer
    : { ...answer, headers: { ...answer.headers, 'retry-after': String(budget.secondsSpent(hook)) } }

const retryAfter = { 'retry-after': String(retryAfterSeconds) }

/** Says as which request a post waits for approval. Empty if it does not wait. */
const waitsAs = (outcome: Answered, namespace: string): string =>
  'request' in outcome && outcome.request !== undefined
    ? `. It waits until someone approves it: kubectl receiverhook approve ${outcome.request} -n ${namespace}`
    : ''

const messageOf = (outcome: Answered, target: string, dryRun: boolean): string => {
  switch (outcome.outcome) {
    case 'applied': {
      const until = outcome.until === undefined ? '' : `, until ${rfc3339(outcome.until)}`
      if ('summary' in outcome) return `${dryRun ? 'would have ' : ''}${outcome.summary}${until}`
      return `${target} ${dryRun ? 'would go' : 'went'} from ${outcome.from} to ${outcome.to}${until}`
    }
    case 'awaiting':
      return 'summary' in outcome
        ? `would have ${outcome.summary}${outcome.changes.length > 1 ? `: ${changesInWords(outcome.changes)}` : ''}`
        : `${target} would go from ${outcome.from} to ${outcome.to}`
    case 'unchanged': {
      const { means } = reasons[outcome.reason]
      if ('summary' in outcome) return `${outcome.summary}. ${means}`
      const { bound, to } = outcome
      return `${target} stays at ${to}${bound === undefined ? `. ${means}` : `: ${bound}`}`
    }
    case 'skipped':
    case 'rejected':
    case 'failed':
    case 'unavailable':
    case 'unreadable':
      return outcome.message
  }
}
