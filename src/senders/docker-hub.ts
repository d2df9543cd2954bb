import { at } from '../api/json.ts'
import { timeOf } from './identity.ts'
import { deliveryOfPushes, isAttached, pushOf, unreadablePush } from './push.ts'
import { nothingNew, type Sender } from './sender.ts'

/** Docker Hub's webhooks: one push each, without a digest. */
export const dockerHub: Sender = {
  name: 'docker-hub',
  about: {
    title: 'Docker Hub',
    documentation: 'https://docs.docker.com/docker-hub/repos/manage/webhooks/',
    identity: '`repository.repo_name`, `push_data.tag` and `push_data.pushed_at`.',
    retries: 'None, even if there was no answer.',
    failures: "The webhook's history, on the repository's page.",
  },
  // Alibaba Cloud's bodies have the same form, and a region in addition.
  recognise: ({ json }) => at(json, 'push_data') !== undefined && at(json, 'repository', 'region') === undefined,
  parse: ({ json }) => {
    const seconds = at(json, 'push_data', 'pushed_at')
    const tag = at(json, 'push_data', 'tag')
    if (isAttached(tag)) return { sender: 'docker-hub', phase: nothingNew }
    const push = pushOf({
      repository: at(json, 'repository', 'repo_name'),
      tag,
      at: timeOf(typeof seconds === 'number' ? Math.round(seconds * 1000) : undefined),
    })
    return push
      ? deliveryOfPushes('docker-hub', [push])
      : unreadablePush('docker-hub', 'repository.repo_name, such as acme/web, and push_data.tag')
  },
}
