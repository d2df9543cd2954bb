import type { Outcome } from '../api/outcome.ts'
import { reasons, type Reason, type ReasonIn } from '../api/reasons.ts'
import { retryAfterSeconds } from './limits.ts'

/** The body of every answer. `message` stands first: senders log the beginning. */
export interface Answer {
  readonly message: string
  /** `namespace/name`. */
  readonly hook?: string
  readonly driver?: string
  readonly outcome?: Exclude<Outcome['outcome'], 'unknown'>
  readonly reason: Reason
  readonly from?: number
  readonly to?: number
  /** Present on a dry run, which changed nothing. */
  readonly dryRun?: true
}

/** An answer, or the closing of the connection where any answer could be untrue. */
export type TriggerAnswer =
  | { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: Answer }
  | 'no answer'

const statusOf = {
  applied: 200,
  unchanged: 200,
  skipped: 200,
  rejected: 409,
  failed: 422,
  unavailable: 503,
} as const satisfies Record<Exclude<Outcome['outcome'], 'unknown'>, number>

/** The answer to a post that never became a delivery. */
export const refusal = (
  status: 400 | 401 | 404 | 405 | 410 | 413 | 503,
  reason: ReasonIn<'refused'>,
  headers: Readonly<Record<string, string>> = {},
): TriggerAnswer => ({
  status,
  headers: { ...headers, ...(status === 405 ? { allow: 'POST' } : {}), ...(status === 503 ? retryAfter : {}) },
  body: { message: `${reasons[reason].means} ${reasons[reason].todo}`, reason },
})

/** The answer to a delivery. `target` is what the hook acts on, as in `Deployment/web`. */
export const answerTo = (
  outcome: Outcome,
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
      message: messageOf(outcome, target, dryRun),
      hook: `${hook.namespace}/${hook.name}`,
      driver: hook.driver,
      outcome: kind,
      reason,
      ...('from' in outcome ? { from: outcome.from } : {}),
      ...('to' in outcome ? { to: outcome.to } : {}),
      ...(dryRun ? { dryRun } : {}),
    },
  }
}

const retryAfter = { 'retry-after': String(retryAfterSeconds) }

const messageOf = (outcome: Exclude<Outcome, { outcome: 'unknown' }>, target: string, dryRun: boolean): string => {
  switch (outcome.outcome) {
    case 'applied':
      return `${target} ${dryRun ? 'would go' : 'went'} from ${outcome.from} to ${outcome.to}`
    case 'unchanged':
      return `${target} stays at ${outcome.to}: ${reasons[outcome.reason].means}`
    case 'skipped':
    case 'rejected':
    case 'failed':
    case 'unavailable':
      return outcome.message
  }
}
