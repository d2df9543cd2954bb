import type { Delivery } from '../api/delivery.ts'
import { parseImage } from '../api/image.ts'
import { at, listAt, stringAt } from '../api/json.ts'
import { timeOf, wordAt } from './identity.ts'
import { deliveryOfEvents, eventOf, type RegistryEvent } from './push.ts'
import { nothingNew, type Sender } from './sender.ts'

/** Harbor's webhooks in both formats, its own and CloudEvents. */
export const harbor: Sender = {
  name: 'harbor',
  about: {
    title: 'Harbor',
    documentation: 'https://goharbor.io/docs/latest/working-with-projects/project-configuration/configure-webhooks/',
    identity:
      'CloudEvents: the `id`. Default format: `repo_full_name`, each tag and digest, and `occur_at`, in whole seconds.',
    retries:
      'Any answer but 2xx, or no answer, as often as `webhook_job_max_retry` in `harbor.yml` says: 3 times, in older versions 10.',
    notes:
      'Harbor posts only pushes. If you add a tag to an image in its web interface or through its API, no hook runs ([goharbor/harbor#22640](https://github.com/goharbor/harbor/issues/22640)): push the tag, or post from the script that adds it (`snippet image`).',
    failures: "The webhook's executions, on the project's page.",
  },
  recognise: ({ json }) =>
    isCloudEvent(json) || (at(json, 'event_data') !== undefined && at(json, 'type') !== undefined),
  parse: ({ json }) => (isCloudEvent(json) ? ofCloudEvent(json) : ofDefault(json)),
}

const needed = 'resources, each with resource_url, such as harbor.example.com/acme/web:1.4.2, and tag'

const isCloudEvent = (json: unknown): boolean =>
  at(json, 'specversion') !== undefined && stringAt(json, 'type')?.startsWith('harbor.') === true

const ofCloudEvent = (json: unknown): Delivery => {
  if (stringAt(json, 'type') !== 'harbor.artifact.pushed') return { sender: 'harbor', phase: nothingNew }
  const events = eventsIn(at(json, 'data'), timeOf(at(json, 'time')), wordAt(json, 'id'))
  return deliveryOfEvents('harbor', events, needed)
}

const ofDefault = (json: unknown): Delivery => {
  if (at(json, 'type') !== 'PUSH_ARTIFACT') return { sender: 'harbor', phase: nothingNew }
  const seconds = at(json, 'occur_at')
  const events = eventsIn(at(json, 'event_data'), timeOf(typeof seconds === 'number' ? seconds * 1000 : undefined))
  return deliveryOfEvents('harbor', events, needed)
}

const eventsIn = (data: unknown, moment: number | undefined, id?: string): readonly RegistryEvent[] =>
  listAt(data, 'resources').map(resource =>
    eventOf(
      {
        // Where Harbor has a digest for a tag, it may write the digest after a colon.
        repository: parseImage((stringAt(resource, 'resource_url') ?? '').replace(/:(?=sha256:)/, '@'))?.name,
        tag: at(resource, 'tag'),
        digest: at(resource, 'digest'),
        at: moment,
      },
      id,
    ),
  )
