import type { Acts, Work } from '../acts/acts.ts'
import { reasons } from '../api/reasons.ts'

/** What the acts of a hook are held to. */
interface Pace {
  /** True if nothing is left of the hook's budget. */
  readonly isSpent: () => boolean
  /** The hooks, by their uids, of which an act is at work that is never ended. One such map for all. */
  readonly kept: Set<string>
  /** Is told that an act has ended before its work was done. */
  readonly ended: (message: string) => void
}

/**
 * Has acts end early while the budget of their hook is spent. Of those at work at a time one goes on, which began while there
 * was something left: so one act is never cut short by what it writes itself, and many at once cannot each write as much.
 */
export const pacedActs = (acts: Acts, uid: string, { ended, isSpent, kept }: Pace): Acts => ({
  once: (work, how) => {
    const paced: Work = async (act, mayContinue, progress) => {
      let isEnded = isSpent()
      const isKept = !isEnded && !kept.has(uid)
      if (isKept) kept.add(uid)
      try {
        const worked = await work(act, () => mayContinue() && (isKept || !(isEnded ||= isSpent())), progress)
        if (!isEnded || worked.worked !== 'unfinished') return worked
        const soFar = 'message' in worked.outcome ? ` ${worked.outcome.message}` : ''
        ended(soFar.trim())
        const message = `${reasons.WritesLimited.means}${soFar}`
        return { worked: 'unfinished', outcome: { outcome: 'unavailable', reason: 'WritesLimited', message } }
      } finally {
        if (isKept) kept.delete(uid)
      }
    }
    return acts.once(paced, how)
  },
})
