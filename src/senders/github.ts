import { identityByID, wordAt } from './identity.ts'
import { exampleURL, noNews, type Sender } from './sender.ts'

/** GitHub's webhooks, of any event. Every event counts but the ping of a new webhook; `when` chooses among them. */
export const github: Sender = {
  name: 'github',
  about: {
    title: 'GitHub',
    documentation: 'https://docs.github.com/en/webhooks/webhook-events-and-payloads',
    identity: 'The header `X-GitHub-Delivery`: a redelivery has the same.',
    retries: 'None. A delivery can be sent again by hand or through the API for three days.',
    failures: 'Recent Deliveries, on the page of the webhook.',
    configuration: {
      where: '`POST https://api.github.com/repos/OWNER/REPOSITORY/hooks`, or Settings, Webhooks.',
      language: 'json',
      text: `{
  "name": "web",
  "active": true,
  "events": ["push"],
  "config": {
    "url": "${exampleURL}",
    "content_type": "json"
  }
}
`,
    },
  },
  recognise: ({ headers }) => headers['x-github-event'] !== undefined,
  parse: ({ headers }) => ({
    sender: 'github',
    phase: headers['x-github-event'] === 'ping' ? noNews : 'none',
    ...identityByID('github', wordAt(headers, 'x-github-delivery')),
  }),
}
