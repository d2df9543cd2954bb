import { hiddenHeaders, placeholderNote } from './proof.ts'
import { jsonText, plainText } from './quote.ts'
import type { Snippet, SnippetHook } from './snippet.ts'

/** A webhook subscription of PagerDuty. */
export const pagerduty: Snippet = {
  name: 'pagerduty',
  title: 'PagerDuty',
  group: 'alerts',
  proves: { forms: ['bearer', 'basic', 'header', 'hmac'], signs: [{ header: 'X-PagerDuty-Signature', prefix: 'v1=' }] },
  pushes: false,
  texts: hook => [
    {
      where: `\`POST https://api.pagerduty.com/webhook_subscriptions\`, or Integrations, Generic Webhooks (v3). Replace P393ZNQ with your service's ID.${secretNote(hook)}`,
      language: 'json',
      text: jsonText({
        webhook_subscription: {
          type: 'webhook_subscription',
          description: hook.name,
          delivery_method: { type: 'http_delivery_method', ...addressed(hook) },
          events: ['incident.triggered', 'incident.reopened', 'incident.resolved'],
          filter: { type: 'service_reference', id: 'P393ZNQ' },
        },
      }),
    },
  ],
}

/** Returns the address and the headers. PagerDuty never shows the value of a header again. */
const addressed = (hook: SnippetHook): object => {
  const { headers, url } = hiddenHeaders(hook)
  return { url, ...(headers.length > 0 && { custom_headers: headers }) }
}

const secretNote = (hook: SnippetHook): string =>
  hook.auth?.form === 'hmac'
    ? ` PagerDuty creates the secret, and shows it once, as delivery_method.secret in its answer: put it into Secret/${plainText(hook.auth.secret)} under ${plainText(hook.auth.key)}.`
    : placeholderNote(hook)
