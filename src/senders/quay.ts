import { at, isObject } from '../api/json.ts'
import { deliveryOfTags } from './push.ts'
import { nothingNew, type Sender } from './sender.ts'

/** Notifications of quay.io and Red Hat Quay: the changed tags of a push, without digests and time. */
export const quay: Sender = {
  name: 'quay',
  about: {
    title: 'Quay',
    documentation:
      'https://docs.redhat.com/en/documentation/red_hat_quay/3.4/html/use_red_hat_quay/repository_notifications',
    identity: "The repository and the tags. A repeat counts again after the hook's `dedupeWindow`.",
    retries:
      'Any answer but 2xx, or no answer, 30 to 40 s later, a few times. Quay disables a notification that keeps failing.',
    notes:
      "Quay's posts have no id, time or digest. So a second push of the same tags within the `dedupeWindow` is a `Duplicate`, and a copy that comes after that window restarts the pods once more.",
    failures:
      "The repository's Settings, Events and Notifications, where you can test and enable a disabled notification.",
  },
  recognise: ({ json }) => at(json, 'docker_url') !== undefined,
  parse: ({ json }) => {
    const tags = at(json, 'updated_tags')
    // The notification is about a build, a scan or a deletion.
    if (tags === undefined) return { sender: 'quay', phase: nothingNew }
    const needed = 'docker_url, such as quay.io/acme/web, and updated_tags, a list of tags'
    return deliveryOfTags('quay', at(json, 'docker_url'), tagsIn(tags), needed)
  },
}

/** Returns the tags. Older installations send an object with the tags as its keys. */
const tagsIn = (tags: unknown): readonly unknown[] => {
  if (Array.isArray(tags)) return tags
  return isObject(tags) ? Object.keys(tags) : []
}
