import { anyHeader, askedHeaders, placeholderNote } from './proof.ts'
import { yamlText } from './quote.ts'
import type { Snippet } from './snippet.ts'

/** Notifications of Distribution, which is also GitLab's registry. */
export const distribution: Snippet = {
  name: 'distribution',
  title: "Distribution and GitLab's container registry",
  group: 'images',
  proves: anyHeader,
  pushes: true,
  texts: hook => {
    const headers = askedHeaders(hook.auth).map(({ name, value }) => `        ${yamlText(name)}: [${value}]\n`)
    return [
      {
        where: `\`config.yml\` of the registry. In GitLab's \`gitlab.rb\`, the same members go into \`registry['notifications']\`.${placeholderNote(hook)}`,
        language: 'yaml',
        text: `notifications:
  endpoints:
    - name: ${yamlText(hook.name)}
      url: ${yamlText(hook.url)}
${headers.length === 0 ? '' : `      headers:\n${headers.join('')}`}      timeout: 5s
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
