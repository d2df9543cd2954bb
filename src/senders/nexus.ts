import type { Delivery } from '../api/delivery.ts'
import { at } from '../api/json.ts'
import { identityByID, timeOf, wordAt } from './identity.ts'
import { deliveryOfEvents, eventOf } from './push.ts'
import { nothingNew, type Message, type Sender } from './sender.ts'

/**
 * Sonatype Nexus Repository's webhooks. A component of another format than Docker is an event like
 * any other.
 */
export const nexus: Sender = {
  name: 'nexus',
  about: {
    title: 'Sonatype Nexus Repository',
    documentation: 'https://help.sonatype.com/en/example-headers-and-payloads.html',
    identity: 'The header `X-Nexus-Webhook-Delivery`.',
    retries: "Not documented, so don't count on any.",
    notes: "Nexus's posts don't name the host, so hooks compare only the path of images.",
    failures: 'Its log, `nexus.log`.',
  },
  recognise: ({ headers, json }) =>
    headers['x-nexus-webhook-id'] !== undefined ||
    (at(json, 'repositoryName') !== undefined && (at(json, 'component') ?? at(json, 'asset')) !== undefined),
  parse: message => {
    const { json } = message
    const component = at(json, 'component')
    const format = at(component, 'format') ?? at(json, 'asset', 'format')
    // A component without a format could be an image.
    if (component === undefined ? format !== 'docker' : format !== undefined && format !== 'docker')
      return otherEvent(message)
    if (component === undefined || !pushedBy.has(at(json, 'action'))) return { sender: 'nexus', phase: nothingNew }
    const event = eventOf(
      {
        repository: at(component, 'name'),
        isPath: true,
        tag: at(component, 'version'),
        at: timeOf(at(json, 'timestamp')),
      },
      idOf(message),
    )
    return deliveryOfEvents('nexus', [event], 'component.name, such as acme/web, and component.version, a tag')
  },
}

/** The actions of a push, if the body has an action. A tag that is pushed again is UPDATED. */
const pushedBy = new Set<unknown>(['CREATED', 'UPDATED', undefined])

const idOf = ({ headers }: Message): string | undefined => wordAt(headers, 'x-nexus-webhook-delivery')

const otherEvent = (message: Message): Delivery => ({
  sender: 'nexus',
  phase: 'none',
  ...identityByID('nexus', idOf(message)),
})
