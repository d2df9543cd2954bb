import type { Acts, Work } from '../acts/acts.ts'
import type { TriggerRequest } from './request.ts'

/**
 * Returns acts that keep the body of their post counted while they work. They may go on for a minute
 * after the answer, and have the body in memory as long.
 */
export const keepingActs = (acts: Acts, { keep }: Pick<TriggerRequest, 'keep'>): Acts => ({
  once: (work, how) => {
    const kept: Work = async (...working) => {
      const end = keep?.()
      try {
        return await work(...working)
      } finally {
        end?.()
      }
    }
    return acts.once(kept, how)
  },
  settle: (id, outcome) => acts.settle(id, outcome),
})
