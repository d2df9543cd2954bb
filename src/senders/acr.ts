import { at, stringAt } from '../api/json.ts'
import { confirmationBy, parsedURL } from './confirmation.ts'
import { wordAt } from './identity.ts'
import { deliveryOfEvents, eventOfDistribution, type RegistryEvent } from './push.ts'
import type { Sender } from './sender.ts'

/**
 * Azure Container Registry: its own webhooks, and its events through Event Grid, in Event Grid's
 * schema or as CloudEvents.
 */
export const acr: Sender = {
  name: 'acr',
  about: {
    title: 'Azure Container Registry',
    documentation: 'https://learn.microsoft.com/azure/container-registry/container-registry-webhook-reference',
    identity: "The event's `id`; through Event Grid, the ids of all events in the post.",
    retries:
      "Its own webhooks: not documented, so don't count on any. Event Grid: any answer but 2xx, or no answer within 30 s, for a day, but not after 400, 401, 403 and 413.",
    notes:
      "Event Grid is another way. With its own schema, it first asks for validation: an Event of the hook shows a link, which a person must open within ten minutes. With the CloudEvents schema, it asks with an OPTIONS request, which a hook's URL doesn't answer.",
    failures: "`az acr webhook list-events`. Event Grid: the subscription's metrics, and its dead-letter destination.",
  },
  recognise: ({ json }) => isOwn(json) || isOfGrid(json),
  parse: ({ json }) => {
    const events = isOfGrid(json) ? listOf(json).map(eventOfGrid) : [readEvent(json, json)]
    return deliveryOfEvents('acr', events, 'target.repository, target.tag and request.host')
  },
  confirmation: ({ json }) => {
    const validation = isOfGrid(json) ? listOf(json).find(event => typeOf(event) === validationType) : undefined
    const url = parsedURL(stringAt(validation, 'data', 'validationUrl'))
    const isAzures = url?.protocol === 'https:' && url.username === '' && url.hostname.endsWith('.eventgrid.azure.net')
    return isAzures ? confirmationBy(url, stringAt(validation, 'topic')) : undefined
  },
}

const actions = new Set<unknown>(['push', 'delete', 'quarantine', 'chart_push', 'chart_delete', 'ping'])

/**
 * Returns whether a body is from the registry's own webhook, and not from Event Grid. A ping has
 * only an id, a time and its action.
 */
const isOwn = (json: unknown): boolean =>
  actions.has(at(json, 'action')) &&
  (at(json, 'target') !== undefined || (at(json, 'action') === 'ping' && at(json, 'timestamp') !== undefined))

const validationType = 'Microsoft.EventGrid.SubscriptionValidationEvent'

/**
 * Returns the events as a list. Event Grid posts a list; with the CloudEvents schema an event may
 * also come alone.
 */
const listOf = (json: unknown): readonly unknown[] => (Array.isArray(json) ? json : [json])

const isOfGrid = (json: unknown): boolean =>
  listOf(json).length > 0 &&
  listOf(json).every(event => {
    const type = typeOf(event)
    return type === validationType || type?.startsWith('Microsoft.ContainerRegistry.') === true
  })

const typeOf = (event: unknown): string | undefined => stringAt(event, 'eventType') ?? stringAt(event, 'type')

const eventOfGrid = (event: unknown): RegistryEvent =>
  typeOf(event) === 'Microsoft.ContainerRegistry.ImagePushed' ? readEvent(at(event, 'data'), event) : 'no push'

/** Reads an event. `named` is the object with the event's id. */
const readEvent = (event: unknown, named: unknown): RegistryEvent => {
  const action = at(event, 'action')
  if (action !== undefined && action !== 'push') return 'no push'
  return eventOfDistribution(event, wordAt(named, 'id'))
}
