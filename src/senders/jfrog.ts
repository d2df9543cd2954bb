import { at, stringAt } from '../api/json.ts'
import { deliveryOfEvents, eventOf, hostOfURL } from './push.ts'
import { nothingNew, type Sender } from './sender.ts'

/** JFrog Artifactory's webhooks of the domain `docker`. */
export const jfrog: Sender = {
  name: 'jfrog',
  about: {
    title: 'JFrog Artifactory',
    documentation: 'https://jfrog.com/help/r/jfrog-platform-administration-documentation/domain-docker',
    identity:
      "The host, `repo_key`, `path`, `tag` and `sha256`; a repeat counts again after the hook's `dedupeWindow`.",
    retries: "Not documented, so don't count on any.",
    failures: "The webhook's Troubleshooting tab, if it is enabled.",
  },
  recognise: ({ json }) => at(json, 'domain') === 'docker' && at(json, 'event_type') !== undefined,
  parse: ({ json }) => {
    if (at(json, 'event_type') !== 'pushed') return { sender: 'jfrog', phase: nothingNew }
    const key = stringAt(json, 'data', 'repo_key')
    // The path ends with tag and file. `image_name` may lack the folders of the image.
    const [, name] = /^(.+)\/[^/]+\/[^/]+$/.exec(stringAt(json, 'data', 'path') ?? '') ?? []
    const event = eventOf({
      repository: key === undefined || name === undefined ? undefined : `${key}/${name}`,
      host: hostOfURL(at(json, 'jpd_origin')),
      isPath: true,
      tag: at(json, 'data', 'tag'),
      digest: `sha256:${stringAt(json, 'data', 'sha256') ?? ''}`,
    })
    return deliveryOfEvents('jfrog', [event], 'data.repo_key, data.path and data.tag')
  },
}
