import { at, stringAt, tryParseJson } from '../api/json.ts'
import type { Clock } from '../environment/environment.ts'
import { wait } from '../environment/wait.ts'
import { NoAnswer, type Posted } from './post.ts'

/** How long a post of a loop asks to wait, in milliseconds. Progress is shown as often. */
export const stepMs = 5_000

/** How long a loop pauses after an answer that does not know the outcome, in milliseconds. */
const pauseMs = 1_000

/** How the wait for an outcome ended. `late`: the time was over. `stopped`: the user ended it. */
export type Waited =
  | { readonly ended: 'answered'; readonly answer: Posted }
  | { readonly ended: 'late' | 'stopped'; readonly last: Posted | undefined }

interface Asking {
  /** Posts, and waits for the outcome for so many milliseconds. Throws {@link NoAnswer}. */
  readonly ask: (waitMs: number) => Promise<Posted>
  /** How long one post may wait, in milliseconds. */
  readonly maxStepMs: number
  /** The time limit of the whole, in milliseconds. */
  readonly withinMs: number
  readonly show: (progress: string) => void
}

/**
 * Sends the same post until its answer is final. Each post has the same idempotency key, so the
 * hook runs once.
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
    // A trigger at which too many wait answers at once.
    const next = isProgress ? beganAt + waitMs : clock.monotonic() + pauseMs
    await wait(clock, Math.max(0, Math.min(next, end) - clock.monotonic()), stop)
  } while (clock.monotonic() < end && !stop.aborted)
  return { ended: stop.aborted ? 'stopped' : 'late', last }
}

/** Returns whether the same post can get another answer: the rollout goes on, or is not known. */
const isOpen = ({ status }: Posted): boolean => status === 202 || status === 503

/**
 * Posts once. A missing answer to the first post is an error, because the address may be wrong,
 * unless the connection was lost after it was made.
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

/** Returns the progress that an answer has, such as `3 of 5 ready`, and why it is no more. */
const progressOf = ({ body, status }: Posted): string => {
  const answer = tryParseJson(body)
  const [ready, of, causes] = [at(answer, 'ready'), at(answer, 'of'), at(answer, 'causes')]
  if (typeof ready === 'number' && typeof of === 'number') {
    return [`${ready} of ${of} ready`, ...(Array.isArray(causes) ? causes.map(String) : [])].join(', ')
  }
  const said = stringAt(answer, 'message') ?? body.slice(0, 200)
  return status === 202 ? said : `${status} ${stringAt(answer, 'reason') ?? ''}: ${said}; asking again`
}
