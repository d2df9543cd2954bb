import { limitInWords, type Limit } from '../api/limits-schema.ts'
import type { CountedRun } from '../api/record.ts'
import type { ClaimedRow } from '../api/row.ts'
import { rfc3339 } from '../environment/time.ts'
import type { MemoryDraft } from './draft.ts'
import { isAbandoned } from './due.ts'
import { isCounted, runKey } from './runs.ts'

/** Whether the limits of a hook have room for one more delivery. */
export type Room =
  | { readonly room: 'yes' }
  /** There is room only if claims or acts in progress come to nothing. Their outcome decides. */
  | { readonly room: 'perhaps' }
  /**
   * There is none. `opensAt` is when there is room, in milliseconds since the epoch. Absent if the step
   * is larger than a limit.
   */
  | { readonly room: 'no'; readonly message: string; readonly opensAt?: number }

/** Something that a limit counts. `at` is undefined while it is in progress: then it may happen at any time. */
interface Amount {
  readonly at: number | undefined
  readonly amount: number
}

/** Returns how long the runs of a hook have to be kept, in milliseconds. */
export const keepOf = (limits: readonly Limit[]): number => Math.max(...limits.map(({ withinMs }) => withinMs))

/** Returns whether the number of deliveries has room for one more at `now`, in milliseconds since the epoch. */
export const roomForRun = (draft: MemoryDraft, limits: readonly Limit[], now: number): Room => {
  const counting = limits.filter(({ most }) => most !== undefined)
  return counting.length === 0 ? { room: 'yes' } : smallestRoom(counting, 1, amountsOf(draft, runsIn, now), now)
}

/** Returns whether the moves of a count have room for a step of `delta`, which is not 0. */
export const roomForMove = (draft: MemoryDraft, limits: readonly Limit[], delta: number, now: number): Room => {
  const counting = limits.filter(({ by }) => by !== undefined)
  const amountIn = delta > 0 ? upIn : downIn
  return counting.length === 0
    ? { room: 'yes' }
    : smallestRoom(counting, Math.abs(delta), amountsOf(draft, amountIn, now), now)
}

/** What of a run a limit counts. */
type AmountIn = (run: Omit<CountedRun, 'at' | 'of'>) => number
const runsIn: AmountIn = ({ n = 1 }) => n
const upIn: AmountIn = ({ up = 0 }) => up
const downIn: AmountIn = ({ down = 0 }) => down

/** Returns how much of a limit is used at `now`, and when it becomes less. Undefined: never, as nothing is. */
export const usedOf = (limit: Limit, runs: readonly CountedRun[], now: number) => {
  const { by, withinMs } = limit
  const counted = runs.filter(({ at }) => Math.abs(now - at) < withinMs)
  const sum = (amountIn: AmountIn): number => counted.reduce((total, run) => total + amountIn(run), 0)
  const amountIn = by === undefined ? runsIn : sum(upIn) < sum(downIn) ? downIn : upIn
  const used = sum(amountIn)
  // What went the other way does not count, so its end makes nothing less.
  const first = counted.reduce((least, run) => (amountIn(run) > 0 ? Math.min(least, run.at) : least), Infinity)
  return { used, until: used === 0 ? undefined : first + withinMs }
}

const amountsOf = (draft: MemoryDraft, amountIn: AmountIn, now: number): readonly Amount[] => {
  const { acts = [], runs = [] } = draft.fields
  const open = new Set(acts.filter(act => !isAbandoned(act, now)).map(({ id }) => runKey(id)))
  const known = runs.map(run => ({ at: open.has(run.of) ? undefined : run.at, amount: amountIn(run) }))
  return [...known, ...countedClaims(draft).map(row => ({ at: undefined, amount: amountIn(runOf(row)) }))]
}

/** Returns the open claims whose steps limits count once they are stored. */
export const countedClaims = (draft: MemoryDraft): readonly ClaimedRow[] => draft.claims().filter(isCounted)

const runOf = ({ from, to }: ClaimedRow) => ({ up: Math.max(0, to - from), down: Math.max(0, from - to) })

const smallestRoom = (limits: readonly Limit[], wanted: number, amounts: readonly Amount[], now: number): Room => {
  const rooms = limits.map(limit => roomIn(limit, wanted, amounts, now))
  const full = rooms.filter(room => room.room === 'no').sort((a, b) => opensAtOf(b) - opensAtOf(a))
  return full[0] ?? rooms.find(({ room }) => room === 'perhaps') ?? { room: 'yes' }
}

const opensAtOf = ({ opensAt = Infinity }: { readonly opensAt?: number }): number => opensAt

const roomIn = (limit: Limit, wanted: number, amounts: readonly Amount[], now: number): Room => {
  const { by, most = by ?? 0, withinMs } = limit
  const counted = amounts.filter(({ at = now }) => Math.abs(now - at) < withinMs)
  const sum = (those: readonly Amount[]): number => those.reduce((total, { amount }) => total + amount, 0)
  const certain = counted.filter(isCertain)
  if (sum(certain) + wanted > most) return noRoom(limit, wanted, most, certain)
  return { room: sum(counted) + wanted > most ? 'perhaps' : 'yes' }
}

type Certain = Amount & { readonly at: number }
const isCertain = (amount: Amount): amount is Certain => amount.at !== undefined

const noRoom = (limit: Limit, wanted: number, most: number, certain: readonly Certain[]): Room => {
  const words = limitInWords(limit)
  if (wanted > most)
    return { room: 'no', message: `the step changes the count by ${wanted}, but the limit is ${words}` }
  let used = certain.reduce((total, { amount }) => total + amount, 0)
  const reached =
    limit.by === undefined
      ? `the limit is ${words}, and ${used} ${used === 1 ? 'has' : 'have'} counted`
      : `the limit is ${words}, ${used} ${used === 1 ? 'has' : 'have'} counted, and the step needs ${wanted}`
  for (const { amount, at } of certain.toSorted((a, b) => a.at - b.at)) {
    used -= amount
    if (used + wanted > most) continue
    const opensAt = at + limit.withinMs
    return { room: 'no', message: `${reached}: posts count again at ${rfc3339(opensAt + 999)}`, opensAt }
  }
  return { room: 'no', message: reached }
}
