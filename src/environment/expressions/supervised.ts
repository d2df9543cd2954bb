import type { Clock, Expressions, Judgement } from '../environment.ts'
import type { StartEvaluator } from './evaluator.ts'
import { apartMs } from './limits.ts'
import { seatOf, type Job } from './seat.ts'
import { standingsOf } from './standing.ts'

/** Expressions that can be closed: what is under way is then not judged. */
export interface SupervisedExpressions extends Expressions {
  close(): void
}

/**
 * Evaluates expressions in one process; for a while after any of them ran over its budget in two: one for those that
 * have been seen to be quick, and one for all others, so that what runs over, and ends its process by that, meets only
 * the new and the slow. Each process lives only while it is used. Whose expression ran over is barred for a while,
 * longer each time: then nothing of it is judged, and senders try again.
 */
export const supervisedExpressions = (clock: Clock, start: StartEvaluator): SupervisedExpressions => {
  const standings = standingsOf(clock)
  const provenSeat = seatOf(clock, start)
  const otherSeat = seatOf(clock, start)
  let apartUntil = -Infinity

  return {
    evaluate: evaluation => {
      const { expression, owner, variables, withinMs } = evaluation
      const barredMs = standings.barredMs(owner, expression)
      if (barredMs > 0) return Promise.resolve(barred(barredMs))
      const apart = clock.monotonic() < apartUntil && standings.proven(owner, expression)
      const seat = apart ? provenSeat : otherSeat

      return new Promise<Judgement>(resolve => {
        const job: Job = {
          owner,
          bytes: (variables.body?.length ?? 0) + expression.length,
          evaluation,
          finish: (judgement, usedMs) => {
            cancel()
            resolve(judgement)
            if (usedMs !== undefined) standings.ran(owner, expression, usedMs)
            if (!('ranOver' in judgement)) return
            standings.ranOver(owner, expression)
            apartUntil = clock.monotonic() + apartMs
            const all = [...provenSeat.removeAll(owner), ...otherSeat.removeAll(owner)]
            for (const other of all) other.finish(barred(standings.barredMs(owner, expression)))
          },
        }
        const cancel = clock.after(withinMs, () => {
          seat.remove(job)
          resolve({ unavailable: 'the expression was not judged in time' })
        })
        seat.add(job)
      })
    },
    close: () => {
      provenSeat.close()
      otherSeat.close()
    },
  }
}

const barred = (ms: number): Judgement => ({
  unavailable: `the expression ran over its budget, and is not run again for ${Math.ceil(ms / 1000)} s`,
})
