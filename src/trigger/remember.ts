import type { Outcome } from '../api/outcome.ts'
import type { Clock } from '../environment/environment.ts'
import { wait } from '../environment/wait.ts'
import { decided, judge } from '../steps/judge.ts'
import type { Recorded } from '../steps/queue.ts'

/**
 * Remembers that a named delivery was skipped, so that a copy of it that comes after the gate has opened is not executed.
 * Answers the skip, once it is stored; that the hook is no more; or that there was no time or no right to store it by
 * `deadline`.
 */
export const remember = async (
  skipped: Extract<Outcome, { outcome: 'skipped' }>,
  recorded: Recorded | undefined,
  clock: Clock,
  deadline: number,
): Promise<Outcome | 'changed meanwhile'> => {
  if (!recorded?.delivery.identity) return skipped
  const deciding = recorded.ledger.decide<Outcome>(
    (memory, now) => {
      const judged = judge(memory, { ...recorded, cooldownMs: 0 }, now)
      if (judged.judgement === 'unfinished') return { memory, result: skipped }
      if (judged.judgement === 'skip' && !judged.remember) {
        const { message, reason } = judged
        return { memory, result: { outcome: 'skipped', reason, message } }
      }
      return { memory: decided(recorded, now, { skipped: skipped.reason })(memory), result: skipped }
    },
    { goOn: () => clock.monotonic() < deadline },
  )
  const inTime = new AbortController()
  const made = await Promise.race([deciding, wait(clock, deadline - clock.monotonic(), inTime.signal)])
  inTime.abort()
  if (made?.decided === 'stored') return made.result
  if (made?.decided === 'gone') return 'changed meanwhile'
  if (made?.decided === 'refused') {
    return { outcome: 'failed', reason: 'Forbidden', message: `the record of the hook: ${made.message}` }
  }
  return { outcome: 'unavailable', reason: 'ApiUnreachable', message: 'the record of the hook cannot be written' }
}
