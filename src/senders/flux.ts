import { at, stringAt } from '../api/json.ts'
import { identityByID, memberText, wordAt } from './identity.ts'
import type { Sender } from './sender.ts'

/**
 * Events of Flux, as notification-controller posts them for a Provider of type `generic` or
 * `generic-hmac`. Every event counts, because an event neither begins nor ends anything.
 */
export const flux: Sender = {
  name: 'flux',
  about: {
    title: 'Flux',
    documentation: 'https://fluxcd.io/flux/components/notification/providers/#generic-webhook',
    identity:
      'The whole event: the object with its `resourceVersion`, `severity`, `reason`, `message`, `metadata`, `timestamp` and who reports it. The same event a second later is another delivery. If two Alerts post the same event, that is one delivery, unless their `eventMetadata` or `summary` differ.',
    retries:
      "429, 5xx other than 501, and no answer: up to four times, after 2, 4, 8 and 16 s or `Retry-After`. All this must fit into the Provider's `timeout`, 15 s by default.",
    notes:
      "Events of any `severity` count. With `eventSeverity: info`, the default, an Alert posts errors too. If Flux has applied only some objects, the error lists them as configured, so it matches the `inclusionList` below. To run the hook only for events that report no failure, give it `when: body.severity == 'info'`. For five minutes (`--rate-limit-interval`), Flux drops further events with the same object, message and revision. No event names an image.",
    failures: "The Alert's Event `NotificationDispatchFailed`, and notification-controller's log.",
  },
  // An Event of Kubernetes has neither a severity nor a reportingController. A proxy may remove the
  // header gotk-component, so the body alone decides.
  recognise: ({ json }) =>
    stringAt(json, 'involvedObject', 'kind') !== undefined &&
    stringAt(json, 'severity') !== undefined &&
    stringAt(json, 'reportingController') !== undefined,
  // A retry has the same body. A timestamp has a resolution of one second, so it alone is no ID.
  parse: ({ json }) => ({
    sender: 'flux',
    phase: 'none',
    ...identityByID(
      'flux',
      wordAt(json, 'timestamp'),
      memberText(json),
      memberText(at(json, 'involvedObject')),
      memberText(at(json, 'metadata')),
    ),
  }),
}
