import type { Tried } from '../../protocol.ts'
import { askServer, type ServerAnswer } from '../ask.ts'
import { after, now, uniqueName } from '../browser.ts'

/** How long a run is followed, in milliseconds. A Deployment has 10 minutes by default. */
const followsMs = 15 * 60_000

/** The least time between two questions, in milliseconds. */
const pauseMs = 1_000

interface Run {
  /** Where the server takes posts to the hook. */
  readonly path: string
  /** The body of the post. Empty: none. */
  readonly body: string
  /** Returns whether nobody looks any more. */
  readonly isOver: () => boolean
  /** Called with each answer: first what the post did, then its state so far. */
  readonly show: (answer: ServerAnswer<Tried>) => void
}

/**
 * Posts once, and then asks with the same key for its outcome, until that is final.
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
    // A trigger at which many wait answers at once.
    await new Promise<void>(resolve => after(Math.max(0, beganAt + pauseMs - now()), resolve))
  }
}

const hasDone = ({ outcome }: Tried): boolean => outcome === 'applied' || outcome === 'unchanged'
