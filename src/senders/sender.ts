/**
 * Senders: one file for each product whose posts are recognised. A sender turns headers and body into
 * a `Delivery`: firing or resolved, its identity, the pushed images. It decides nothing else and
 * never throws, since anybody can post anything. `registry.ts` lists the senders.
 */
import type { Delivery } from '../api/delivery.ts'
import type { Clock } from '../environment/environment.ts'
import type { Certificates } from './certificates.ts'

/** A post as a sender module sees it. */
export interface Message {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** The body as JSON, or undefined when it is none. */
  readonly json: unknown
  /** When it arrived, in milliseconds since the epoch. */
  readonly receivedAt?: number
}

/** Knows one kind of sender. `recognise` and `parse` never throw, for any message. */
export interface Sender {
  /** For metrics, logs and expressions: lower case. */
  readonly name: string
  /** What you have to know to set it up. The reference page is made of it. */
  readonly about: About
  /** Whether the message is this sender's. */
  recognise(message: Message): boolean
  /** What a recognised message says. */
  parse(message: Message): Delivery
  /** What shows that a recognised message is genuine, where the sender has signed it. */
  proof?(message: Message): Proof | undefined
  /** Whether such a proof holds. */
  verify?(proof: Proof, means: VerificationMeans): Promise<ProofVerdict>
  /** The link that a person has to open before the sender posts anything else, if a genuine message asks for that. */
  confirmation?(message: Message): Confirmation | undefined
}

export interface About {
  /** As its makers write it. */
  readonly title: string
  /** Where its makers say what it posts. */
  readonly documentation: string
  /** What makes two of its posts one delivery. */
  readonly identity: string
  /** After which answers it posts again, and for how long. */
  readonly retries: string
  /** Where its operator sees that a post has failed. */
  readonly failures: string
}

/** The members of a message that are signed and that it is signed with, by their names. Plain data. */
export interface Proof {
  readonly [member: string]: string
}

export interface VerificationMeans {
  readonly clock: Clock
  readonly certificates: Certificates
}

export type ProofVerdict =
  /** Its sender's, or of a kind that is never signed. */
  | 'genuine'
  /** The proof does not hold. The text says why, and has nothing of the post in it. */
  | { readonly refused: string }
  /** The check could not be made now: the sender should try again. */
  | { readonly unavailable: string }

export interface Confirmation {
  /** What would be confirmed, such as a topic's name. */
  readonly subject: string
  readonly link: string
}

/** The phase of a message that asks for no step: a ping, a handshake, an acknowledgement, a state that is not known. */
export const nothingNew = 'no news' satisfies Delivery['phase']
