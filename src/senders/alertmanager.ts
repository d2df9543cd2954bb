import { at, isObject, stringAt, type JsonObject } from '../api/json.ts'
import type { Delivery } from '../api/delivery.ts'
import { parseTime } from '../environment/time.ts'
import type { Sender } from './sender.ts'

/**
 * Prometheus Alertmanager's `webhook_configs`, body version 4.
 * https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
 */
export const alertmanager: Sender = {
  name: 'alertmanager',
  recognise: ({ json }) =>
    at(json, 'version') === '4' && stringAt(json, 'groupKey') !== undefined && Array.isArray(at(json, 'alerts')),
  parse: ({ json }) => ({ sender: 'alertmanager', phase: phaseOf(json) }),
}

/** Since 0.32 a notification says why it was sent; before, the alerts have to tell. */
const phaseOf = (body: unknown): Delivery['phase'] => {
  const why = stringAt(body, 'notification_reason')
  if (why === 'some alerts resolved') return 'partly resolved'
  if (at(body, 'status') === 'resolved') {
    if (why !== undefined) return why === 'all alerts resolved' ? 'resolved' : 'partly resolved'
    // Alerts were cut off before the status was set: those may still fire.
    return (at(body, 'truncatedAlerts') ?? 0) === 0 ? 'resolved' : 'partly resolved'
  }
  return why === undefined && newestIsAnEnd(alertsOf(body)) ? 'partly resolved' : 'firing'
}

/** In a mixed message the newest change is the news: an alert's end is none that asks for a step. */
const newestIsAnEnd = (alerts: readonly JsonObject[]): boolean => {
  const newest = (status: string, member: string): number =>
    Math.max(
      -Infinity,
      ...alerts.filter(alert => alert['status'] === status).map(alert => parseTime(stringAt(alert, member) ?? '')),
    )
  return newest('resolved', 'endsAt') > newest('firing', 'startsAt')
}

const alertsOf = (body: unknown): JsonObject[] => {
  const alerts = at(body, 'alerts')
  return Array.isArray(alerts) ? alerts.filter(isObject) : []
}
