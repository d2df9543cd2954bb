import type { Attempt, History, Hook } from './history.ts'
import { stepOf } from './step.ts'

/** What a delivery did, or may have done, to the count of its target. */
export interface Operation {
  readonly hook: Hook
  /** For messages. */
  readonly title: string
  /** The processes that it was sent to: one of them has folded it. */
  readonly processes: readonly string[]
  /** It was not done before this moment. */
  readonly sentAt: number
  /** It was done by this moment; or, if nobody got its outcome, never after it. */
  readonly doneAt: number
  /** What a sender got in the answer: the count that it found, and the one that it left. Absent if nobody got an answer. */
  readonly answered?: CountChange
}

export interface CountChange {
  readonly from: number
  /** Equal to `from` where nothing was to be changed. */
  readonly to: number
}

/**
 * How long after the end of a post its step may still be stored, in milliseconds. A claimed write
 * is sent again by any process that gets a copy of its delivery.
 */
const lateMs = 20_000

/** Returns what the deliveries of a history did, and the answers that no stored count can make true. */
export const operationsIn = ({
  attempts,
  hooks,
}: History): { readonly operations: readonly Operation[]; readonly violations: readonly string[] } => {
  const byName = new Map(hooks.map(hook => [hook.name, hook]))
  const violations = attempts.flatMap(attempt => {
    const why = untrue(attempt, byName.get(attempt.hook))
    return why === undefined ? [] : [`${titleOf(attempt)}: ${why}`]
  })
  const operations = deliveriesIn(attempts).flatMap(copies => {
    const hook = byName.get(copies[0]?.hook ?? '')
    if (!hook) return []
    const stories = new Set(copies.flatMap(copy => answeredTo(copy) ?? []).map(({ from, to }) => `${from} to ${to}`))
    if (stories.size > 1) {
      violations.push(`${copies.map(titleOf).join(', ')}: one delivery ran from ${[...stories].join(', and from ')}`)
    }
    return [...done(hook, copies), ...refused(hook, copies)]
  })
  return { operations, violations }
}

/** Returns the attempts, those of one delivery together. */
const deliveriesIn = (attempts: readonly Attempt[]): readonly (readonly Attempt[])[] => [
  ...Map.groupBy(attempts, ({ hook, name }, index) => (name === undefined ? index : `${hook} ${name}`)).values(),
]

/** Returns why an answer cannot be true, if it cannot. */
const untrue = ({ answer, name }: Attempt, hook: Hook | undefined): string | undefined => {
  if (!hook) return 'there is no such hook'
  if (!answer) return undefined
  const { from, reason, status, to } = answer
  const said = `${status} ${answer.outcome} ${reason} from ${from} to ${to}`
  switch (`${status} ${reason}`) {
    case '200 Stepped':
      return from !== undefined && from !== to && stepOf(hook, from) === to ? undefined : `no such step: ${said}`
    case '200 AtBound':
      return from !== undefined && from === to && stepOf(hook, from) === to ? undefined : `no such bound: ${said}`
    case '409 WouldPassBound':
      return from !== undefined && stepOf(hook, from) === 'rejected' ? undefined : `no such bound: ${said}`
    case '200 Duplicate':
      return name !== undefined && answeredTo({ answer }) ? undefined : `a copy of nothing: ${answer.message}`
    default:
      return status === 503 ? undefined : `unexpected: ${said}: ${answer.message}`
  }
}

/** Returns what an answer says of the delivery's own step. */
const answeredTo = ({ answer }: Pick<Attempt, 'answer'>): CountChange | undefined => {
  if (answer?.status !== 200) return undefined
  const { from, message = '', reason, to } = answer
  if (reason !== 'Duplicate') return from === undefined || to === undefined ? undefined : { from, to }
  const [, before, after] = /the count went from (\d+) to (\d+)$/.exec(message) ?? []
  return before === undefined ? undefined : { from: Number(before), to: Number(after) }
}

/** Returns the step of a delivery, where it was made or may have been. */
const done = (hook: Hook, copies: readonly Attempt[]): readonly Operation[] => {
  const operation = {
    hook,
    title: titleOf(copies[0]),
    processes: [...new Set(copies.map(({ process }) => process))],
    sentAt: Math.min(...copies.map(({ sentAt }) => sentAt)),
  }
  const served = copies.filter(copy => answeredTo(copy))
  const [first] = served
  const answered = first && answeredTo(first)
  if (answered) return [{ ...operation, answered, doneAt: Math.min(...served.map(({ endedAt }) => endedAt)) }]
  // A delivery without a name that is answered 503 has changed nothing; one with a name may be in progress.
  const open = copies.filter(({ answer, name }) => !answer || (answer.status === 503 && name !== undefined))
  return open.length === 0 ? [] : [{ ...operation, doneAt: Math.max(...open.map(({ endedAt }) => endedAt)) + lateMs }]
}

/** Returns those that were refused, each with the count that it found. */
const refused = (hook: Hook, copies: readonly Attempt[]): readonly Operation[] =>
  copies.flatMap(copy => {
    const from = copy.answer?.status === 409 ? copy.answer.from : undefined
    if (from === undefined) return []
    const { endedAt, process, sentAt } = copy
    return [{ hook, title: titleOf(copy), processes: [process], sentAt, doneAt: endedAt, answered: { from, to: from } }]
  })

const titleOf = (attempt: Attempt | undefined): string =>
  attempt ? `${attempt.hook}${attempt.name === undefined ? '' : ` ${attempt.name}`} at ${attempt.sentAt}` : 'nothing'
