import type { Worked } from '../../acts/acts.ts'
import type { Change } from '../../api/outcome.ts'
import { evidenceOf } from './evidence.ts'
import type { Left } from './plan.ts'
import type { Rolled } from './write.ts'

/** The result of a delivery for one workload. */
export interface Rollout {
  /** The name of the workload in messages, such as `Deployment/web`. */
  readonly name: string
  readonly rolled: Rolled
}

/**
 * Sums up the results of all workloads. `what` names the image for messages. It is undefined for a
 * restart.
 */
export const rolloutOutcome = (rollouts: readonly Rollout[], what: string | undefined): Worked => {
  const changes = rollouts.flatMap(({ rolled }) => (rolled.rolled === 'out' ? rolled.changes : []))
  const refused = rollouts.flatMap(({ name, rolled }) => (rolled.rolled === 'refused' ? [{ name, ...rolled }] : []))
  const unfinished = rollouts.flatMap(({ name, rolled }) => (rolled.rolled === 'left' ? [{ name, ...rolled }] : []))
  const wasDone = rollouts.some(({ rolled }) => rolled.rolled === 'nothing' && rolled.left.has('done before'))
  if (unfinished.length > 0) {
    const names = namesInWords(unfinished.map(({ name }) => name))
    const message = `${rollouts.length - unfinished.length} of ${rollouts.length} workloads are done, but not ${names}; sending the same post again does the rest`
    const isUntouched = changes.length === 0 && !wasDone && !unfinished.some(({ mayBeStored }) => mayBeStored)
    return { worked: 'unfinished', outcome: { outcome: 'unavailable', reason: 'Unfinished', message }, isUntouched }
  }
  const [first, ...others] = refused
  if (first) {
    const more = others.length === 0 ? '' : `, and ${others.length} more`
    const message = `${first.name}${more}: ${first.message}`
    // An act that has changed something stays open. Another act would change that once more.
    if (changes.length === 0 && !wasDone) {
      const reason = first.forbidden ? 'Forbidden' : 'PartlyDone'
      return { worked: 'failed', outcome: { outcome: 'failed', reason, message } }
    }
    return { worked: 'unfinished', outcome: { outcome: 'failed', reason: 'PartlyDone', message, changes } }
  }
  const isUnapproved = rollouts.some(({ rolled }) => rolled.rolled === 'nothing' && rolled.left.has('not approved'))
  // It is decided again, and waits for another approval.
  if (isUnapproved && changes.length === 0 && !wasDone) return { worked: 'unfinished', outcome: { outcome: 'changed' } }
  const outcome = outcomeOfAll(rollouts, changes, what)
  // The same post gets the same answer, until a person has changed something.
  if (outcome.outcome === 'failed') return { worked: wasDone ? 'unfinished' : 'failed', outcome }
  return { worked: 'done', outcome, ...(wasDone && { wasDone }) }
}

