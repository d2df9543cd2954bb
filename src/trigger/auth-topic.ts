import { parseTime } from '../environment/time.ts'
import { sns } from '../senders/sns.ts'
import type { ReadMessage } from './reading/message.ts'

/** True if a message says that it is of this topic of Amazon SNS. Whether that is so, only its signature shows. */
export const isOfTopic = ({ delivery, proof }: ReadMessage, topicArn: string): boolean =>
  delivery.sender === sns.name && proof?.['TopicArn'] === topicArn

/** When a message of SNS was published, in milliseconds since the epoch, as its signature says; NaN if it does not say. */
export const publishedAt = ({ proof }: ReadMessage): number => parseTime(proof?.['Timestamp'] ?? '')
