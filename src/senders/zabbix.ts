import type { Delivery } from '../api/delivery.ts'
import { groupOfOne, identityKey, wordAt } from './identity.ts'
import { nothingNew, type Sender } from './sender.ts'

/** Zabbix, with the webhook media type from this product's snippet. Zabbix has no body of its own. */
export const zabbix: Sender = {
  name: 'zabbix',
  about: {
    title: 'Zabbix',
    documentation: 'https://www.zabbix.com/documentation/current/en/manual/config/notifications/media/webhook',
    identity:
      '`event_id`, `event_value` and `event_update_status`. A repeat counts again after `dedupeWindow`, because it is a step of an escalation.',
    retries: 'Each error that its script throws: 3 attempts, 10 s apart, as set in the media type.',
    failures: 'Reports, Action log, which shows the error.',
  },
  recognise: ({ json }) =>
    wordAt(json, 'event_id') !== undefined &&
    wordAt(json, 'event_value') !== undefined &&
    wordAt(json, 'event_source') !== undefined,
  parse: ({ json }) => {
    const event = wordAt(json, 'event_id') ?? ''
    const value = wordAt(json, 'event_value')
    const update = wordAt(json, 'event_update_status')
    const phase = update === '1' ? nothingNew : phaseOf(value)
    return {
      sender: 'zabbix',
      phase,
      identity: { key: identityKey('zabbix', event, value, update) },
      group: groupOfOne('zabbix', event, phase),
    }
  },
}

/** Returns the phase. In a recovery `{EVENT.ID}` is still the problem's, and `{EVENT.VALUE}` is 0. */
const phaseOf = (value: string | undefined): Delivery['phase'] =>
  value === '1' ? 'firing' : value === '0' ? 'resolved' : nothingNew
