import { authorizationOf, credentials, placeholderNote } from './proof.ts'
import { jsonText } from './quote.ts'
import type { Snippet } from './snippet.ts'

/** A notification of Uptime Kuma. */
export const uptimeKuma: Snippet = {
  name: 'uptime-kuma',
  title: 'Uptime Kuma',
  group: 'alerts',
  proves: credentials,
  pushes: false,
  texts: hook => {
    const authorization = authorizationOf(hook.auth)
    return [
      {
        where: `Settings, Notifications: type Webhook, request body "Preset - application/json"${
          authorization === undefined ? '' : ', and additional headers'
        }. This is how its API writes it.${placeholderNote(hook)}`,
        language: 'json',
        text: jsonText({
          name: hook.name,
          type: 'webhook',
          httpMethod: 'post',
          webhookURL: hook.url,
          webhookContentType: 'json',
          ...(authorization === undefined
            ? {}
            : { webhookAdditionalHeaders: JSON.stringify({ Authorization: authorization }) }),
          isDefault: false,
          applyExisting: false,
        }),
      },
    ]
  },
}
