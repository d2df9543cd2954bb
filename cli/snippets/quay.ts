import { nothing } from './proof.ts'
import { exampleNote, pushedPaths } from './pushed-paths.ts'
import { shellWord } from './shell-word.ts'
import type { Snippet } from './snippet.ts'

/** A notification of a repository of Quay. */
export const quay: Snippet = {
  name: 'quay',
  title: 'Quay',
  group: 'images',
  proves: nothing,
  pushes: true,
  texts: hook => {
    const body = {
      title: hook.name,
      event: 'repo_push',
      eventConfig: {},
      method: 'webhook',
      config: { url: hook.url },
    }
    const path = pushedPaths(hook)[0].split('/').map(encodeURIComponent).join('/')
    return [
      {
        where: `Run this command, with a token that may administer the repository, or use the repository's Settings, Create Notification.${exampleNote(hook, 'acme/web')}`,
        language: 'sh',
        text: `curl --fail-with-body -X POST -H "Authorization: Bearer $QUAY_TOKEN" -H 'Content-Type: application/json' \\
  -d ${shellWord(JSON.stringify(body))} \\
  ${shellWord(`https://quay.io/api/v1/repository/${path}/notification/`)}
`,
      },
    ]
  },
}
