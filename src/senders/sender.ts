/**
 * Senders: one file for each product whose posts are recognised. A sender turns headers and body
 * into a `Delivery`: firing or resolved, its identity, the pushed images. It decides nothing else
 * and never throws, because anybody can post anything. `registry.ts` lists the senders. This folder
 * does no I/O, except certificates.ts.
 */
import type { Delivery } from '../api/delivery.ts'
import type { Clock } from '../environment/environment.ts'
import type { Certificates } from './certificates.ts'

/** A post as a sender module sees it. */
export interface Message {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** The parsed body, or undefined if it is no JSON. */
  readonly json: unknown
  /** When the post arrived, in milliseconds since the epoch. */
  readonly receivedAt?: number
}

/** Recognises and reads the posts of one product. `recognise` and `parse` never throw, for any message. */
export interface Sender {
  /** The name in metrics, logs and expressions, in lower case. */
  readonly name: string
  /** What an operator has to know. The reference page is made from it. */
  readonly about: About
  recognise(message: Message): boolean
  /** Reads a message that `recognise` accepted. */
  parse(message: Message): Delivery
  /** Returns the proof in a message, if the sender signs its posts. */
  proof?(message: Message): Proof | undefined
  /** Verifies a proof from this sender. Resolves with the verdict, also if the check is impossible now. */
  verify?(proof: Proof, means: VerificationMeans): Promise<ProofVerdict>
  /**
   * Returns the link that a person must open before the sender posts anything else, if a genuine
   * message asks for that.
   */
  confirmation?(message: Message): Confirmation | undefined
}

export interface About {
  /** The product's name, as the product itself writes it. */
  readonly title: string
  /** The URL of the product's own description of its posts. */
  readonly documentation: string
  /** What makes two posts of this product one delivery, as a text for the reference page. */
  readonly identity: string
  /** After which answers the product sends a post again, and for how long. */
  readonly retries: string
  /** What else an operator has to know to rely on this product's posts. */
  readonly notes?: string
  /** Where an operator sees that a post failed. */
  readonly failures: string
}

/** The signed members of a message and its signature, as texts by their names. */
export interface Proof {
  readonly [member: string]: string
}

export interface VerificationMeans {
  readonly clock: Clock
  readonly certificates: Certificates
}

export type ProofVerdict =
  /** Signed by the sender, or of a kind that is never signed. */
  | 'genuine'
  /** The proof is wrong. The text says why, and quotes nothing of the post. */
  | { readonly refused: string }
  /** The check is impossible now; the sender should try again. */
  | { readonly unavailable: string }

export interface Confirmation {
  /** What is to be confirmed, such as a topic's name. Empty if the message does not name it. */
  readonly subject: string
  readonly link: string
}

/**
 * The phase of a message that asks for no step: a ping, a handshake, an acknowledgement, an unknown
 * state.
 */
export const nothingNew = 'no news' satisfies Delivery['phase']
