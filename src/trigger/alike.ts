import type { Clock } from '../environment/environment.ts'
import { wait } from '../environment/wait.ts'
import { refusedEveryMs } from './limits.ts'
import type { PostedBody } from './posted.ts'
import type { Handled } from './report.ts'

/**
 * Makes refusals at URLs with a name alike, so that neither their content nor their time reveals
 * which hooks exist. The body is read first: if it is too large, or does not arrive, each name
 * answers that. Then the answer waits for the next multiple of {@link refusedEveryMs} after the
 * post's `arrival`, which is in monotonic milliseconds.
 */
export const answeredAlike = async (
  clock: Clock,
  refused: Handled,
  body: Pick<PostedBody, 'discarded'>,
  arrival: number,
): Promise<Handled> => {
  const unread = await body.discarded()
  const passed = clock.monotonic() - arrival
  await wait(clock, (Math.floor(passed / refusedEveryMs) + 1) * refusedEveryMs - passed)
  return unread ? { ...refused, answer: unread.refused } : refused
}
