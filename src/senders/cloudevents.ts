import { stringAt } from '../api/json.ts'
import { identityKeyOf, namedOnce } from './identity.ts'
import { nothingNew, type Message, type Sender } from './sender.ts'

/**
 * CloudEvents 1.0 over HTTP, in all three modes: structured, binary and batched. Every event counts;
 * `when` selects events, for example by type.
 */
export const cloudevents: Sender = {
  name: 'cloudevents',
  about: {
    title: 'CloudEvents',
    documentation: 'https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md',
    identity: '`source` and `id`, in every mode. A batch is one delivery, identified by all its events.',
    retries:
      "As configured in the source. Knative retries 5xx, 429, 408 and no answer as often as the trigger's `delivery` says.",
    notes:
      "The answer 200 to an event has no body: Knative takes a body as an event in reply, and counts anything else as a failure. The outcome is in the hook's `status.recent`, in the log and in the metrics. With `?wait` or `?dryRun` the answer has its body.",
    failures: 'As configured in the source. Knative hands the event to the `deadLetterSink`.',
  },
  recognise: message =>
    isBatch(message) ||
    eventsIn(message).some(event => attribute(message, event, 'specversion') && attribute(message, event, 'type')),
  parse: message => {
    const events = eventsIn(message)
    const ids = events.flatMap(event => [attribute(message, event, 'source'), attribute(message, event, 'id')])
    return {
      sender: 'cloudevents',
      // A source may post an empty batch to see whether it is answered.
      phase: events.length === 0 ? nothingNew : 'none',
      ...(ids.length > 0 &&
        !ids.includes(undefined) && { identity: namedOnce(identityKeyOf(['cloudevents', ...ids])) }),
    }
  },
}

const isBatch = ({ headers }: Message): boolean =>
  /^application\/cloudevents-batch\+json\b/i.test(headers['content-type'] ?? '')

const isBinary = ({ headers }: Message): boolean => headers['ce-specversion'] !== undefined

const eventsIn = (message: Message): readonly unknown[] =>
  Array.isArray(message.json) && !isBinary(message) ? message.json : [message.json]

/**
 * Returns an attribute of an event, or undefined if it is absent or empty. In binary mode it is a
 * percent-encoded header (section 3.1.3.2 of the HTTP binding).
 */
const attribute = (message: Message, event: unknown, name: string): string | undefined =>
  (isBinary(message) ? decoded(message.headers[`ce-${name}`]) : stringAt(event, name)) || undefined

const decoded = (value: string | undefined): string | undefined => {
  try {
    return value === undefined ? undefined : decodeURIComponent(value)
  } catch {
    return value
  }
}
