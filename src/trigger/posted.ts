import type { Clock } from '../environment/environment.ts'
import { refusal, type TriggerAnswer } from './answer.ts'
import { TooLarge, TooMany, type TriggerRequest } from './request.ts'
import { bodyWithinMs, smallBodyBytes } from './limits.ts'
import { acceptedEncodings } from './reading/inflate.ts'
import type { LargeBodies } from './reading/large.ts'
import { mayBeLong } from './reading/long.ts'
import { readMessage, type ReadMessage, type Unreadable } from './reading/message.ts'

/** What a post is answered that goes no further. */
export interface Refused {
  readonly refused: TriggerAnswer
}

/** Reads the body of a post to a namespace; or says what the post is answered, where that cannot be done. */
export type Body = (namespace: string) => Promise<{ readonly body: Uint8Array } | Refused>

/** The body of one post: as it was sent, and what it says. Each is read once, however often it is asked for. */
export interface PostedBody {
  readonly sent: Body
  readonly message: (namespace: string) => Promise<{ readonly message: ReadMessage } | Refused>
  /** The post is answered. */
  release(): void
}

/** Reads the body of a post when it is first asked for. A long one needs a place among the few that are on their way. */
export const postedBody = (clock: Clock, large: LargeBodies, request: TriggerRequest): PostedBody => {
  let reading: ReturnType<Body> | undefined
  let understanding: ReturnType<PostedBody['message']> | undefined
  let leave: (() => void) | undefined

  const release = (): void => {
    leave?.()
    leave = undefined
  }
  const enter = (namespace: string): boolean => {
    leave ??= large.enter(namespace)
    return leave !== undefined
  }
  const readOnce = async (namespace: string): ReturnType<Body> => {
    if (mayBeLong(request.headers) && !enter(namespace)) return overloaded
    return await readBody(clock, request)
  }
  const sent: Body = namespace => (reading ??= readOnce(namespace))

  const understand: PostedBody['message'] = async namespace => {
    const read = await sent(namespace)
    if ('refused' in read) return read
    const arrived = { headers: request.headers, body: read.body, receivedAt: clock.now() }
    const short = readMessage(arrived, smallBodyBytes)
    if (short !== 'too large') {
      release()
      return answered(short)
    }
    if (!enter(namespace)) return overloaded
    const message = await large.read(arrived).finally(release)
    return message === undefined ? overloaded : answered(message)
  }
  return { sent, release, message: namespace => (understanding ??= understand(namespace)) }
}

const overloaded = { refused: refusal(503, 'Overloaded') }

const answered = (message: ReadMessage | Unreadable) =>
  typeof message === 'string' ? { refused: refusedBody(message) } : { message }

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

const readBody = async (clock: Clock, request: TriggerRequest): ReturnType<Body> => {
  // Nothing is waited for, so there is no time to bound.
  if (!request.body) return { body: noBody }
  let cancel = (): void => {}
  try {
    const late = new Promise<undefined>(resolve => {
      cancel = clock.after(bodyWithinMs, () => resolve(undefined))
    })
    const body = await Promise.race([request.body(), late])
    return body ? { body } : { refused: refusal(503, 'BodyTooSlow') }
  } catch (error) {
    if (error instanceof TooLarge) return { refused: refusal(413, 'BodyTooLarge') }
    if (error instanceof TooMany) return { refused: refusal(503, 'Overloaded') }
    return { refused: refusal(400, 'BodyUnreadable') }
  } finally {
    cancel()
  }
}
