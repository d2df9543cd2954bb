import type { Tried } from '../../protocol.ts'
import { askServer, type ServerAnswer } from '../ask.ts'
import { after, now, uniqueName } from '../browser.ts'

/**
 * How long a run is followed, in milliseconds. A rollout of a Deployment may take 10 minutes by
 * default.
 */
const followsMs = 15 * 60_000

/**
 * The shortest time between the beginnings of two posts that ask for the outcome, in milliseconds.
 */
const pauseMs = 1_000

interface Run {
  /** The path of the hook on the dashboard's server. */
  readonly path: string
  /** The body of the post. If it is empty, the post has no body. */
  readonly body: string
  /** Returns whether the dialog is closed. */
  readonly isOver: () => boolean
  /**
   * Called with each answer: first with what the post did, then with the state of the rollout so
   * far.
   */
  readonly show: (answer: ServerAnswer<Tried>) => void
}

/**
 * Posts once. Then repeats the post with its idempotency key, which only asks for the outcome,
 * until the outcome is final.
 */
export const followRun = async ({ body, isOver, path, show }: Run): Promise<void> => {
  const key = uniqueName()
  const post = (waits: boolean): Promise<ServerAnswer<Tried>> =>
    askServer<Tried>('POST', `${path}/try`, { dryRun: false, waits, key, ...(body === '' ? {} : { body }) })
  const first = await post(false)
  show(first)
  if (!first.ok || !hasDone(first.body)) return
  const end = now() + followsMs
  while (!isOver()) {
    const beganAt = now()
    const answer = await post(true)
    const isOpen = answer.ok && (answer.body.state === 'progressing' || answer.body.status === 503)
    if (isOver()) return
    if (!answer.ok || answer.body.state !== undefined) show(answer)
    if (!isOpen || now() > end) return
    // A trigger at which too many posts wait answers immediately. So there is a pause.
    await new Promise<void>(resolve => after(Math.max(0, beganAt + pauseMs - now()), resolve))
  }
}

const hasDone = ({ outcome }: Tried): boolean => outcome === 'applied' || outcome === 'unchanged'
