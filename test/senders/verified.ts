import { proofOf, senderOf, verify } from '../../src/senders/registry.ts'
import type { Message, VerificationMeans, ProofVerdict } from '../../src/senders/sender.ts'

/** Returns whether a message is genuine, as the trigger finds out. */
export const verified = (message: Message, means: VerificationMeans): Promise<ProofVerdict> =>
  verify(proofOf(message), senderOf(message).name, means)
