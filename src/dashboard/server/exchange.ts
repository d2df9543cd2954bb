import type { Refusal } from '../protocol.ts'

/** A request as the socket's file hands it over. */
export interface PageRequest {
  readonly method: string
  /** The request target as it was sent: a path with a query, unless somebody plays tricks. */
  readonly target: string
  /** Every Host header that was sent. */
  readonly hosts: readonly string[]
  /** Other headers, by names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** The address that the connection comes from. */
  readonly address: string | undefined
  /** Reads the body as text. Rejects with {@link TooLarge} where it has more bytes than these. */
  readonly body: (maxBytes: number) => Promise<string>
}

export class TooLarge extends Error {
  override readonly name = 'TooLarge'
  readonly maxBytes: number

  constructor(maxBytes: number) {
    super(`a body may be ${maxBytes} bytes long here`)
    this.maxBytes = maxBytes
  }
}

/** Where the events of a stream go. */
export interface Out {
  write(text: string): void
  /** Bytes that were written and not yet taken. */
  waiting(): number
  /** Ends it in order. */
  end(): void
  /** Cuts it: the client has not read, and will come again. */
  cut(): void
  /** Aborted when the client is gone. */
  readonly closed: AbortSignal
}

/** An answer; or a stream of events, which `run` writes until it resolves. */
export type PageAnswer =
  | {
      readonly status: number
      readonly headers?: Readonly<Record<string, string>>
      readonly body: string | Uint8Array
    }
  | { readonly stream: (out: Out) => Promise<void> }

export const json = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): PageAnswer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
})

export const refuse = (
  status: number,
  reason: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): PageAnswer => json(status, { reason, message } satisfies Refusal, headers)

/** Thrown by a handler: its answer instead. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly answer: PageAnswer

  constructor(status: number, reason: string, message: string) {
    super(message)
    this.answer = refuse(status, reason, message)
  }
}
