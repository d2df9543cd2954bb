import { credentials, hiddenToken, placeholderNote } from './proof.ts'
import { jsonText } from './quote.ts'
import type { Snippet } from './snippet.ts'

/** A webhook of a project of GitLab. What is pushed to its registry, that one reports itself: see distribution. */
export const gitlab: Snippet = {
  name: 'gitlab',
  title: 'GitLab',
  group: 'pipelines',
  proves: credentials,
  pushes: false,
  texts: hook => {
    const { authorization, url } = hiddenToken(hook)
    return [
      {
        where: `\`POST https://gitlab.example.com/api/v4/projects/ID/hooks\`, or Settings, Webhooks.${
          authorization === undefined ? '' : ' Custom headers need GitLab 17.1 or later.'
        }${placeholderNote(hook)}`,
        language: 'json',
        text: jsonText({
          name: hook.name,
          url,
          push_events: true,
          push_events_branch_filter: 'main',
          enable_ssl_verification: true,
          ...(authorization === undefined ? {} : { custom_headers: [{ key: 'Authorization', value: authorization }] }),
        }),
      },
    ]
  },
}
