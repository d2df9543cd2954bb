import { placeholderNote } from './proof.ts'
import { jsonText } from './quote.ts'
import type { Snippet } from './snippet.ts'

/** A webhook of a repository on GitHub. */
export const github: Snippet = {
  name: 'github',
  title: 'GitHub and its container registry',
  group: 'images',
  proves: { forms: ['hmac'], signs: [{ header: 'X-Hub-Signature-256', prefix: 'sha256=' }] },
  pushes: true,
  texts: hook => {
    const secret = hook.auth?.form === 'hmac' ? { secret: 'SECRET' } : {}
    const event = hook.pushes === undefined ? 'push' : 'registry_package'
    return [
      {
        where: `\`POST https://api.github.com/repos/OWNER/REPOSITORY/hooks\`, or Settings, Webhooks. The event \`registry_package\` ("Registry packages") reports pushes to ghcr.io, and \`push\` reports pushes to a branch. The package has to be connected to the repository. If you push several tags together, GitHub may report only one: push the hook's tag last, by itself.${placeholderNote(hook)}`,
        language: 'json',
        text: jsonText({
          // The only name that GitHub accepts for a webhook.
          name: 'web',
          active: true,
          events: [event],
          config: { url: hook.url, content_type: 'json', ...secret },
        }),
      },
    ]
  },
}
