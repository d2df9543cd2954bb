import type { Delivery } from '../api/delivery.ts'
import { at, isObject, stringAt } from '../api/json.ts'
import { groupOfOne, identityKey, timeOf, identityOf, wordAt } from './identity.ts'
import { nothingNew, type Sender } from './sender.ts'

/** Uptime Kuma's notifications of type Webhook with application/json. */
export const uptimeKuma: Sender = {
  name: 'uptime-kuma',
  about: {
    title: 'Uptime Kuma',
    documentation: 'https://github.com/louislam/uptime-kuma/blob/master/server/notification-providers/webhook.js',
    identity:
      'Monitor and state; a repeat is the same delivery unless the heartbeat is later, as with "Resend Notification". Tests and certificate warnings cause no step.',
    retries: 'None.',
    failures: 'Uptime Kuma\'s log: "Cannot send notification to …".',
  },
  recognise: ({ json }) =>
    isObject(json) &&
    stringAt(json, 'msg') !== undefined &&
    (typeof at(json, 'heartbeat', 'status') === 'number' || json['heartbeat'] === null) &&
    (isObject(json['monitor']) || json['monitor'] === null),
  parse: ({ json }) => {
    const monitor = wordAt(json, 'heartbeat', 'monitorID') ?? wordAt(json, 'monitor', 'id')
    const status = wordAt(json, 'heartbeat', 'status')
    const phase = phaseOf(status)
    if (monitor === undefined || status === undefined) return { sender: 'uptime-kuma', phase }
    const newsAt = timeOf(at(json, 'heartbeat', 'time'))
    return {
      sender: 'uptime-kuma',
      phase,
      identity: identityOf(identityKey('uptime-kuma', monitor, status), newsAt),
      group: groupOfOne('uptime-kuma', monitor, phase, newsAt),
    }
  },
}

/** Returns the phase of a status: 0 down, 1 up, 2 pending, 3 maintenance. */
const phaseOf = (status: string | undefined): Delivery['phase'] =>
  status === '0' ? 'firing' : status === '1' ? 'resolved' : nothingNew
