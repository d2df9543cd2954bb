import type { Delivery } from '../api/delivery.ts'
import { at, isObject, stringAt, tryParseJson } from '../api/json.ts'
import { confirmationBy } from './confirmation.ts'
import { groupOfOne, identityByID, timeOf, wordAt } from './identity.ts'
import { nothingNew, type Message, type Sender } from './sender.ts'
import { amazonURL, proofIn, verifySignature } from './sns-signature.ts'

/**
 * Amazon SNS, and CloudWatch's alarms through it. The body is JSON although its type is text/plain,
 * and the alarm in it is a JSON string. With raw message delivery the body is the alarm, and the id
 * is in a header.
 */
export const sns: Sender = {
  name: 'sns',
  about: {
    title: 'CloudWatch and Amazon SNS',
    documentation: 'https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html',
    identity:
      '`MessageId`, which stays the same in retries. A CloudWatch alarm fires with `ALARM` and is resolved with `OK`; any other message counts each time.',
    retries:
      "5xx, 429 and no answer within 15 s: three times, 20 s apart, or as the subscription's delivery policy says, for at most an hour. Any other 4xx is final.",
    failures:
      "The topic's metric `NumberOfNotificationsFailed`, delivery status logging, and the subscription's dead-letter queue.",
  },
  recognise: message => typeOf(message) !== undefined,
  parse: message => {
    const { headers, json } = message
    const isRaw = !isEnvelope(json)
    const id = wordAt(isRaw ? headers['x-amz-sns-message-id'] : stringAt(json, 'MessageId'))
    if (typeOf(message) !== 'Notification') return { sender: 'sns', phase: nothingNew, ...identityByID('sns', id) }
    const content = isRaw ? json : tryParseJson(stringAt(json, 'Message') ?? '')
    const phase = phaseOf(stringAt(content, 'NewStateValue') ?? '')
    const alarm = wordAt(content, 'AlarmArn') ?? wordAt(content, 'AlarmName')
    return {
      sender: 'sns',
      phase,
      ...identityByID('sns', id),
      ...(alarm === undefined
        ? {}
        : { group: groupOfOne('sns', alarm, phase, timeOf(at(content, 'StateChangeTime'))) }),
    }
  },
  proof: ({ json }) => (isEnvelope(json) ? proofIn(json) : undefined),
  verify: verifySignature,
  confirmation: ({ json }) => {
    const link = amazonURL(stringAt(json, 'SubscribeURL'))
    const type = stringAt(json, 'Type')
    // A message is enough to end its subscription. The link in the report of the end restores it.
    if (type !== 'SubscriptionConfirmation' && type !== 'UnsubscribeConfirmation') return undefined
    return link && confirmationBy(link, stringAt(json, 'TopicArn'))
  },
}

const isEnvelope = (json: unknown): boolean =>
  isObject(json) && ['Type', 'MessageId', 'TopicArn', 'SignatureVersion'].every(name => typeof json[name] === 'string')

/**
 * Returns the type of an SNS message: `Notification`, `SubscriptionConfirmation` or
 * `UnsubscribeConfirmation`. Undefined for any other body. A raw message is always a
 * `Notification`.
 */
const typeOf = ({ headers, json }: Message): string | undefined => {
  if (isEnvelope(json)) return stringAt(json, 'Type')
  return headers['x-amz-sns-rawdelivery'] === 'true' ? 'Notification' : undefined
}

const phaseOf = (state: string): Delivery['phase'] => {
  switch (state) {
    case 'ALARM':
      return 'firing'
    case 'OK':
      return 'resolved'
    case 'INSUFFICIENT_DATA':
      return nothingNew
    default:
      return 'none'
  }
}
