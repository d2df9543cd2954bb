import { anyHeader, askedHeaders, placeholderNote } from './proof.ts'
import { jsonText } from './quote.ts'
import type { Snippet } from './snippet.ts'

/** A notification of Uptime Kuma. */
export const uptimeKuma: Snippet = {
  name: 'uptime-kuma',
  title: 'Uptime Kuma',
  group: 'alerts',
  proves: anyHeader,
  pushes: false,
  texts: hook => {
    const headers = askedHeaders(hook.auth)
    return [
      {
        where: `Settings, Notifications: type Webhook, request body "Preset - application/json"${
          headers.length === 0 ? '' : ', and additional headers'
        }. Below is the form in which its API writes this.${placeholderNote(hook)}`,
        language: 'json',
        text: jsonText({
          name: hook.name,
          type: 'webhook',
          httpMethod: 'post',
          webhookURL: hook.url,
          webhookContentType: 'json',
          ...(headers.length === 0
            ? {}
            : {
                webhookAdditionalHeaders: JSON.stringify(
                  Object.fromEntries(headers.map(({ name, value }) => [name, value])),
                ),
              }),
          isDefault: false,
          applyExisting: false,
        }),
      },
    ]
  },
}
