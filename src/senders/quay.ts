import { at, isObject } from '../api/json.ts'
import { deliveryOfTags } from './push.ts'
import { nothingNew, type Sender } from './sender.ts'

/**
 * Within this time, equal pushes are one. A push of another image with the same tag is equal too. If
 * it were taken for a copy, pods would keep the image before. A copy does no more than a restart,
 * and Quay sends none before 30 s have passed.
 */
const copiesWithinMs = 5_000

/**
 * Notifications of quay.io and Red Hat Quay: the changed tags of a push, without digests and time.
 */
export const quay: Sender = {
  name: 'quay',
  about: {
    title: 'Quay',
    documentation:
      'https://docs.redhat.com/en/documentation/red_hat_quay/3.4/html/use_red_hat_quay/repository_notifications',
    identity:
      'The repository and the tags, within five seconds, regardless of the `dedupeWindow`. After that the same tags are another push.',
    retries:
      'Any answer but 2xx and no answer, 30 to 40 s later, a few times. It disables a notification that fails again and again.',
    notes:
      'Its posts have neither an id, a time nor a digest. So a copy that comes after a lost answer restarts the pods once more.',
    failures: 'Settings of the repository, Events and Notifications, where a disabled one can be tested and enabled.',
  },
  recognise: ({ json }) => at(json, 'docker_url') !== undefined,
  parse: ({ json }) => {
    const tags = at(json, 'updated_tags')
    // The notification is about a build, a scan or a deletion.
    if (tags === undefined) return { sender: 'quay', phase: nothingNew }
    const needed = 'docker_url, such as quay.io/acme/web, and updated_tags, a list of tags'
    const delivery = deliveryOfTags('quay', at(json, 'docker_url'), tagsIn(tags), needed)
    return delivery.identity ? { ...delivery, identity: { ...delivery.identity, withinMs: copiesWithinMs } } : delivery
  },
}

/** Returns the tags. Older installations send an object with the tags as its keys. */
const tagsIn = (tags: unknown): readonly unknown[] => {
  if (Array.isArray(tags)) return tags
  return isObject(tags) ? Object.keys(tags) : []
}
