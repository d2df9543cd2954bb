import { stringAt } from '../api/json.ts'
import { identityByID } from './identity.ts'
import type { Message, Sender } from './sender.ts'

/**
 * CloudEvents 1.0 over HTTP, in structured and in binary mode. Every event counts; `when` selects
 * events, for example by type.
 */
export const cloudevents: Sender = {
  name: 'cloudevents',
  about: {
    title: 'CloudEvents',
    documentation: 'https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md',
    identity: '`source` and `id`, in whichever mode the event came.',
    retries:
      "As its source is set up. Knative retries 5xx, 429, 408 and no answer as often as the trigger's `delivery` says.",
    notes:
      'The answer 200 to an event has no body: Knative takes a body for an event in reply, and counts one that is none as a failure. The outcome of an event is in `status.recent` of the hook, in the log and in the metrics. With `?wait` or `?dryRun` the answer has its body.',
    failures: 'As its source is set up. Knative hands the event to the `deadLetterSink`.',
  },
  recognise: message => attribute(message, 'specversion') !== undefined && attribute(message, 'type') !== undefined,
  parse: message => ({
    sender: 'cloudevents',
    phase: 'none',
    ...identityByID('cloudevents', attribute(message, 'source'), attribute(message, 'id')),
  }),
}

/**
 * Returns an attribute of an event, or undefined if it is absent or empty. In binary mode it is a
 * percent-encoded header (section 3.1.3.2 of the HTTP binding).
 */
const attribute = ({ headers, json }: Message, name: string): string | undefined => {
  const value = headers['ce-specversion'] === undefined ? stringAt(json, name) : decoded(headers[`ce-${name}`])
  return value === '' ? undefined : value
}

const decoded = (value: string | undefined): string | undefined => {
  try {
    return value === undefined ? undefined : decodeURIComponent(value)
  } catch {
    return value
  }
}
