import { parseTime } from '../../../src/environment/time.ts'
import type { Story, Timeline } from './timeline.ts'
import type { Step } from './walk.ts'
import type { Explanation } from './writes.ts'

/** A step that took effect, of a delivery that its hook's record knows. */
export interface Executed extends Step {
  /** When it was folded, in milliseconds: between these. */
  readonly earliest: number
  readonly latest: number
  /** From this place on it is stored. */
  readonly stored: number
  readonly how: string
}

/** Lists them, with those that cancelled one another out. The end of a lease is of no delivery. */
export const executedIn = ({ happened }: Timeline, { cancelled, explained }: Explanation): readonly Executed[] => {
  const between = (from: number, to: number): Pick<Executed, 'earliest' | 'latest'> => ({
    earliest: happened[from]?.at ?? 0,
    latest: happened[to]?.at ?? 0,
  })
  const written = explained.flatMap(({ fold, steps, stored }) =>
    steps.map((step): Executed => {
      return { ...step, ...between(fold.place, stored.place), stored: stored.place, how: fold.mark }
    }),
  )
  const others = cancelled.flatMap(({ place, steps }) =>
    steps.map((step): Executed => {
      const [story] = step.stories
      const how = `post ${story?.post.id}, which cancelled out`
      return { ...step, ...between(story?.arrived ?? place, place), stored: place, how }
    }),
  )
  return [...written, ...others].filter(({ claimed }) => claimed && claimed.isEnd !== true)
}

/** The moments in a record are wall clocks', and mean nothing where those jump. */
export const clocksJump = ({ happened }: Timeline): boolean =>
  happened.some(entry => entry.what === 'world' && entry.did.includes('wall clock'))

/** How far apart the wall clocks of two processes are, as long as none jumps, in milliseconds. */
export const clocksDifferMs = 400

/** When something was decided, by the wall clock of the process that decided it, as an answer says. */
const decidedAtIn = (message: string): number => parseTime(/was decided at (\S+Z)/.exec(message)?.[1] ?? '')

/** How long before the judging of a post the thing in its answer was decided: at least so many milliseconds, as far as clocks show. */
export const decidedAgoMs = ({ arrivedAt, endedAt, wall }: Story, message: string): number => {
  const decidedAt = decidedAtIn(message)
  const agoMs = Math.max(wall - decidedAt, decidedAt - wall - (endedAt - arrivedAt))
  return agoMs - clocksDifferMs - wholeSecondMs
}

/** The moment of the history by which that was decided at the latest, in milliseconds, as far as clocks show. */
export const decidedBy = ({ arrivedAt, wall }: Story, message: string): number =>
  arrivedAt + decidedAtIn(message) - wall + clocksDifferMs + wholeSecondMs

/** Moments in messages are in whole seconds. */
const wholeSecondMs = 1000
