import type { Row } from '../api/row.ts'
import { isReason, reasons, type Reason, type ReasonIn } from '../api/reasons.ts'
import type { DecidedChange, DecidedCount, Settlement, SettlementState } from '../api/settlement.ts'
import { rfc3339 } from '../environment/time.ts'
import { decidedAs, heldAs } from '../record/outcomes.ts'
import type { Answer, TriggerAnswer } from './answer.ts'
import type { LiveHook } from './hook.ts'

/** A post whose delivery was decided, and whose sender waits for the outcome. */
export interface DecidedPost {
  /** The answer that the post would get without `wait`. */
  readonly answer: Exclude<TriggerAnswer, 'no answer'>
  /**
   * The change that the delivery made. Undefined if nothing on the objects distinguishes it from
   * other changes.
   */
  readonly change: DecidedChange | DecidedCount | undefined
  /** Whether the sender can ask for the outcome again with the same request. */
  readonly isAskable: boolean
  /** True if the key of the post is its signed `webhook-id`. The header `Idempotency-Key` does nothing then. */
  readonly isKeySigned?: boolean
}

/** The HTTP status and the reason that answer each state. */
export const statusOfState: Readonly<Record<SettlementState, readonly [status: number, reason: ReasonIn<'waited'>]>> = {
  complete: [200, 'RolloutComplete'],
  superseded: [200, 'Superseded'],
  stored: [200, 'Stored'],
  progressing: [202, 'RolloutProgressing'],
  replaced: [409, 'Replaced'],
  stalled: [422, 'RolloutStalled'],
  failed: [422, 'JobFailed'],
}

/** Returns the answer to a post that has waited. `isFollowed`: the sender does not have to ask again. */
export const settledAnswer = (decided: DecidedPost, settlement: Settlement, isFollowed = false): TriggerAnswer => {
  const { answer } = decided
  const { causes, message, of, ready, state } = settlement
  const [status, usual] = statusOfState[state]
  const { reason = usual } = settlement
  const { hook, driver, outcome, from, to, until, summary, changes } = answer.body
  const body: Answer = {
    message: `${message}${state === 'progressing' && !isFollowed ? againInWords(decided) : ''}`,
    hook,
    driver,
    outcome,
    reason,
    state,
    ready,
    of,
    causes,
    from,
    to,
    until,
    summary,
    changes,
  }
  return { status, headers: {}, body }
}

const againInWords = ({ isAskable, isKeySigned = false }: DecidedPost): string => {
  if (isAskable) return '. Send the same request again to keep waiting'
  return isKeySigned
    ? ". You can't ask again about a signed post, whose key is its webhook-id"
    : ". Without the header Idempotency-Key you can't ask about it again"
}

/**
 * Returns the answer to a post with `wait` that changed nothing. Its status is such that a pipeline
 * does not mistake it for a rollout.
 */
export const undoneAnswer = (decided: DecidedPost): TriggerAnswer => {
  const { answer } = decided
  if (answer.body.reason === 'Superseded') {
    return settledAnswer(decided, { state: 'superseded', message: answer.body.message })
  }
  // A duplicate may be a copy of a rollout. Its row is not found if only the body identifies the
  // delivery, so its answer stays 200.
  const isRefused = answer.body.outcome === 'skipped' && answer.body.reason !== 'Duplicate'
  return isRefused ? { ...answer, status: 409 } : answer
}

/** Returns the post that a row of the record describes, for a sender that asks for its outcome. */
export const decidedAsIn = (
  row: Exclude<Row, { state: 'claimed' }>,
  hook: Pick<LiveHook, 'namespace' | 'name' | 'driver' | 'leasing'>,
): DecidedPost => {
  const aim = hook.leasing?.aim
  const held = row.state === 'done' ? heldAs(row, aim) : undefined
  const answered = (status: number, outcome: Answer['outcome'] | undefined, reason: Reason): DecidedPost['answer'] => ({
    status,
    headers: {},
    body: {
      message: decidedAs(row, `the same delivery was decided at ${rfc3339(row.at)}`, aim),
      hook: `${hook.namespace}/${hook.name}`,
      driver: hook.driver,
      outcome,
      reason,
      ...(row.state === 'done' && (held === undefined ? { from: row.from, to: row.to } : { summary: held })),
      ...(row.state === 'acted' && { summary: row.summary }),
    },
  })
  const without = (answer: DecidedPost['answer']): DecidedPost => ({ answer, change: undefined, isAskable: true })
  const nothing = (reason: string): DecidedPost => {
    const known = isReason(reason) ? reason : 'Duplicate'
    const isFailure = reasons[known].where.some(place => place === 'failed')
    return without(isFailure ? answered(422, 'failed', known) : answered(200, 'skipped', known))
  }
  switch (row.state) {
    case 'skipped':
      return nothing(row.reason)
    case 'unknown':
      return nothing('OutcomeUnknown')
    case 'done':
      return {
        answer: answered(200, row.from === row.to ? 'unchanged' : 'applied', 'Duplicate'),
        change: row.on === undefined ? undefined : { at: row.at, on: row.on, to: row.to },
        isAskable: true,
      }
    case 'acted': {
      if (row.reason !== undefined) return nothing(row.reason)
      const { at, did, n } = row
      const change = did && n !== undefined ? { at, did, n } : undefined
      return { answer: answered(200, undefined, 'Duplicate'), change, isAskable: true }
    }
  }
}
