import { at, stringAt } from '../api/json.ts'
import { identityByID, wordAt } from './identity.ts'
import { deliveryOfEvents, eventOf, hostOfURL, neededJson } from './push.ts'
import { nothingNew, type Sender } from './sender.ts'

/**
 * Webhooks of Gitea and Forgejo for any event. Every event counts; events of container packages
 * contain pushes.
 */
export const gitea: Sender = {
  name: 'gitea',
  about: {
    title: 'Gitea and Forgejo',
    documentation: 'https://docs.gitea.com/usage/webhooks',
    identity: 'The header `X-Gitea-Delivery`. A manual replay has a new one, and counts.',
    retries: 'None.',
    failures: "Recent Deliveries, on the webhook's page.",
  },
  recognise: ({ headers }) => headers['x-gitea-event'] !== undefined,
  parse: ({ headers, json }) => {
    const id = wordAt(headers, 'x-gitea-delivery')
    const item = at(json, 'package')
    const type = at(item, 'type')
    const isOfImage = headers['x-gitea-event'] === 'package' && (type === undefined || type === 'container')
    if (!isOfImage) return { sender: 'gitea', phase: 'none', ...identityByID('gitea', id) }
    const action = at(json, 'action')
    if (action !== undefined && action !== 'created') return { sender: 'gitea', phase: nothingNew }
    const owner = stringAt(item, 'owner', 'login')?.toLowerCase()
    const name = stringAt(item, 'name')?.toLowerCase()
    // In some versions `created_at` stays the same if a tag is pushed again, so it is not the time
    // of the push.
    const event = eventOf(
      {
        repository: owner === undefined || name === undefined ? undefined : `${owner}/${name}`,
        host: hostOfURL(at(item, 'html_url')),
        isPath: true,
        tag: at(item, 'version'),
      },
      id,
    )
    const needed = 'package.owner.login, package.name and package.version, a tag'
    return deliveryOfEvents('gitea', [event], json === undefined ? neededJson : needed)
  },
}
