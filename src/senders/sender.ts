import type { Delivery } from '../api/delivery.ts'

/** A post as a sender module sees it. */
export interface Message {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** The body as JSON, or undefined when it is none. */
  readonly json: unknown
}

/** Knows one kind of sender. Neither function ever throws, whatever the message. */
export interface Sender {
  /** For metrics, logs and expressions: lower case. */
  readonly name: string
  /** Whether the message is this sender's. */
  recognise(message: Message): boolean
  /** What a recognised message says. */
  parse(message: Message): Delivery
}
