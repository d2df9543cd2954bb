import { parseImage } from '../api/image.ts'
import { at, stringAt, tryParseJson } from '../api/json.ts'
import { timeOf, wordAt } from './identity.ts'
import { deliveryOfEvents, eventOf } from './push.ts'
import { nothingNew, type Message, type Sender } from './sender.ts'

/**
 * Google Artifact Registry and the earlier Container Registry. Pub/Sub pushes the messages of their
 * topic `gcr`.
 */
export const artifactRegistry: Sender = {
  name: 'artifact-registry',
  about: {
    title: 'Google Artifact Registry',
    documentation: 'https://cloud.google.com/artifact-registry/docs/configure-notifications',
    identity: 'The `messageId`, which stays the same when a message is sent again.',
    retries:
      'Any answer but 102, 200, 201, 202 and 204, or no answer within the `ack-deadline`, for as long as the subscription keeps messages: seven days by default.',
    failures:
      "The subscription's metrics `push_request_count` by response and `oldest_unacked_message_age`, or its dead-letter topic.",
  },
  recognise: message => actionOf(contentOf(message)) !== undefined,
  parse: message => {
    const content = contentOf(message)
    if (actionOf(content) !== 'INSERT') return { sender: 'artifact-registry', phase: nothingNew }
    const digest = stringAt(content, 'digest')
    const tag = at(content, 'tag')
    const tagged = typeof tag === 'string' ? parseImage(tag) : undefined
    const pushed = parseImage(digest ?? '')
    const event = eventOf(
      {
        repository: (tagged ?? pushed)?.name,
        tag: tagged ? tagged.tag : tag,
        digest: pushed?.digest,
        at: timeOf(at(message.json, 'message', 'publishTime')),
      },
      wordAt(message.json, 'message', 'messageId'),
    )
    const needed = 'tag in message.data, such as europe-docker.pkg.dev/acme/images/web:1.4.2'
    return deliveryOfEvents('artifact-registry', [event], needed)
  },
}

/**
 * Returns the content of a Pub/Sub message, which is JSON in Base64. Undefined if the body is no
 * such message.
 */
const contentOf = ({ json }: Message): unknown => {
  const data = stringAt(json, 'message', 'data')
  if (data === undefined || stringAt(json, 'subscription') === undefined) return undefined
  return tryParseJson(Buffer.from(data, 'base64').toString())
}

/** Returns the action of a message, or undefined if the message is from another topic. */
const actionOf = (content: unknown): 'INSERT' | 'DELETE' | undefined => {
  const action = at(content, 'action')
  if (action !== 'INSERT' && action !== 'DELETE') return undefined
  return at(content, 'digest') === undefined && at(content, 'tag') === undefined ? undefined : action
}
