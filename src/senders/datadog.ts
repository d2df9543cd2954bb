import type { Delivery } from '../api/delivery.ts'
import { at, isObject, stringAt } from '../api/json.ts'
import { groupOfOne, identityByID, timeOf, wordAt } from './identity.ts'
import { nothingNew, type Sender } from './sender.ts'

/**
 * Datadog's webhooks, with the payload from this product's snippet. In Datadog's default payload
 * only the title distinguishes a beginning from an end.
 */
export const datadog: Sender = {
  name: 'datadog',
  about: {
    title: 'Datadog',
    documentation: 'https://docs.datadoghq.com/integrations/webhooks/',
    identity: "The event's id (`$ID`). A renotification is another event, and counts.",
    retries: '5xx and no answer within 15 s, five times.',
    failures: 'An event in the event explorer.',
  },
  recognise: ({ json }) => stringAt(json, 'alert_transition') !== undefined || isDefault(json),
  parse: ({ json }) => {
    const phase = phaseOf(stringAt(json, 'alert_transition') ?? titled.exec(stringAt(json, 'title') ?? '')?.[1] ?? '')
    const alert = wordAt(json, 'alert_cycle_key') ?? wordAt(json, 'alert_id')
    return {
      sender: 'datadog',
      phase,
      ...identityByID('datadog', wordAt(json, 'id')),
      ...(alert === undefined
        ? {}
        : { group: groupOfOne('datadog', alert, phase, timeOf(Number(wordAt(json, 'date')))) }),
    }
  },
}

/** Returns whether a body is Datadog's default payload. */
const isDefault = (json: unknown): boolean =>
  ['body', 'last_updated', 'event_type', 'title', 'date', 'id'].every(name => isObject(json) && name in json) &&
  at(json, 'org', 'id') !== undefined

/**
 * The title in a default payload, such as `[Triggered on {host:a}] The load is high`. Other tags
 * can precede the transition, for example `[P1]` of a monitor with a priority.
 */
const titled = /^(?:\[[^\]]*\] )*?\[(Re-Triggered|Triggered|Recovered|Warn|Re-Warn|No data|Re-No data|Renotify)\b/i

const phaseOf = (transition: string): Delivery['phase'] => {
  switch (transition.toLowerCase()) {
    case 'triggered':
    case 're-triggered':
    case 'warn':
    case 're-warn':
    case 'renotify':
      return 'firing'
    case 'recovered':
      return 'resolved'
    case 'no data':
    case 're-no data':
      return nothingNew
    case '':
    case 'null':
      // The event is not from a monitor.
      return 'none'
    default:
      return nothingNew
  }
}
