import type { Delivery } from '../api/delivery.ts'
import type { DeliveryContext } from '../record/context.ts'
import type { LiveHook } from './hook.ts'
import type { ReadMessage } from './reading/message.ts'

/** A post, without a socket. */
export interface TriggerRequest {
  readonly method: string
  readonly token: string
  /** Whose connection it is. */
  readonly source: string
  readonly query: URLSearchParams
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /**
   * Reads the body, once, and counts it to a hook. Rejects with TooLarge, with TooMany, or with anything else when it does not arrive whole. Absent where
   * the head says that none follows.
   */
  body?(hook: BodyOwner): Promise<Uint8Array>
  /** What was read of the body is needed no more: the post may wait for long. */
  release?(): void
  /** Calls back once nobody waits for the answer any more, until the function that this returns is called. */
  onGone?(gone: () => void): () => void
}

/** A delivery on its way through the trigger, with all of its hook and of what was posted. */
export interface TriggerContext extends DeliveryContext {
  readonly hook: LiveHook
  readonly delivery: Delivery
  readonly request: TriggerRequest
  readonly message: ReadMessage
}

/** Whose body it is, for limits. */
export interface BodyOwner {
  readonly namespace: string
  readonly uid: string
}

/** The body is larger than a delivery may be. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge'
}

/** So many bodies are on their way that there is no room for this one. */
export class TooMany extends Error {
  override readonly name = 'TooMany'
}
