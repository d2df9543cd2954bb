import type { Clock } from '../environment/environment.ts'
import { refusal, limitedAnswer, type TriggerAnswer } from './answer.ts'
import { BodyTooLarge, TooMany, type TriggerRequest } from './request.ts'
import type { LiveHook } from './hook.ts'
import type { Intake } from './intake.ts'
import { bodyWithinMs, maxPostBodyBytes, smallBodyBytes } from './limits.ts'
import type { LargeBodies } from './reading/large.ts'
import {
  acceptedEncodings,
  isPacked,
  readMessage,
  withoutMark,
  type Arrived,
  type Reading,
  type ReadMessage,
  type Unreadable,
} from './reading/message.ts'

/** The answer to a post that is refused before it is executed. */
export interface Refused {
  readonly refused: TriggerAnswer
}

/** Reads the body of a post to a hook, or returns the answer if that is impossible. */
export type Body = (hook: LiveHook) => Promise<{ readonly body: Uint8Array } | Refused>

/**
 * The body of one post: as it was `sent`, and as a parsed `message`. Each form is read once.
 * `discarded` reads the body of a refused post and keeps nothing of it. It returns the answer if
 * that is impossible.
 */
export interface PostedBody {
  readonly sent: Body
  readonly discarded: () => Promise<Refused | undefined>
  readonly message: (hook: LiveHook) => Promise<{ readonly message: ReadMessage } | Refused>
}

/** The limits of large bodies: the queue for the thread, and the hook's rate. */
export interface BodyLimits {
  readonly large: Pick<LargeBodies, 'read'>
  readonly intake: Pick<Intake, 'takeLarge'>
}

/** Returns the body of a post, which is read when it is first needed. */
export const postedBody = (clock: Clock, { intake, large }: BodyLimits, request: TriggerRequest): PostedBody => {
  let reading: ReturnType<Body> | undefined
  let understanding: ReturnType<PostedBody['message']> | undefined

  const sent: Body = hook => (reading ??= arrivedInTime(clock, request.body?.(hook)))

  const understand: PostedBody['message'] = async hook => {
    const read = await sent(hook)
    if ('refused' in read) return read
    const arrived = { headers: request.headers, body: read.body, receivedAt: clock.now() }
    let message: Reading | undefined = readMessage(arrived, smallBodyBytes)
    if (message === 'too large') {
      // A shorter body was compressed. Its decoded size is unknown, so the maximum is charged.
      const bytes = read.body.length > smallBodyBytes ? read.body.length : maxPostBodyBytes
      if (!intake.takeLarge(hook, bytes)) return { refused: limitedAnswer('RateLimited', hook) }
      message = await readLarge(hook, arrived)
      if (message === undefined) return overloaded
    } else if (typeof message !== 'string' && isPacked(request.headers) && !holdMore(message.body.length)) {
      return overloaded
    }
    return typeof message === 'string' ? { refused: refusedBody(message) } : { message }
  }

  /** Counts further bytes of the post. Returns false if there is no room for them. */
  const holdMore = (bytes: number): boolean => {
    try {
      request.hold?.(bytes)
      return true
    } catch (error) {
      if (error instanceof TooMany) return false
      throw error
    }
  }

  /**
   * Reads a large body, or returns undefined if that is impossible now. The length of a compressed
   * body is unknown until it is read, so the maximum is counted meanwhile.
   */
  const readLarge = async (hook: LiveHook, arrived: Arrived): Promise<Reading | undefined> => {
    if (!isPacked(request.headers)) {
      const message = await large.read(hook.namespace, arrived)
      // The thread returns a copy of the body. Only one of the two stays in memory.
      return typeof message === 'object' ? { ...message, body: withoutMark(arrived.body) } : message
    }
    if (!holdMore(maxPostBodyBytes)) return undefined
    const message = await large.read(hook.namespace, arrived)
    request.hold?.((typeof message === 'object' ? message.body.length : 0) - maxPostBodyBytes)
    return message
  }

  const discarded = async (): Promise<Refused | undefined> => {
    const discarding = reading ? undefined : request.discard?.().then(() => noBody)
    const read = await (reading ?? arrivedInTime(clock, discarding))
    return 'refused' in read ? read : undefined
  }
  return { sent, discarded, message: hook => (understanding ??= understand(hook)) }
}

const overloaded = { refused: refusal(503, 'Overloaded') }

const refusedBody = (why: Unreadable): TriggerAnswer => {
  switch (why) {
    case 'too deep':
      return refusal(400, 'BodyTooDeep')
    case 'too large':
      return refusal(413, 'BodyTooLarge')
    case 'unreadable':
      return refusal(400, 'BodyUnreadable')
    case 'unsupported':
      return refusal(415, 'EncodingNotSupported', { 'accept-encoding': acceptedEncodings })
  }
}

const noBody = new Uint8Array()

/** Resolves with a body, or with the answer if it cannot be read or does not arrive in time. */
const arrivedInTime = async (clock: Clock, reading: Promise<Uint8Array> | undefined): ReturnType<Body> => {
  // A post without a body needs no time limit.
  if (!reading) return { body: noBody }
  let cancel = (): void => {}
  try {
    const late = new Promise<undefined>(resolve => {
      cancel = clock.after(bodyWithinMs, () => resolve(undefined))
    })
    const body = await Promise.race([reading, late])
    return body ? { body } : { refused: refusal(503, 'BodyTooSlow') }
  } catch (error) {
    if (error instanceof BodyTooLarge) return { refused: refusal(413, 'BodyTooLarge') }
    if (error instanceof TooMany) return { refused: refusal(503, 'Overloaded') }
    return { refused: refusal(400, 'BodyUnreadable') }
  } finally {
    cancel()
  }
}
