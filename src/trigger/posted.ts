import type { Clock } from '../environment/environment.ts'
import { refusal, unavailable, type TriggerAnswer } from './answer.ts'
import { TooLarge, TooMany, type TriggerRequest } from './request.ts'
import type { LiveHook } from './hook.ts'
import type { Intake } from './intake.ts'
import { bodyWithinMs, mostBodyBytes, smallBodyBytes } from './limits.ts'
import type { LargeBodies } from './reading/large.ts'
import { acceptedEncodings, readMessage, type Reading, type ReadMessage, type Unreadable } from './reading/message.ts'

/** What a post is answered that goes no further. */
export interface Refused {
  readonly refused: TriggerAnswer
}

/** Reads the body of a post to a hook; or says what the post is answered, where that cannot be done. */
export type Body = (hook: LiveHook) => Promise<{ readonly body: Uint8Array } | Refused>

/** The body of one post: as it was sent, and what it says. Each is read once, however often it is asked for. */
export interface PostedBody {
  readonly sent: Body
  readonly message: (hook: LiveHook) => Promise<{ readonly message: ReadMessage } | Refused>
}

/** What large bodies are taken from: their turn, and what their hook may have read. */
export interface BodyLimits {
  readonly large: Pick<LargeBodies, 'read'>
  readonly intake: Pick<Intake, 'takeLarge'>
}

/** Reads the body of a post when it is first asked for. */
export const postedBody = (clock: Clock, { intake, large }: BodyLimits, request: TriggerRequest): PostedBody => {
  let reading: ReturnType<Body> | undefined
  let understanding: ReturnType<PostedBody['message']> | undefined

  const sent: Body = hook => (reading ??= readBody(clock, request, hook))

  const understand: PostedBody['message'] = async hook => {
    const read = await sent(hook)
    if ('refused' in read) return read
    const arrived = { headers: request.headers, body: read.body, receivedAt: clock.now() }
    let message: Reading | undefined = readMessage(arrived, smallBodyBytes)
    if (message === 'too large') {
      // How long a compressed one is, nobody knows before it is read.
      const bytes = read.body.length > smallBodyBytes ? read.body.length : mostBodyBytes
      if (!intake.takeLarge(hook, bytes)) return { refused: unavailable('RateLimited', hook) }
      message = await large.read(hook.namespace, arrived)
      if (message === undefined) return overloaded
    }
    return typeof message === 'string' ? { refused: refusedBody(message) } : { message }
  }
  return { sent, message: hook => (understanding ??= understand(hook)) }
}

const overloaded = { refused: refusal(503, 'Overloaded') }

/** What a post is answered whose body cannot be read. */
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

const readBody = async (clock: Clock, request: TriggerRequest, hook: LiveHook): ReturnType<Body> => {
  // Nothing is waited for, so there is no time to bound.
  if (!request.body) return { body: noBody }
  let cancel = (): void => {}
  try {
    const late = new Promise<undefined>(resolve => {
      cancel = clock.after(bodyWithinMs, () => resolve(undefined))
    })
    const body = await Promise.race([request.body(hook), late])
    return body ? { body } : { refused: refusal(503, 'BodyTooSlow') }
  } catch (error) {
    if (error instanceof TooLarge) return { refused: refusal(413, 'BodyTooLarge') }
    if (error instanceof TooMany) return { refused: refusal(503, 'Overloaded') }
    return { refused: refusal(400, 'BodyUnreadable') }
  } finally {
    cancel()
  }
}
