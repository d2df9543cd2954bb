import { at, stringAt } from '../api/json.ts'
import { timeOf } from './identity.ts'
import { deliveryOfEvents, eventOf } from './push.ts'
import type { Sender } from './sender.ts'

/** Triggers of Alibaba Cloud Container Registry. */
export const alibaba: Sender = {
  name: 'alibaba',
  about: {
    title: 'Alibaba Cloud Container Registry',
    documentation: 'https://www.alibabacloud.com/help/doc-detail/60949.htm',
    identity: '`repo_full_name`, `tag`, `digest` and `pushed_at`.',
    retries: "Not documented, so don't count on any.",
    failures: "Access Log, on the trigger's page.",
  },
  recognise: ({ json }) => at(json, 'push_data') !== undefined && at(json, 'repository', 'region') !== undefined,
  parse: ({ json }) => {
    const region = stringAt(json, 'repository', 'region')
    const event = eventOf({
      repository: at(json, 'repository', 'repo_full_name'),
      host: region === undefined ? undefined : `registry.${region}.aliyuncs.com`,
      isPath: true,
      tag: at(json, 'push_data', 'tag'),
      digest: at(json, 'push_data', 'digest'),
      // The time has no zone. If it is read in China's zone, it is never in the future, so pushes
      // keep their order.
      at: timeOf(`${stringAt(json, 'push_data', 'pushed_at') ?? ''}+08:00`),
    })
    return deliveryOfEvents('alibaba', [event], 'repository.repo_full_name and push_data.tag')
  },
}
