import type { Delivery } from '../api/delivery.ts'
import { at, stringAt } from '../api/json.ts'
import { groupOfOne, identityKey, timeOf, identityOf, wordAt } from './identity.ts'
import { nothingNew, type Sender } from './sender.ts'

/** New Relic's workflows with the default payload of their webhooks. */
export const newRelic: Sender = {
  name: 'new-relic',
  about: {
    title: 'New Relic',
    documentation: 'https://docs.newrelic.com/docs/alerts/get-notified/notification-integrations/#webhook',
    identity:
      "The issue's `id`, its `state` and the `trigger`; a repeat is the same delivery unless `updatedAt` is later. A changed priority belongs to the delivery that activated the issue. No step follows when a person acknowledges an issue, or when one of its incidents closes while others are open.",
    retries: "Not documented, so don't count on any.",
    failures: "The destination's notification log, under Alerts, Destinations.",
  },
  recognise: ({ json }) =>
    stringAt(json, 'issueUrl') !== undefined &&
    stringAt(json, 'state') !== undefined &&
    stringAt(json, 'workflowName') !== undefined,
  parse: ({ json }) => {
    const state = stringAt(json, 'state')
    const trigger = stringAt(json, 'trigger')
    const phase = phaseOf(state ?? '', trigger ?? '')
    const issue = wordAt(json, 'id') ?? wordAt(json, 'issueUrl')
    if (issue === undefined) return { sender: 'new-relic', phase }
    // A new priority changes nothing in an issue that fires. A workflow that takes some priorities may
    // post it first.
    const [event, time] = trigger === 'PRIORITY_CHANGED' ? ['STATE_CHANGE', 'createdAt'] : [trigger, 'updatedAt']
    const newsAt = timeOf(at(json, time))
    return {
      sender: 'new-relic',
      phase,
      identity: identityOf(identityKey('new-relic', issue, state, event), newsAt),
      group: groupOfOne('new-relic', issue, phase, newsAt),
    }
  },
}

const phaseOf = (state: string, trigger: string): Delivery['phase'] => {
  switch (state.toUpperCase()) {
    case 'ACTIVATED':
      return whileActive(trigger)
    case 'CLOSED':
    case 'DEACTIVATED':
      return 'resolved'
    default:
      // CREATED comes before ACTIVATED, ACKNOWLEDGED after it. Neither begins or ends an issue.
      return nothingNew
  }
}

/**
 * Returns the phase of a report on an open issue. The state in the report stays ACTIVATED as long
 * as the issue is open.
 */
const whileActive = (trigger: string): Delivery['phase'] => {
  switch (trigger.toUpperCase()) {
    case 'INCIDENT_CLOSED':
      return 'partly resolved'
    case 'USER_ACTION':
      // A person acknowledged it, or withdrew the acknowledgement.
      return nothingNew
    default:
      return 'firing'
  }
}
