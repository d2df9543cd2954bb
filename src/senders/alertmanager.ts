import { at, stringAt } from '../api/json.ts'
import { deliveryOfAlerts } from './alerts.ts'
import type { Sender } from './sender.ts'

/** Prometheus Alertmanager's `webhook_configs`, body version 4. */
export const alertmanager: Sender = {
  name: 'alertmanager',
  about: {
    title: 'Alertmanager',
    documentation: 'https://prometheus.io/docs/alerting/latest/configuration/#webhook_config',
    identity:
      'Receiver, group labels, the state of each alert (by fingerprint), and how many alerts were cut off. Alerts that ended and began again are a new delivery. A repeat counts again after `dedupeWindow`, and so does every post from an Alertmanager older than 0.32, because those have no `notification_reason`. With any reason but "repeat interval elapsed", a repeat is the same delivery as long as no alert is newer.',
    retries:
      "5xx and no answer: at once, 500 ms to 60 s apart, for about the `group_interval` (at least 10 s). 4xx, including 429: only with the group's next flush, one `group_interval` later, and so on while the alert fires.",
    failures:
      '`alertmanager_notifications_failed_total{integration="webhook"}`, and Alertmanager\'s log, which has the whole answer.',
  },
  recognise: ({ json }) =>
    at(json, 'version') === '4' && stringAt(json, 'groupKey') !== undefined && Array.isArray(at(json, 'alerts')),
  parse: ({ json }) => deliveryOfAlerts('alertmanager', json),
}
