import type { Clock } from '../../src/environment/environment.ts'
import { wait } from '../../src/environment/wait.ts'
import { checkedMilliseconds } from '../../src/api/duration.ts'
import type { Intervals } from './examples.ts'

/** Where Prometheus and Alertmanager are not there: as much of both as the demo needs, and no more. */

/** How often the load is looked at, in milliseconds. */
const evaluationMs = 500

/** An alert that has begun, with its notifications. Moments are in milliseconds since the epoch. */
export interface Alert {
  readonly startsAt: number
  /** When the next notification is considered. */
  readonly flushAt: number
  /** When the last notification was sent. */
  readonly notifiedAt?: number
}

/** Why Alertmanager sends a notification, in its words. */
export type Why = 'first notification' | 'repeat interval elapsed' | 'all alerts resolved'

/**
 * Returns the state of an alert at a moment, and why a notification is sent, as Alertmanager does for a group of one alert:
 * https://prometheus.io/docs/alerting/latest/configuration/#route.
 */
export const stepOf = (
  alert: Alert | undefined,
  firing: boolean,
  now: number,
  intervals: Intervals,
): { readonly alert?: Alert; readonly why?: Why } => {
  if (!alert) return firing ? { alert: { startsAt: now, flushAt: now + ms(intervals.groupWait) } } : {}
  if (now < alert.flushAt) return { alert }
  const { notifiedAt } = alert
  if (!firing) return notifiedAt === undefined ? {} : { why: 'all alerts resolved' }
  const next = { ...alert, flushAt: alert.flushAt + ms(intervals.groupInterval) }
  if (notifiedAt === undefined) return { alert: { ...next, notifiedAt: now }, why: 'first notification' }
  if (now - notifiedAt <= ms(intervals.repeatInterval)) return { alert: next }
  return { alert: { ...next, notifiedAt: now }, why: 'repeat interval elapsed' }
}

const ms = checkedMilliseconds

/** An alert's name, when it fires, and the URL of the hook that gets its notifications. */
export interface Rule {
  readonly alertname: string
  readonly fires: () => boolean
  readonly url: string
}

/** Evaluates a rule's alert, and posts its notifications to its hook, until it is stopped. A post that fails is an error. */
export const standIn = async (clock: Clock, rule: Rule, intervals: Intervals, stop: AbortSignal): Promise<void> => {
  let alert: Alert | undefined
  for (; !stop.aborted; await wait(clock, evaluationMs, stop)) {
    const { startsAt = clock.now() } = alert ?? {}
    const step = stepOf(alert, rule.fires(), clock.now(), intervals)
    alert = step.alert
    if (step.why === undefined) continue
    const body = JSON.stringify(notificationOf(rule.alertname, step.why, startsAt))
    const answer = await fetch(rule.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    if (!answer.ok) throw new Error(`${rule.alertname}: ${answer.status} ${await answer.text()}`)
  }
}

/** Returns a notification as Alertmanager 0.34 posts it. */
export const notificationOf = (alertname: string, why: Why, startsAt: number) => {
  const status = why === 'all alerts resolved' ? 'resolved' : 'firing'
  const labels = { alertname, namespace: 'shop' }
  const alert = { status, labels, startsAt: new Date(startsAt).toISOString(), fingerprint: alertname }
  return {
    version: '4',
    groupKey: `{}:{alertname="${alertname}"}`,
    truncatedAlerts: 0,
    status,
    receiver: alertname,
    groupLabels: labels,
    commonLabels: labels,
    commonAnnotations: {},
    externalURL: 'http://stand-in.example.com',
    notification_reason: why,
    alerts: [alert],
  }
}
