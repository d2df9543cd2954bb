import { at, stringAt, tryParseJson } from '../src/api/json.ts'
import type { Clock } from '../src/environment/environment.ts'
import { wait } from '../src/environment/wait.ts'
import { NoAnswer, type Posted } from './post.ts'

/**
 * How long each post asks the trigger to wait for the outcome, in milliseconds. Progress is shown
 * once in this time.
 */
export const stepMs = 5_000

/**
 * How long to pause before the next post, in milliseconds, after an error such as 503 or after no
 * answer.
 */
const pauseMs = 1_000

/**
 * How the wait for an outcome ended. `late`: the time limit has passed. `stopped`: the user ended
 * it.
 */
export type Waited =
  | { readonly ended: 'answered'; readonly answer: Posted }
  | { readonly ended: 'late' | 'stopped'; readonly last: Posted | undefined }

interface Asking {
  /**
   * Posts, and asks the trigger to wait at most `waitMs` milliseconds for the outcome. Throws
   * {@link NoAnswer}.
   */
  readonly ask: (waitMs: number) => Promise<Posted>
  /** How long one post may ask the trigger to wait, in milliseconds. */
  readonly maxStepMs: number
  /** The time limit for all posts together, in milliseconds. */
  readonly withinMs: number
  readonly show: (progress: string) => void
}

/**
 * Posts again and again until an answer is final, the time limit has passed, or the user stops. All
 * posts have one idempotency key, so the hook runs once.
 */
export const awaitOutcome = async (
  { ask, maxStepMs, show, withinMs }: Asking,
  { clock, stop }: { readonly clock: Clock; readonly stop: AbortSignal },
): Promise<Waited> => {
  const end = clock.monotonic() + withinMs
  let last: Posted | undefined
  do {
    const beganAt = clock.monotonic()
    const waitMs = Math.ceil(Math.min(maxStepMs, Math.max(0, end - beganAt)))
    const answered = await askOnce(ask, waitMs, last === undefined, stop)
    if (stop.aborted) break
    if (answered instanceof NoAnswer) show(`${answered.said}; asking again`)
    else if (!isOpen(answered)) return { ended: 'answered', answer: answered }
    else show(progressOf(answered))
    const isProgress = !(answered instanceof NoAnswer) && answered.status === 202
    if (!(answered instanceof NoAnswer)) last = answered
    // A trigger with too many waiting posts answers 202 at once. The next post is sent when the wait
    // would have ended, so that the trigger is not flooded.
    const next = isProgress ? beganAt + waitMs : clock.monotonic() + pauseMs
    await wait(clock, Math.max(0, Math.min(next, end) - clock.monotonic()), stop)
  } while (clock.monotonic() < end && !stop.aborted)
  return { ended: stop.aborted ? 'stopped' : 'late', last }
}

/**
 * Returns whether a later post can get another answer: the rollout is in progress (202), or its
 * state is unknown (5xx). The trigger answers no 5xx but 503. A proxy before it answers others while
 * it reaches no trigger.
 */
const isOpen = ({ status }: Posted): boolean => status === 202 || status >= 500

/**
 * Posts once. Throws if the first post gets no answer, because the address may be wrong. Returns
 * the {@link NoAnswer} of a later post, of an established connection that was lost, or after the
 * user has stopped.
 */
const askOnce = async (
  ask: Asking['ask'],
  waitMs: number,
  isFirst: boolean,
  stop: AbortSignal,
): Promise<Posted | NoAnswer> => {
  try {
    return await ask(waitMs)
  } catch (error) {
    if (!(error instanceof NoAnswer) || (isFirst && !error.isLost && !stop.aborted)) throw error
    return error
  }
}

/**
 * Returns the progress in an answer, such as `3 of 5 ready`, followed by the reasons why not all
 * pods are ready.
 */
const progressOf = ({ body, status }: Posted): string => {
  const answer = tryParseJson(body)
  const [ready, of, causes] = [at(answer, 'ready'), at(answer, 'of'), at(answer, 'causes')]
  if (typeof ready === 'number' && typeof of === 'number') {
    return [`${ready} of ${of} ready`, ...(Array.isArray(causes) ? causes.map(String) : [])].join(', ')
  }
  const said = stringAt(answer, 'message') ?? body.slice(0, 200)
  const reason = stringAt(answer, 'reason')
  return status === 202 ? said : `${status}${reason === undefined ? '' : ` ${reason}`}: ${said}; asking again`
}
