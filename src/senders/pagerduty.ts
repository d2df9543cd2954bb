import type { Delivery } from '../api/delivery.ts'
import { at, stringAt } from '../api/json.ts'
import { groupOfOne, identityByID, timeOf, wordAt } from './identity.ts'
import { nothingNew, type Sender } from './sender.ts'

/** PagerDuty's webhook subscriptions, version 3. Each post has one event of one incident. */
export const pagerduty: Sender = {
  name: 'pagerduty',
  about: {
    title: 'PagerDuty',
    documentation: 'https://developer.pagerduty.com/docs/webhooks-overview',
    identity: '`event.id`. A triggered or reopened incident counts as firing.',
    retries: '5xx, 429 and no answer within 5 s, several times. Any event may arrive more than once.',
    failures: 'On the page Generic Webhooks (v3), the subscription is shown as temporarily disabled.',
  },
  recognise: ({ json }) =>
    stringAt(json, 'event', 'id') !== undefined &&
    stringAt(json, 'event', 'event_type') !== undefined &&
    stringAt(json, 'event', 'resource_type') !== undefined,
  parse: ({ json }) => {
    const type = stringAt(json, 'event', 'event_type') ?? ''
    const data = at(json, 'event', 'data')
    const incident = type.startsWith('incident.') ? (wordAt(data, 'incident', 'id') ?? wordAt(data, 'id')) : undefined
    const phase = phaseOf(type)
    return {
      sender: 'pagerduty',
      phase,
      ...identityByID('pagerduty', wordAt(json, 'event', 'id')),
      ...(incident === undefined
        ? {}
        : { group: groupOfOne('pagerduty', incident, phase, timeOf(at(json, 'event', 'occurred_at'))) }),
    }
  },
}

const phaseOf = (type: string): Delivery['phase'] => {
  switch (type) {
    case 'incident.triggered':
    case 'incident.reopened':
      return 'firing'
    case 'incident.resolved':
      return 'resolved'
    default:
      // Most events of an incident only report that somebody works on it. An operator who
      // subscribes to events of another kind wants each of them.
      return type.startsWith('incident.') || type === 'pagey.ping' ? nothingNew : 'none'
  }
}
