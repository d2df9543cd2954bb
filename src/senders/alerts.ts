import type { AlertGroup, Delivery } from '../api/delivery.ts'
import { at, objectsAt, stringAt, textsAt, type JsonObject } from '../api/json.ts'
import { identityKey, memberText, timeOf, identityOf } from './identity.ts'

/** Reads alerts as Prometheus, Alertmanager and Grafana write them. These functions never throw. */

/**
 * Returns the sorted names of alerts: their fingerprints, or else the labels from which
 * fingerprints are made.
 */
export const namesOf = (alerts: readonly JsonObject[]): readonly string[] =>
  alerts.map(alert => stringAt(alert, 'fingerprint') || memberText(at(alert, 'labels'))).sort()

/** Returns the labels that all alerts have, with the same value. */
export const commonLabels = (alerts: readonly JsonObject[]): Readonly<Record<string, string>> => {
  const [first, ...others] = alerts.map(alert => textsAt(alert['labels']))
  return Object.fromEntries(
    Object.entries(first ?? {}).filter(([name, value]) =>
      others.every(labels => Object.hasOwn(labels, name) && labels[name] === value),
    ),
  )
}

/**
 * Returns the latest time in a member of some alerts, in milliseconds since the epoch, or another one if
 * `choose` says so. Returns undefined if none can be parsed.
 */
export const newest = (
  alerts: readonly JsonObject[],
  member: string,
  choose: (...times: readonly number[]) => number = Math.max,
): number | undefined => {
  const moments = alerts.map(alert => timeOf(alert[member])).filter(moment => moment !== undefined)
  return moments.length === 0 ? undefined : moments.reduce((a, b) => choose(a, b))
}

export const timesOfEnd = (ended: readonly JsonObject[]): Pick<AlertGroup, 'endedAt' | 'over'> => {
  const endedAt = newest(ended, 'endsAt')
  const firstAt = newest(ended, 'endsAt', Math.min)
  return endedAt === undefined || firstAt === undefined ? {} : { endedAt, over: { alerts: namesOf(ended), firstAt } }
}

/**
 * The known reasons for which Alertmanager 0.32 or later sends a report. Its reason "unknown" is
 * not among them, because it says nothing.
 */
const reasons: ReadonlySet<string | undefined> = new Set([
  'first notification',
  'new alerts added',
  'some alerts resolved',
  'all alerts resolved',
  'repeat interval elapsed',
])

/**
 * Reads a group of alerts as Alertmanager reports it. Several replicas of Alertmanager, or one that
 * restarted, send the same report again. A reload or a second Prometheus changes the groupKey and
 * the times. So the identity is made of the content: the group, and its alerts with their states. A
 * repeat has the identity of what it repeats.
 */
export const deliveryOfAlerts = (sender: string, body: unknown): Delivery => {
  const alerts = objectsAt(body, 'alerts')
  const given = stringAt(body, 'notification_reason')
  const why = reasons.has(given) ? given : undefined
  const key = identityKey(sender, stringAt(body, 'receiver'), memberText(at(body, 'groupLabels')))
  const ended = alerts.filter(alert => alert['status'] === 'resolved')
  const firing = namesOf(alerts.filter(alert => alert['status'] === 'firing'))
  const resolved = namesOf(ended)
  // Each other reason occurs once while the same alerts fire. A report without a reason may be a repeat.
  const repeats = why === undefined || why === 'repeat interval elapsed'
  const phase = phaseOf(body, why)
  const beganAt = newest(
    alerts.filter(alert => alert['status'] === 'firing'),
    'startsAt',
  )
  const someEndedAt = newest(ended, 'endsAt')
  return {
    sender,
    phase,
    // The last part was the reason. Without one, a record of an earlier version has this key.
    identity: identityOf(
      identityKey(key, firing, resolved, truncated(body), undefined),
      newest(alerts, 'startsAt'),
      repeats,
    ),
    labels: textsAt(at(body, 'commonLabels')),
    group: {
      key,
      firing,
      beganAt,
      ...(phase === 'resolved' ? timesOfEnd(ended) : { someEndedAt }),
      mixed: why === undefined && firing.length > 0 && resolved.length > 0,
    },
  }
}

/**
 * Returns the phase of a report. Since Alertmanager 0.32 a report states its reason. Without a
 * reason, a report on firing and ended alerts is firing here, and the record decides later whether
 * it is partly resolved.
 */
const phaseOf = (body: unknown, why: string | undefined): Delivery['phase'] => {
  if (why === 'some alerts resolved') return 'partly resolved'
  if (at(body, 'status') !== 'resolved') return 'firing'
  // Alertmanager cuts off alerts before it sets the status, so alerts that it cut off may still
  // fire.
  const isOver = why === undefined ? truncated(body) === 0 : why === 'all alerts resolved'
  return isOver ? 'resolved' : 'partly resolved'
}

/** Returns how many alerts Alertmanager left out of the body, as the body says; 0 if it does not. */
export const truncated = (body: unknown): number => {
  const count = at(body, 'truncatedAlerts')
  return typeof count === 'number' ? count : 0
}
