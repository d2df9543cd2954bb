import type { Delivery } from '../api/delivery.ts'
import { at, isObject, objectsAt, stringAt, type JsonObject } from '../api/json.ts'
import { commonLabels, deliveryOfAlerts, truncated } from './alerts.ts'
import { nothingNew, type Sender } from './sender.ts'

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
      'Contact point, group labels, the state of each alert (by fingerprint) and how many alerts were cut off. Alerts that ended and began again are a new delivery. A repeat counts again after `dedupeWindow`: Grafana does not say why it sends.',
    retries: "None at once, after any answer; the group's next flush sends it again, one group interval later.",
    notes:
      "If a query fails or has no data, Grafana by default sends its own alert, `DatasourceError` or `DatasourceNoData`, to the rule's contact point. The hook ignores such alerts, because they don't say that the rule is firing. A post with no other alert is skipped as `NoNews`. To run the hook then, choose Alerting for these states in the rule, so that its own alert fires. To keep a firing alert firing, choose Keep Last State.",
    failures: '"Last delivery attempt" on the contact points page, and `grafana_alerting_notifications_failed_total`.',
  },
  recognise: ({ json }) =>
    at(json, 'version') === '1' &&
    stringAt(json, 'groupKey') !== undefined &&
    typeof at(json, 'orgId') === 'number' &&
    Array.isArray(at(json, 'alerts')),
  parse: ({ json }) => deliveryOf(json),
}

/** Reads a report without the alerts about failed queries. */
const deliveryOf = (json: unknown): Delivery => {
  const all = objectsAt(json, 'alerts')
  const alerts = all.filter(alert => !isOfQuery(alert))
  if (!isObject(json) || alerts.length === all.length) return deliveryOfAlerts('grafana', json)
  // Grafana cuts off alerts beyond a number. Some of those may be of a rule.
  const wasCut = truncated(json) > 0
  if (alerts.length === 0) return wasCut ? deliveryOfAlerts('grafana', json) : { sender: 'grafana', phase: nothingNew }
  const status = alerts.some(alert => alert['status'] === 'firing') ? 'firing' : 'resolved'
  return deliveryOfAlerts('grafana', { ...json, alerts, status, commonLabels: commonLabels(alerts) })
}

const ofQueries: ReadonlySet<string | undefined> = new Set(['DatasourceNoData', 'DatasourceError'])

/**
 * Returns whether Grafana made an alert because the query of a rule failed. Then the rule's own name
 * is in the label `rulename`.
 */
const isOfQuery = (alert: JsonObject): boolean =>
  ofQueries.has(stringAt(alert, 'labels', 'alertname')) && stringAt(alert, 'labels', 'rulename') !== undefined
