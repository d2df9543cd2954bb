import type { Auth } from '../api/auth.ts'
import { endsToo } from './ends-too.ts'
import { yamlText } from './quote.ts'
import type { Snippet } from './snippet.ts'

/** A contact point of Grafana, as its provisioning reads it. */
export const grafana: Snippet = {
  name: 'grafana',
  title: 'Grafana',
  group: 'alerts',
  texts: ({ auth, name, url }) => [
    {
      where:
        '`/etc/grafana/provisioning/alerting/receiver-hooks.yaml`; or the same by hand, as a contact point of the type Webhook.',
      language: 'yaml',
      text: `apiVersion: 1
contactPoints:
  - orgId: 1
    name: ${yamlText(name)}
    receivers:
      - uid: ${yamlText(name.slice(0, 40))}
        type: webhook
        ${endsToo}
        disableResolveMessage: false
        settings:
          url: ${yamlText(url)}
          httpMethod: POST
${proof(auth)}`,
    },
  ],
}

/** Grafana's provisioning takes secrets from its environment. */
const proof = (auth: Auth | undefined): string => {
  switch (auth?.form) {
    case 'bearer':
      return `          authorization_scheme: Bearer
          # From Secret/${auth.secret}, key ${auth.key}.
          authorization_credentials: $HOOK_TOKEN
`
    case 'basic':
      return `          # From Secret/${auth.secret}.
          username: $HOOK_USERNAME
          password: $HOOK_PASSWORD
`
    case 'hmac':
      return `          hmacConfig:
            # From Secret/${auth.secret}, key ${auth.key}.
            secret: $HOOK_SECRET
            header: ${yamlText(auth.header)}
${auth.prefix === '' ? '' : `            # Grafana writes the digits alone: this hook needs auth.hmac.prefix "", and has ${JSON.stringify(auth.prefix)}.\n`}`
    case 'sns':
      return '          # This hook takes messages of Amazon SNS alone (auth.sns): use auth.bearer, auth.basic or auth.hmac.\n'
    case undefined:
      return ''
  }
}
