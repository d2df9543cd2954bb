import { deliveryOf, confirmationOf, proofOf, senderOf } from '../../senders/registry.ts'
import type { Delivery } from '../../api/delivery.ts'
import type { Confirmation, Proof } from '../../senders/sender.ts'
import { inflated, parseBody, withoutMark, type Inflated, type ParsedBody } from './body.ts'

/** A post whose body has arrived. Plain data: a large one is read in another thread. */
export interface Arrived {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** As it was sent. */
  readonly body: Uint8Array
  /** In milliseconds since the epoch. */
  readonly receivedAt: number
}

/** What a post says. Plain data. */
export interface ReadMessage {
  /** Neither compressed nor with a byte order mark. */
  readonly body: Uint8Array
  /** Whether the body is a JSON object or list. */
  readonly isJson: boolean
  readonly delivery: Delivery
  /** What shows that it is its sender's, where that signs what it posts. */
  readonly proof: Proof | undefined
  readonly confirmation: Confirmation | undefined
}

export type Unreadable = Exclude<Inflated | ParsedBody, object>

export type Reading = ReadMessage | Unreadable

/** Reads what a post says whose body, not compressed, has at most `mostBytes`. Never throws, whatever the post. */
export const readMessage = ({ body: sent, headers, receivedAt }: Arrived, mostBytes: number): Reading => {
  const plain = inflated(sent, headers['content-encoding'] ?? '', mostBytes)
  if (typeof plain === 'string') return plain
  const body = withoutMark(plain.body)
  const parsed = parseBody(body, headers['content-type'])
  if (typeof parsed === 'string') return parsed
  const message = { headers, json: parsed.json, receivedAt }
  const sender = senderOf(message)
  return {
    body,
    isJson: parsed.json !== undefined,
    delivery: deliveryOf(message, sender),
    proof: proofOf(message, sender),
    confirmation: confirmationOf(message, sender),
  }
}
