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
   * Reads the body, once. Rejects with TooLarge, with TooMany, or with anything else when it does not arrive whole. Absent where
   * the head says that none follows.
   */
  body?(): Promise<Uint8Array>
}

/** The body is larger than a delivery may be. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge'
}

/** So many bodies are on their way that there is no room for this one. */
export class TooMany extends Error {
  override readonly name = 'TooMany'
}
