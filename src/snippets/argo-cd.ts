import type { Auth } from '../api/auth.ts'
import { yamlText } from './quote.ts'
import type { Snippet } from './snippet.ts'

/** Argo CD's notifications: the hook runs when an Application has been deployed and is healthy. */
export const argoCd: Snippet = {
  name: 'argo-cd',
  title: 'Argo CD',
  group: 'pipelines',
  texts: ({ auth, name, url }) => [
    {
      where: 'kubectl -n argocd patch secret argocd-notifications-secret --patch-file FILE: the URL is a secret.',
      language: 'yaml',
      text: `stringData:
  ${key(name)}-url: ${yamlText(url)}
${secretLines(name, auth)}`,
    },
    {
      where: `kubectl -n argocd patch configmap argocd-notifications-cm --patch-file FILE. It counts for each Application with the annotation \`notifications.argoproj.io/subscribe.${key(name)}.${key(name)}: ""\`.`,
      language: 'yaml',
      text: `data:
  service.webhook.${key(name)}: |
    url: $${key(name)}-url
    headers:
      - name: Content-Type
        value: application/json
${headerLines(name, auth)}  template.${key(name)}: |
    webhook:
      ${key(name)}:
        method: POST
        body: |
          {"application": {{toJson .app.metadata.name}}, "revision": {{toJson .app.status.sync.revision}}}
  trigger.${key(name)}: |
    - when: app.status.operationState.phase in ['Succeeded'] and app.status.health.status == 'Healthy'
      oncePer: app.status.operationState.syncResult.revision
      send: [${key(name)}]
`,
    },
  ],
}

/** A part of a key of a ConfigMap, where a dot would part it. */
const key = (name: string): string => name.replaceAll('.', '-')

const secretLines = (name: string, auth: Auth | undefined): string => {
  switch (auth?.form) {
    case 'bearer':
      return `  # "Bearer " and what Secret/${auth.secret} of the hook has under ${auth.key}.\n  ${key(name)}-authorization: Bearer TOKEN\n`
    case 'basic':
      return `  # What Secret/${auth.secret} of the hook has.\n  ${key(name)}-username: USERNAME\n  ${key(name)}-password: PASSWORD\n`
    case 'hmac':
    case 'sns':
    case undefined:
      return ''
  }
}

const headerLines = (name: string, auth: Auth | undefined): string => {
  switch (auth?.form) {
    case 'bearer':
      return `      - name: Authorization\n        value: $${key(name)}-authorization\n`
    case 'basic':
      return `    basicAuth:\n      username: $${key(name)}-username\n      password: $${key(name)}-password\n`
    case 'hmac':
      return '    # This hook asks for a signature (auth.hmac), and Argo CD has none: use auth.bearer or auth.basic.\n'
    case 'sns':
      return '    # This hook takes messages of Amazon SNS alone (auth.sns): use auth.bearer or auth.basic.\n'
    case undefined:
      return ''
  }
}
