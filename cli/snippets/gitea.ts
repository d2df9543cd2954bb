import { hiddenToken, placeholderNote } from './proof.ts'
import { jsonText } from './quote.ts'
import type { Snippet } from './snippet.ts'

/** A webhook of Gitea or Forgejo. */
export const gitea: Snippet = {
  name: 'gitea',
  title: 'Gitea and Forgejo',
  group: 'images',
  proves: {
    forms: ['bearer', 'basic', 'hmac'],
    signs: [
      { header: 'X-Gitea-Signature', prefix: '' },
      { header: 'X-Hub-Signature-256', prefix: 'sha256=' },
    ],
  },
  pushes: true,
  texts: hook => {
    const { authorization, url } = hiddenToken(hook)
    const secret = hook.auth?.form === 'hmac' ? { secret: 'SECRET' } : {}
    return [
      {
        where: `\`POST https://gitea.example.com/api/v1/orgs/ORGANISATION/hooks\`, or the organisation's Settings, Webhooks. The server must allow the URL's host: \`ALLOWED_HOST_LIST\` in \`app.ini\`.${placeholderNote(hook)}`,
        language: 'json',
        text: jsonText({
          type: 'gitea',
          active: true,
          events: ['package'],
          ...(authorization === undefined ? {} : { authorization_header: authorization }),
          config: { url, content_type: 'json', ...secret },
        }),
      },
    ]
  },
}
