import { at, isObject, stringAt, type JsonObject } from '../api/json.ts'
import { parseTime } from '../environment/time.ts'

/** Alerts as Prometheus, Alertmanager and Grafana write them. None of these functions throws, whatever the alert. */

/** The alerts of a body's list. */
export const alertsOf = (list: unknown): readonly JsonObject[] => (Array.isArray(list) ? list.filter(isObject) : [])

/** Labels as text that is equal for equal labels, whatever their order, and only for those. */
export const labelText = (labels: unknown): string => {
  // A label is text. Whatever else may stand there could be nested too deeply to be written.
  const pairs = Object.entries(isObject(labels) ? labels : {}).map(([name, value]) =>
    JSON.stringify([name, typeof value === 'string' ? value : typeof value]),
  )
  return `[${pairs.sort().join()}]`
}

/** What names an alert: its fingerprint, and without one the labels that fingerprints are made of. */
const nameOf = (alert: JsonObject): string => stringAt(alert, 'fingerprint') || labelText(at(alert, 'labels'))

/** The names of the alerts of a status, in an order of their own. */
export const namesOf = (alerts: readonly JsonObject[], status: 'firing' | 'resolved'): readonly string[] =>
  alerts
    .filter(alert => alert['status'] === status)
    .map(nameOf)
    .sort()

/** The newest moment in a member of some alerts, in milliseconds since the epoch; undefined when none can be read. */
export const newest = (alerts: readonly JsonObject[], member: string): number | undefined => {
  const moments = alerts.map(alert => parseTime(stringAt(alert, member) ?? '')).filter(Number.isFinite)
  return moments.length === 0 ? undefined : moments.reduce((a, b) => Math.max(a, b))
}
