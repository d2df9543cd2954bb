import { hiddenHeaders, placeholderNote } from './proof.ts'
import { jsonText } from './quote.ts'
import type { Snippet, SnippetHook } from './snippet.ts'

/** A webhook of a GitLab project. GitLab's registry reports pushes itself: see distribution.ts. */
export const gitlab: Snippet = {
  name: 'gitlab',
  title: 'GitLab',
  group: 'pipelines',
  proves: { forms: ['bearer', 'basic', 'header', 'standardWebhooks'] },
  pushes: false,
  texts: hook => {
    const { headers, url } = hiddenHeaders(hook)
    // GitLab has a separate member, `token`, for the header X-Gitlab-Token.
    const custom = headers
      .filter(({ name }) => name.toLowerCase() !== ownHeader)
      .map(({ name: key, value }) => ({ key, value }))
    return [
      {
        where: `\`POST https://gitlab.example.com/api/v4/projects/ID/hooks\`, or Settings, Webhooks.${
          custom.length === 0 ? '' : ' Custom headers need GitLab 17.1 or later.'
        }${hook.auth?.form === 'standardWebhooks' ? ' A signing token needs GitLab 19.0 or later.' : ''}${placeholderNote(hook)}`,
        language: 'json',
        text: jsonText({
          name: hook.name,
          url,
          push_events: true,
          push_events_branch_filter: 'main',
          enable_ssl_verification: true,
          ...secretOf(hook),
          ...(custom.length > 0 && { custom_headers: custom }),
        }),
      },
    ]
  },
}

const ownHeader = 'x-gitlab-token'

const secretOf = ({ auth }: SnippetHook): object => {
  if (auth?.form === 'standardWebhooks') return { signing_token: 'SECRET' }
  return auth?.form === 'header' && auth.header.toLowerCase() === ownHeader ? { token: 'SECRET' } : {}
}
