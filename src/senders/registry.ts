import type { Delivery } from '../api/delivery.ts'
import { alertmanager } from './alertmanager.ts'
import { idempotencyKey } from './idempotency-key.ts'
import { plain } from './plain.ts'
import type { Message, Sender } from './sender.ts'

/** Every sender, the most particular first. Adding one is a file and a line here. */
const senders: readonly Sender[] = [alertmanager, plain]

/** What a message says, read by the first sender that recognises it, and named as whoever posts it wishes. */
export const deliveryOf = (message: Message): Delivery => {
  const delivery = (senders.find(sender => sender.recognise(message)) ?? plain).parse(message)
  const identity = idempotencyKey(message)
  return identity ? { ...delivery, identity } : delivery
}
