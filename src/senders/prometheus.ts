import type { Delivery } from '../api/delivery.ts'
import { isObject, objectsAt, type JsonObject } from '../api/json.ts'
import { commonLabels, timesOfEnd, namesOf, newest } from './alerts.ts'
import { identityKey, timeOf, identityOf } from './identity.ts'
import type { Message, Sender } from './sender.ts'

/**
 * A list of alerts that Prometheus, Thanos, Loki or vmalert posts to Alertmanager's API v2. These
 * senders repeat firing alerts each minute, and ended ones for 15 minutes. So a delivery counts
 * only if an alert began or ended since the last one.
 */
export const prometheus: Sender = {
  name: 'prometheus',
  about: {
    title: 'Prometheus alert API',
    documentation: 'https://prometheus.io/docs/alerting/latest/clients/',
    identity:
      'The labels of each alert and whether it fires. The same alerts again are one delivery as long as none began or ended later. All alerts posted to a hook are one group: with `onResolved: undo`, a post whose alerts have all ended undoes the changes of each of them.',
    retries: 'None for one post, but every alert is posted again in the next round, about a minute later.',
    failures: '`prometheus_notifications_errors_total`.',
  },
  recognise: ({ json }) => Array.isArray(json) && json.length > 0 && json.every(isAlert),
  parse: message => {
    const alerts = objectsAt(message.json)
    const over = alerts.filter(alert => isOver(alert, message))
    const firing = alerts.filter(alert => !isOver(alert, message))
    const names = namesOf(firing)
    const phase: Delivery['phase'] = firing.length > 0 ? 'firing' : 'resolved'
    const newsAt = phase === 'firing' ? newest(firing, 'startsAt') : newest(over, 'endsAt')
    const someEndedAt = newest(over, 'endsAt')
    return {
      sender: 'prometheus',
      phase,
      identity: identityOf(identityKey('prometheus', names, namesOf(over)), newsAt),
      labels: commonLabels(firing.length > 0 ? firing : over),
      group: {
        key: 'prometheus',
        firing: names,
        ...(phase === 'resolved' ? timesOfEnd(over) : { beganAt: newsAt, someEndedAt }),
        mixed: firing.length > 0 && over.length > 0,
      },
    }
  },
}

const isAlert = (value: unknown): value is JsonObject => {
  const labels = isObject(value) ? value['labels'] : undefined
  if (!isObject(labels)) return false
  const values = Object.values(labels)
  return values.length > 0 && values.every(label => typeof label === 'string')
}

/** Returns whether an alert has ended. A firing alert has an `endsAt` too: until then it counts as firing. */
const isOver = ({ endsAt }: JsonObject, { receivedAt = 0 }: Message): boolean => {
  const end = timeOf(endsAt)
  return end !== undefined && end > 0 && end <= receivedAt
}
