import type { Delivery } from '../api/delivery.ts'
import { at, stringAt } from '../api/json.ts'
import { groupOfOne, identityKey, timeOf, identityOf, wordAt } from './identity.ts'
import { nothingNew, type Sender } from './sender.ts'

/** Azure Monitor's action groups, with the common alert schema. */
export const azureMonitor: Sender = {
  name: 'azure-monitor',
  about: {
    title: 'Azure Monitor',
    documentation: 'https://learn.microsoft.com/en-us/azure/azure-monitor/alerts/alerts-common-schema',
    identity:
      '`alertId` and `monitorCondition`; a repeat is the same delivery unless `firedDateTime` or `resolvedDateTime` is later.',
    retries: '408, 429, 503, 504 and no answer, a few times within minutes.',
    failures: "The alert's history, in the portal under Monitor, Alerts.",
  },
  recognise: ({ json }) =>
    at(json, 'schemaId') === 'azureMonitorCommonAlertSchema' &&
    stringAt(json, 'data', 'essentials', 'monitorCondition') !== undefined,
  parse: ({ json }) => {
    const essentials = at(json, 'data', 'essentials')
    const condition = stringAt(essentials, 'monitorCondition')
    const alert = wordAt(essentials, 'alertId')
    const phase = phaseOf(condition)
    if (alert === undefined) return { sender: 'azure-monitor', phase }
    const newsAt = timeOf(at(essentials, condition === 'Resolved' ? 'resolvedDateTime' : 'firedDateTime'))
    return {
      sender: 'azure-monitor',
      phase,
      identity: identityOf(identityKey('azure-monitor', alert, condition), newsAt),
      group: groupOfOne('azure-monitor', alert, phase, newsAt),
    }
  },
}

const phaseOf = (condition: string | undefined): Delivery['phase'] =>
  condition === 'Fired' ? 'firing' : condition === 'Resolved' ? 'resolved' : nothingNew
