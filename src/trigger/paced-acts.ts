import type { Acts, Work } from '../acts/acts.ts'
import { reasons } from '../api/reasons.ts'

/** What limits a hook's acts. */
interface Pace {
  /** Returns whether the hook's budget is used up. */
  readonly isSpent: () => boolean
  /**
   * The uids of hooks with an act in progress that continues even when the budget is used up.
   * Shared by all hooks.
   */
  readonly kept: Set<string>
  /** Called when an act was ended before its work was done. `message` says how far it had come. */
  readonly ended: (message: string) => void
}

/**
 * Returns acts that are ended early while the budget of their hook is used up. One act may
 * continue: the first that began while bytes were left. So a single act is never cut by its own
 * writes, and of many acts at once only one can overdraw the budget.
 */
export const pacedActs = (acts: Acts, uid: string, { ended, isSpent, kept }: Pace): Acts => ({
  once: (work, how) => {
    const paced: Work = async (act, mayContinue, progress) => {
      let isEnded = isSpent()
      const isKept = !isEnded && !kept.has(uid)
      if (isKept) kept.add(uid)
      try {
        const worked = await work(
          act,
          async () => (await mayContinue()) && (isKept || !(isEnded ||= isSpent())),
          progress,
        )
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
  settle: (id, outcome) => acts.settle(id, outcome),
})
