import type { By, Proved } from '../api/by.ts'
import type { Delivery } from '../api/delivery.ts'
import type { Change } from '../api/outcome.ts'
import type { ReasonIn } from '../api/reasons.ts'
import type { KeptPost } from '../api/run-request.ts'
import type { DeliveryContext } from '../record/context.ts'
import type { Stop } from '../token/stop.ts'
import type { LiveHook } from './hook.ts'
import type { ReadMessage } from './reading/message.ts'

/** The name of a hook in the path of a post. */
export interface HookName {
  readonly namespace: string
  readonly name: string
}

/** The name in the path of a post, and the secret after it, which may be missing. */
export interface NamedPath extends HookName {
  readonly secret?: string
}

/** The hook that a ReceiverHookRequest asks for, and who asks. */
export interface RequestedHook extends HookName {
  readonly uid: string
  /** Who has made the request, as the admission policy has proved, or who has sent the post. */
  readonly by: By
  /** The post that has waited for approval. Undefined: the request itself is the post. */
  readonly post: KeptPost | undefined
  /** The idempotency key, unless the post has one. It is never used for anything else. */
  readonly key: string
  /** The digest of the effect that was approved. */
  readonly approved?: string | undefined
  /** The changes that were approved with it. Undefined for a change of a count. */
  readonly changes?: readonly Change[] | undefined
  /** Who has approved or denied it. */
  readonly decidedBy?: string | undefined
  /** Set if the request is not to run any more, but to be closed in the record. */
  readonly closes?: ReasonIn<'skipped'> | undefined
  /** Whether what closes the request is no delivery to report: it has failed before, or is only asked about. */
  readonly isReported?: boolean
  /** Whether the request has waited for approval. It never runs without one. */
  readonly wasShown?: boolean | undefined
}

export interface PostAddress {
  /** Undefined if the post has no token. */
  readonly token: string | undefined
  /** The hook that the path names. There is no token then. */
  readonly named?: NamedPath | undefined
  /** The hook of a request in the cluster. It has neither token nor name, and needs none. */
  readonly requested?: RequestedHook | undefined
}

/** A post without its socket. */
export interface TriggerRequest extends PostAddress {
  readonly method: string
  readonly source: string
  readonly query: URLSearchParams
  /** The names are in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /**
   * Reads the body once, and counts its bytes for the hook. Rejects with BodyTooLarge or TooMany, or
   * with another error if it does not arrive completely. Absent if the head says that there is no
   * body.
   */
  body?(hook: BodyOwner): Promise<Uint8Array>
  /**
   * Reads the body and keeps nothing of it. Rejects as `body` does. Absent if the head says that
   * there is no body.
   */
  discard?(): Promise<void>
  /**
   * Counts further bytes for the hook: those of the body in another form. Throws TooMany if there is
   * no room for them. A negative number takes back what was counted.
   */
  hold?(bytes: number): void
  /** Keeps the body counted beyond the answer, because an act has it. Returns a function that ends this. */
  keep?(): () => void
  /**
   * Frees the part of the body that was read. It is called before the post begins to wait, perhaps
   * for long.
   */
  release?(): void
  /**
   * Calls `gone` when the sender no longer waits for the answer. Returns a function after which
   * `gone` is not called.
   */
  onGone?(gone: () => void): () => void
}

/** A delivery on its way through the trigger, with its hook and its post. */
export interface TriggerContext extends DeliveryContext, Proved {
  readonly hook: LiveHook
  readonly delivery: Delivery
  readonly request: TriggerRequest
  readonly message: ReadMessage
  /** Present while all hooks are stopped. */
  readonly stop?: Stop | undefined
  /** Returns whether hook, keys and stop are known to be unchanged, however long ago the post was admitted. */
  readonly isUnchanged: () => boolean
  /** Counts one more object that is kept for so long. Returns false if the hook may make none, but never on a dry run. */
  readonly countKept: (keptForMs: number) => boolean
}

/** The owner of a body, for limits. */
export interface BodyOwner {
  readonly namespace: string
  readonly uid: string
}

export class BodyTooLarge extends Error {
  override readonly name = 'TooLarge'
}

/**
 * There is no memory for this body: the bodies in memory take too many bytes, in all or for its
 * hook or namespace.
 */
export class TooMany extends Error {
  override readonly name = 'TooMany'
}
