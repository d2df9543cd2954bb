import type { Auth } from '../api/auth.ts'
import { endsToo } from './ends-too.ts'
import { grafanaText, plainText, shortName, yamlText } from './quote.ts'
import type { Snippet } from './snippet.ts'

/** A contact point of Grafana, as its provisioning reads it. */
export const grafana: Snippet = {
  name: 'grafana',
  title: 'Grafana',
  group: 'alerts',
  proves: {
    forms: ['bearer', 'basic', 'hmac'],
    // It writes the digits alone.
    signs: [{ prefix: '' }],
  },
  pushes: false,
  texts: ({ auth, name, url }) => [
    {
      where: `\`/etc/grafana/provisioning/alerting/receiver-hooks.yaml\`; or the same by hand, as a contact point of the type Webhook. A notification policy with matchers of your own sends alerts there.${fromEnvironment(auth)}`,
      language: 'yaml',
      text: `apiVersion: 1
contactPoints:
  - orgId: 1
    name: ${yamlText(grafanaText(name))}
    receivers:
      - uid: ${yamlText(grafanaText(shortName(name, 40)))}
        type: webhook
        ${endsToo}
        disableResolveMessage: false
        settings:
          url: ${yamlText(grafanaText(url))}
          httpMethod: POST
${proof(auth)}`,
    },
  ],
}

/** Grafana's provisioning takes secrets from its environment. */
const fromEnvironment = (auth: Auth | undefined): string => {
  switch (auth?.form) {
    case 'bearer':
      return ` HOOK_TOKEN in Grafana's environment is what Secret/${plainText(auth.secret)} has under ${plainText(auth.key)}.`
    case 'basic':
      return ` HOOK_USERNAME and HOOK_PASSWORD in Grafana's environment are what Secret/${plainText(auth.secret)} has under username and password.`
    case 'hmac':
      return ` HOOK_SECRET in Grafana's environment is what Secret/${plainText(auth.secret)} has under ${plainText(auth.key)}.`
    case 'sns':
    case undefined:
      return ''
  }
}

const proof = (auth: Auth | undefined): string => {
  switch (auth?.form) {
    case 'bearer':
      return `          authorization_scheme: Bearer
          authorization_credentials: $HOOK_TOKEN
`
    case 'basic':
      return `          username: $HOOK_USERNAME
          password: $HOOK_PASSWORD
`
    case 'hmac':
      return `          hmacConfig:
            secret: $HOOK_SECRET
            header: ${yamlText(grafanaText(auth.header))}
`
    case 'sns':
    case undefined:
      return ''
  }
}