const outcomeOfAll = (
  rollouts: readonly Rollout[],
  changes: readonly Change[],
  what: string | undefined,
): Worked['outcome'] => {
  const evidence = evidenceOf(rollouts.flatMap(({ rolled }) => ('marks' in rolled ? [rolled.marks] : [])))
  if (changes.length > 0) {
    return {
      outcome: 'applied',
      reason: what === undefined ? 'Restarted' : 'RolledOut',
      summary: summaryOf(changes, what) + passedOver(rollouts),
      changes,
      ...(evidence && { evidence }),
    }
  }
  const left = new Set<Left>(rollouts.flatMap(({ rolled }) => (rolled.rolled === 'nothing' ? [...rolled.left] : [])))
  const names = [...new Set(rollouts.map(({ name }) => name))]
  if (left.has('never pulled')) {
    const message = `${what} was pushed again, but with imagePullPolicy Never no node would pull it`
    return { outcome: 'failed', reason: 'ImageNeverPulled', message }
  }
  const leftAs = (...as: readonly Left[]): string => {
    const isLeft = ({ rolled }: Rollout): boolean =>
      rolled.rolled === 'nothing' && as.some(each => rolled.left.has(each))
    return workloadsInWords(rollouts.filter(isLeft).map(({ name }) => name))
  }
  if (left.has('up to date') || left.has('done before')) {
    return {
      outcome: 'unchanged',
      reason: 'UpToDate',
      summary: leftAs('up to date', 'done before') + passedOver(rollouts),
      changes: [],
      ...(evidence && { evidence }),
    }
  }
  if (left.has('rolled back')) {
    const message = `someone rolled ${leftAs('rolled back')} back after ${what} was pushed`
    return { outcome: 'skipped', reason: 'Superseded', message }
  }
  if (left.has('superseded')) {
    const message = `something later than ${what ?? 'this restart'} is already running`
    return { outcome: 'skipped', reason: 'Superseded', message }
  }
  if (left.has('running')) {
    const [pods, ...others] = rollouts.flatMap(({ name, rolled }) =>
      rolled.rolled === 'nothing' && rolled.left.has('running')
        ? [rolled.pods === undefined ? undefined : `${rolled.pods} in ${name}`]
        : [],
    )
    const message =
      pods === undefined || others.length > 0
        ? `a rollout of ${leftAs('running')} is still running: nothing is restarted on top of it`
        : `${pods}: nothing is restarted until all are`
    return { outcome: 'skipped', reason: 'RolloutRunning', message }
  }
  if (left.has('paused')) {
    const message = `the rollout of ${leftAs('paused')} is paused: resume it with kubectl rollout resume`
    return { outcome: 'failed', reason: 'RolloutPaused', message }
  }
  if (left.has('manual')) {
    const message = `nothing restarts the pods of ${leftAs('manual')}: its update strategy is OnDelete, or its partition keeps every pod`
    return { outcome: 'failed', reason: 'NothingRestarts', message }
  }
  const message =
    names.length === 0
      ? 'this hook has no workload'
      : `${what === undefined ? 'nothing can be restarted' : `nothing runs ${what}`} in ${workloadsInWords(names)}`
  return { outcome: 'skipped', reason: 'NotForThisHook', message }
}

/** Why a workload is passed over, in words. The first that fits is said. */
const whyLeft: readonly (readonly [why: string, left: readonly Left[]])[] = [
  ['since a rollout is running, paused or manual there', ['running', 'paused', 'manual']],
  ['since nobody has approved that change', ['not approved']],
  ['since no node pulls the image there: imagePullPolicy is Never', ['never pulled']],
]

/**
 * Returns which workloads were not restarted, as a text after the summary of the others. The text
 * is empty if there are none.
 */
const passedOver = (rollouts: readonly Rollout[]): string =>
  whyLeft
    .map(([why, left]) => {
      const isLeft = ({ rolled }: Rollout): boolean =>
        rolled.rolled === 'nothing' && left.some(each => rolled.left.has(each))
      const names = rollouts.filter(isLeft).map(({ name }) => name)
      return names.length === 0 ? '' : `; ${namesInWords(names)} not, ${why}`
    })
    .join('')

const summaryOf = (changes: readonly Change[], what: string | undefined): string => {
  const names = [...new Set(changes.map(({ object }) => object))]
  if (what === undefined) return `restarted ${workloadsInWords(names)}`
  const [only, ...others] = changes
  if (!only || others.length > 0) return `rolled out ${what} in ${workloadsInWords(names)}`
  return `rolled out ${only.object}: ${only.part} from ${only.from} to ${only.to}`
}

/** How many workloads a message names at most. */
const maxNamed = 5

const namesInWords = (names: readonly string[]): string => {
  const others = names.length - maxNamed
  return `${names.toSorted().slice(0, maxNamed).join(', ')}${others > 0 ? ` and ${others} more` : ''}`
}

const workloadsInWords = (names: readonly string[]): string =>
  names.length === 1 ? `${names[0]}` : `${names.length} workloads`
