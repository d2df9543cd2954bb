import { at, isObject, listAt, stringAt } from '../api/json.ts'
import { wordAt } from './identity.ts'
import { deliveryOfEvents, eventOfDistribution, type RegistryEvent } from './push.ts'
import type { Message, Sender } from './sender.ts'

/**
 * Notifications of CNCF Distribution (`registry:2` and `registry:3`) and of GitLab's registry,
 * which is based on it.
 */
export const distribution: Sender = {
  name: 'distribution',
  about: {
    title: "Distribution and GitLab's container registry",
    documentation: 'https://distribution.github.io/distribution/about/notifications/',
    identity: 'The `id` of each event that reports a push.',
    retries:
      "Any answer but 2xx and 3xx, or no answer, again and again until it succeeds: an event that can't be read holds up all later ones.",
    failures:
      'The endpoint\'s `Pending` and `Failures` at `/debug/vars`, and its log: "retryingsink: error writing events".',
  },
  recognise: message => isEnvelope(message) || listOf(message).some(event => at(event, 'target') !== undefined),
  parse: message =>
    deliveryOfEvents(
      'distribution',
      listOf(message).map(readEvent),
      'events, each with an action and a target: target.repository and, for an image, target.tag',
    ),
}

const isEnvelope = ({ headers }: Message): boolean =>
  headers['content-type']?.startsWith('application/vnd.docker.distribution.events.') === true

const listOf = ({ json }: Message): readonly unknown[] => listAt(json, 'events')

/**
 * Reads an event. Events of pulls and deletions differ from those of pushes only in their action. A
 * blob has no tag.
 */
const readEvent = (event: unknown): RegistryEvent => {
  const action = stringAt(event, 'action')
  if (action === undefined || !isObject(at(event, 'target'))) return 'unreadable'
  if (action !== 'push') return 'no push'
  return eventOfDistribution(event, wordAt(event, 'id'))
}
