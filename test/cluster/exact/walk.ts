import type { Checkpoint } from './checkpoints.ts'
import type { Operation, CountChange } from './deliveries.ts'
import { stepOf } from './step.ts'

/** An order in which deliveries explain every version of a target; or where none was found. */
export type Walk =
  | { readonly explained: true; readonly steps: readonly Operation[] }
  | { readonly explained: false; readonly why: string }

/** Where a walk stands. */
interface Place {
  /** The version that was last stored. */
  readonly stored: number
  /** The count, with what the next write holds so far. */
  readonly count: number
  /** Whose write that is; undefined while it holds nothing that changes the count. */
  readonly process: string | undefined
  /** No step after this one was made earlier. */
  readonly moment: number
}

interface Move {
  readonly to: Place
  /** Absent where the next version is reached. */
  readonly operation?: number
}

/** How many places are looked at: what is explained at all mostly needs one for each delivery and version. */
const maxPlaces = 200_000

/**
 * Puts the deliveries of one target in an order that passes through every version. In it, each
 * delivery finds the count that the one before it left. All deliveries whose outcome a sender got
 * are in it, once, and some of the others. No delivery comes after one that was sent after it was
 * done.
 * Between two versions are the deliveries of one process, whose write the next version is. There
 * may also be groups of any process that leave the count as it was, since they need no write.
 */
export const walk = (checkpoints: readonly Checkpoint[], unordered: readonly Operation[]): Walk => {
  const operations = unordered.toSorted((a, b) => a.doneAt - b.doneAt)
  const used = operations.map(() => false)
  const steps: Operation[] = []
  const hopeless = new Set<string>()
  let places = 0
  let furthest: { place: Place; open: readonly Operation[] } | undefined

  /** Returns the deliveries that may stand next, in the order of their ends. */
  const open = ({ moment, stored }: Place): readonly number[] => {
    const storedBy = checkpoints[stored + 1]?.storedBy ?? Infinity
    return operations.flatMap(({ doneAt, sentAt }, index) =>
      used[index] !== true && sentAt <= storedBy && doneAt >= moment ? [index] : [],
    )
  }

  /** Returns whether a delivery whose outcome a sender got has been passed over. */
  const isLate = ({ moment }: Place): boolean =>
    operations.some(({ doneAt, answered }, index) => answered !== undefined && doneAt < moment && used[index] !== true)

  const isEnd = ({ count, stored }: Place): boolean =>
    stored === checkpoints.length - 1 &&
    count === checkpoints[stored]?.count &&
    operations.every(({ answered }, index) => answered === undefined || used[index] === true)

  const go = (place: Place): boolean => {
    if (isLate(place)) return false
    if (isEnd(place)) return true
    const candidates = open(place)
    if (!furthest || place.stored > furthest.place.stored) {
      furthest = { place, open: candidates.flatMap(index => operations[index] ?? []) }
    }
    const key = `${place.stored} ${place.count} ${place.process} ${candidates.join()}`
    if (hopeless.has(key) || places++ > maxPlaces) return false
    for (const { operation, to } of movesFrom(place, checkpoints, operations, candidates)) {
      if (operation !== undefined) {
        used[operation] = true
        steps.push(...operations.slice(operation, operation + 1))
      }
      if (go(to)) return true
      if (operation !== undefined) {
        used[operation] = false
        steps.pop()
      }
    }
    hopeless.add(key)
    return false
  }

  const [first] = checkpoints
  if (!first) return { explained: unordered.length === 0, steps, why: 'there is no version of it' }
  if (go({ stored: 0, count: first.count, process: undefined, moment: -Infinity })) return { explained: true, steps }
  return { explained: false, why: stuck(checkpoints, furthest, places > maxPlaces) }
}

/** Returns what can come next, the likeliest first. */
const movesFrom = (
  place: Place,
  checkpoints: readonly Checkpoint[],
  operations: readonly Operation[],
  candidates: readonly number[],
): readonly Move[] => {
  const { count, moment, stored } = place
  const base = checkpoints[stored]?.count
  const next = checkpoints[stored + 1]
  // What came back to the count that is stored needed no write.
  const process = count === base ? undefined : place.process
  const still: Move[] = []
  const answered: Move[] = []
  const silent: Move[] = []
  const tried: { readonly key: string; readonly operation: Operation }[] = []
  for (const index of candidates) {
    const operation = operations[index]
    const step = operation && stepFrom(operation, count)
    if (!operation || !step) continue
    const later = Math.max(moment, operation.sentAt)
    const by = process === undefined ? operation.processes : operation.processes.filter(each => each === process)
    for (const each of by) {
      // Of two that do the same, the one that was sent earlier and done earlier serves as well.
      const key = `${each} ${step.to} ${operation.answered ? '' : operation.hook.name} ${operation.processes.join()}`
      if (tried.some(other => other.key === key && isWithin(other.operation, operation))) continue
      tried.push({ key, operation })
      const isStill = step.to === count
      const to = { stored, count: step.to, process: isStill ? process : each, moment: later }
      const list = isStill ? still : operation.answered === undefined ? silent : answered
      list.push({ to, operation: index })
    }
  }
  const isReached =
    next && (next.process === undefined ? count === base : count === next.count && process === next.process)
  const stores: readonly Move[] =
    isReached && moment <= next.storedBy
      ? [
          {
            to: {
              stored: stored + 1,
              count: next.count,
              process: undefined,
              moment: Math.max(moment, next.notBefore),
            },
          },
        ]
      : []
  return [...still, ...stores, ...answered, ...silent]
}

/** Returns the step of a delivery from this count, if it can have made one here. */
const stepFrom = ({ hook, answered }: Operation, count: number): CountChange | undefined => {
  if (answered) return answered.from === count ? answered : undefined
  const to = stepOf(hook, count)
  return to === 'rejected' || to === count ? undefined : { from: count, to }
}

const isWithin = (one: Operation, other: Operation): boolean => one.sentAt <= other.sentAt && one.doneAt <= other.doneAt

const stuck = (
  checkpoints: readonly Checkpoint[],
  furthest: { readonly place: Place; readonly open: readonly Operation[] } | undefined,
  gaveUp: boolean,
): string => {
  const { place, open = [] } = furthest ?? {}
  const last = checkpoints[place?.stored ?? 0]
  const next = checkpoints[(place?.stored ?? 0) + 1]
  const then = next
    ? `the next, version ${next.resourceVersion}, is ${next.count} by ${next.process ?? 'the outside writer'}`
    : 'that is the last one'
  const some = open.slice(0, 20).map(operationText).join('; ')
  return `${gaveUp ? `looked at ${maxPlaces} places: ` : ''}explained as far as ${last?.count} (version ${last?.resourceVersion}); ${then}; open: [${some}]`
}

const operationText = ({ doneAt, processes, sentAt, answered, title }: Operation): string =>
  `${title} (${sentAt} to ${doneAt}, ${processes.join(' or ')})${answered ? ` from ${answered.from} to ${answered.to}` : ' without an answer'}`
