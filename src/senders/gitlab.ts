import { identityByID, wordAt } from './identity.ts'
import type { Sender } from './sender.ts'

/** GitLab's webhooks for any event. Every event counts; `when` selects events. */
export const gitlab: Sender = {
  name: 'gitlab',
  about: {
    title: 'GitLab',
    documentation: 'https://docs.gitlab.com/user/project/integrations/webhooks/#delivery-headers',
    identity:
      "The header `Idempotency-Key` (GitLab 17.4 and later), which stays the same when a request is resent. Before that, `X-Gitlab-Event-UUID` together with the event's name, because an event shares its UUID with the events that it triggers.",
    retries:
      'None. After four failures in a row (any answer but 2xx, or none within 10 s) the webhook is disabled for a minute or longer, after forty for good.',
    failures: "Recent events, on the webhook's page, with a button to resend the request.",
  },
  recognise: ({ headers }) => headers['x-gitlab-event'] !== undefined,
  parse: ({ headers }) => ({
    sender: 'gitlab',
    phase: 'none',
    ...identityByID('gitlab', wordAt(headers, 'x-gitlab-event-uuid'), headers['x-gitlab-event']),
  }),
}
