import { at, stringAt } from '../api/json.ts'
import type { Delivery } from '../api/delivery.ts'
import { alertsOf, labelText, namesOf, newest } from './alerts.ts'
import type { Sender } from './sender.ts'

/**
 * Prometheus Alertmanager's `webhook_configs`, body version 4.
 * https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
 *
 * Peers and restarts send the same news again, and a reload or a second Prometheus changes the groupKey and the moments
 * in it. So a notification is named by what it says: which alerts of which group are in which state, and why it was sent.
 */
export const alertmanager: Sender = {
  name: 'alertmanager',
  recognise: ({ json }) =>
    at(json, 'version') === '4' && stringAt(json, 'groupKey') !== undefined && Array.isArray(at(json, 'alerts')),
  parse: ({ json }) => {
    const alerts = alertsOf(at(json, 'alerts'))
    const why = stringAt(json, 'notification_reason')
    const key = JSON.stringify(['alertmanager', stringAt(json, 'receiver'), labelText(at(json, 'groupLabels'))])
    const firing = namesOf(alerts, 'firing')
    const resolved = namesOf(alerts, 'resolved')
    // A repeat is meant to count again; every other reason is given once for the same alerts.
    const newsAt = why === undefined || why === 'repeat interval elapsed' ? undefined : newest(alerts, 'startsAt')
    return {
      sender: 'alertmanager',
      phase: phaseOf(json, why),
      identity: {
        key: JSON.stringify([key, firing, resolved, truncated(json), why]),
        ...(newsAt === undefined ? {} : { newsAt }),
      },
      group: { key, firing, mixed: why === undefined && firing.length > 0 && resolved.length > 0 },
    }
  },
}

/** Since 0.32 a notification says why it was sent; before, memory has to tell whether a mixed one brings an end. */
const phaseOf = (body: unknown, why: string | undefined): Delivery['phase'] => {
  if (why === 'some alerts resolved') return 'partly resolved'
  if (at(body, 'status') !== 'resolved') return 'firing'
  // Alerts are cut off before the status is set: those may still fire.
  const isOver = why === undefined ? truncated(body) === 0 : why === 'all alerts resolved'
  return isOver ? 'resolved' : 'partly resolved'
}

/** How many alerts were left out of the body. */
const truncated = (body: unknown): number => {
  const count = at(body, 'truncatedAlerts')
  return typeof count === 'number' ? count : 0
}
