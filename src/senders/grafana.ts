import { at, stringAt } from '../api/json.ts'
import { deliveryOfAlerts } from './alerts.ts'
import type { Sender } from './sender.ts'

/**
 * Grafana Alerting's webhook contact point. Its body has the form of Alertmanager's, with version 1
 * and an organisation.
 */
export const grafana: Sender = {
  name: 'grafana',
  about: {
    title: 'Grafana',
    documentation:
      'https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/',
    identity:
      'Contact point, group labels, the state of each alert (by fingerprint) and how many alerts were cut off. Alerts that have ended and begun again are another delivery. The same again counts again after `dedupeWindow`: Grafana does not say why it sends.',
    retries: 'None at once, after any answer; the next flush of the group sends again, one group interval later.',
    failures:
      '"Last delivery attempt" on the page of contact points, and `grafana_alerting_notifications_failed_total`.',
  },
  recognise: ({ json }) =>
    at(json, 'version') === '1' &&
    stringAt(json, 'groupKey') !== undefined &&
    typeof at(json, 'orgId') === 'number' &&
    Array.isArray(at(json, 'alerts')),
  parse: ({ json }) => deliveryOfAlerts('grafana', json),
}
