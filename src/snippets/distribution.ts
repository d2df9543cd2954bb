import { authorizationOf, credentials, placeholderNote } from './proof.ts'
import { yamlText } from './quote.ts'
import type { Snippet } from './snippet.ts'

/** Notifications of Distribution, the registry that GitLab has as well. */
export const distribution: Snippet = {
  name: 'distribution',
  title: "Distribution and GitLab's container registry",
  group: 'images',
  proves: credentials,
  pushes: true,
  texts: hook => {
    const authorization = authorizationOf(hook.auth)
    return [
      {
        where: `\`config.yml\` of the registry. In GitLab's \`gitlab.rb\` the same members stand in \`registry['notifications']\`.${placeholderNote(hook)}`,
        language: 'yaml',
        text: `notifications:
  endpoints:
    - name: ${yamlText(hook.name)}
      url: ${yamlText(hook.url)}
${authorization === undefined ? '' : `      headers:\n        Authorization: [${authorization}]\n`}      timeout: 5s
      threshold: 5
      backoff: 10s
      ignore:
        actions: [pull]
        mediatypes: [application/octet-stream]
`,
      },
    ]
  },
}
