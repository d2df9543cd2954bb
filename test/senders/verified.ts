import { proofOf, senderOf, verify } from '../../src/senders/registry.ts'
import type { Message, VerificationMeans, Verdict } from '../../src/senders/sender.ts'

/** Whether a message is genuine, as the trigger finds out. */
export const verified = (message: Message, means: VerificationMeans): Promise<Verdict> =>
  verify(proofOf(message), senderOf(message).name, means)
