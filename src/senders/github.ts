import type { Delivery } from '../api/delivery.ts'
import { at, isObject, stringAt } from '../api/json.ts'
import { identityByID, wordAt } from './identity.ts'
import { deliveryOfEvents, eventOf, neededJson, unreadablePush } from './push.ts'
import { nothingNew, type Message, type Sender } from './sender.ts'

/**
 * GitHub's webhooks for any event. Every event counts, except the ping of a new webhook, and
 * container images without a tag. `when` selects events.
 */
export const github: Sender = {
  name: 'github',
  about: {
    title: 'GitHub and its container registry',
    documentation: 'https://docs.github.com/en/webhooks/webhook-events-and-payloads',
    identity: 'The header `X-GitHub-Delivery`, which stays the same for a redelivery.',
    retries: 'None. For three days you can redeliver by hand or through the API.',
    notes:
      'If several tags of one image are pushed to ghcr.io together, GitHub may report only one of them, such as `latest`. A hook with `tags.semver` then skips the push as `NotForThisHook`. Push the tag that the hook waits for last, by itself, or post from the workflow (`snippet github-actions`).',
    failures: "Recent Deliveries, on the webhook's page.",
  },
  // Gitea sends GitHub's headers as well.
  recognise: ({ headers }) => headers['x-github-event'] !== undefined && headers['x-gitea-event'] === undefined,
  parse: message => {
    const { headers, json } = message
    const event = headers['x-github-event']
    if (json === undefined && (event === 'registry_package' || event === 'package'))
      return { ...unreadablePush('github', neededJson), ...deliveryIdOf(message) }
    const item = event === 'registry_package' ? at(json, 'registry_package') : at(json, 'package')
    if (event === 'registry_package' || (event === 'package' && isContainer(item))) return packageEvent(message, item)
    return { sender: 'github', phase: event === 'ping' ? nothingNew : 'none', ...deliveryIdOf(message) }
  },
}

const deliveryIdOf = ({ headers }: Message): Pick<Delivery, 'identity'> =>
  identityByID('github', wordAt(headers, 'x-github-delivery'))

/** Reads an event of a package. A package of another type, such as npm, is an event like any other. */
const packageEvent = (message: Message, item: unknown): Delivery => {
  if (isObject(item) && !isContainer(item)) return { sender: 'github', phase: 'none', ...deliveryIdOf(message) }
  const action = at(message.json, 'action')
  if (action !== undefined && action !== 'published' && action !== 'updated')
    return { sender: 'github', phase: nothingNew }
  const version = at(item, 'package_version')
  const event = eventOf({
    repository: repositoryOf(item),
    tag: at(version, 'container_metadata', 'tag', 'name'),
    digest: at(version, 'container_metadata', 'tag', 'digest') ?? at(version, 'version'),
  })
  const needed = 'package_version.package_url, such as ghcr.io/acme/web:1.4.2, and container_metadata.tag.name'
  return { ...deliveryOfEvents('github', [event], needed), ...deliveryIdOf(message) }
}

const isContainer = (item: unknown): boolean =>
  at(item, 'package_version', 'container_metadata') !== undefined ||
  [at(item, 'package_type'), at(item, 'registry', 'type')].some(
    type => typeof type === 'string' && type.toLowerCase() === 'container',
  )

/**
 * Returns the image's name in lower case, or undefined if there is none. The names of owners may
 * have capitals. Without a tag, `package_url` ends in `:`.
 */
const repositoryOf = (item: unknown): string | undefined => {
  const url = stringAt(item, 'package_version', 'package_url')
  if (url !== undefined) return url.slice(0, colonOfTag(url)).toLowerCase()
  const owner = stringAt(item, 'owner', 'login')
  const name = stringAt(item, 'name')
  return owner === undefined || name === undefined ? undefined : `ghcr.io/${owner}/${name}`.toLowerCase()
}

const colonOfTag = (url: string): number => {
  const colon = url.indexOf(':', url.lastIndexOf('/') + 1)
  return colon < 0 ? url.length : colon
}
