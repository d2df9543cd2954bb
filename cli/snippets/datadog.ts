import { hookWord } from './names.ts'
import { anyHeader, askedHeaders, placeholderNote } from './proof.ts'
import { jsonText } from './quote.ts'
import type { Snippet } from './snippet.ts'

/** A webhook of Datadog, in the form that Datadog's API takes. */
export const datadog: Snippet = {
  name: 'datadog',
  title: 'Datadog',
  group: 'alerts',
  proves: anyHeader,
  pushes: false,
  texts: hook => {
    const headers = askedHeaders(hook.auth)
    const name = hookWord(hook)
    return [
      {
        where: `\`POST https://api.datadoghq.com/api/v1/integration/webhooks/configuration/webhooks\`, or the tile Webhooks. A monitor's message names it as \`@webhook-${name}\`. Leave "Encode as form" off.${placeholderNote(hook)}`,
        language: 'json',
        text: jsonText({
          name,
          url: hook.url,
          encode_as: 'json',
          ...(headers.length === 0
            ? {}
            : { custom_headers: JSON.stringify(Object.fromEntries(headers.map(({ name, value }) => [name, value]))) }),
          payload: JSON.stringify(payload),
        }),
      },
    ]
  },
}

/** The body of Datadog's posts. Datadog replaces each variable, such as `$ID`, by its value. */
const payload = {
  id: '$ID',
  date: '$DATE',
  title: '$EVENT_TITLE',
  alert_id: '$ALERT_ID',
  alert_cycle_key: '$ALERT_CYCLE_KEY',
  alert_transition: '$ALERT_TRANSITION',
  alert_scope: '$ALERT_SCOPE',
}
