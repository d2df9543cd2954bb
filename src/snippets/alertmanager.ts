import type { Auth } from '../api/auth.ts'
import { endsToo } from './ends-too.ts'
import { yamlText } from './quote.ts'
import type { Snippet, SnippetHook, SnippetText } from './snippet.ts'

/** Alertmanager by itself, and under the Prometheus operator. A URL that is kept in a Secret follows each rotation by itself. */
export const alertmanager: Snippet = {
  name: 'alertmanager',
  title: 'Alertmanager',
  group: 'alerts',
  texts: hook =>
    hook.secretName === undefined
      ? [byUrl(hook)]
      : [byUrlSecret(hook, hook.secretName), byUrlFile(hook, hook.secretName)],
}

/** Each repeat is a step: the route of a hook that scales repeats more often than one for people. */
const pace = { wait: '30s', interval: '1m', repeat: '5m' }

const byUrlSecret = ({ auth, name, namespace }: SnippetHook, secretName: string): SnippetText => ({
  where: `kubectl apply, for the Prometheus operator. It reads the URL from Secret/${secretName}, and takes alerts that have the label namespace="${namespace}". Put your alert's name in the place of "WebBusy".`,
  language: 'yaml',
  text: `apiVersion: monitoring.coreos.com/v1alpha1
kind: AlertmanagerConfig
metadata:
  name: ${yamlText(name)}
  namespace: ${yamlText(namespace)}
spec:
  route:
    receiver: ${yamlText(name)}
    matchers:
      - name: alertname
        matchType: '='
        value: WebBusy
    groupBy: [alertname, namespace]
    groupWait: ${pace.wait}
    groupInterval: ${pace.interval}
    # Each repeat is another step, until the bound is reached.
    repeatInterval: ${pace.repeat}
  receivers:
    - name: ${yamlText(name)}
      webhookConfigs:
        - urlSecret:
            name: ${yamlText(secretName)}
            key: url
          ${endsToo}
          sendResolved: true
${operatorProof(auth)}`,
})

const byUrlFile = (hook: SnippetHook, secretName: string): SnippetText => ({
  where: `alertmanager.yml, with Secret/${secretName} mounted (the Prometheus operator does that for what \`Alertmanager.spec.secrets\` lists). The file is read again for each notification, so a rotated URL needs no reload.`,
  language: 'yaml',
  text: configuration(hook, `url_file: /etc/alertmanager/secrets/${secretName}/url`),
})

const byUrl = (hook: SnippetHook): SnippetText => ({
  where:
    'alertmanager.yml. To keep the URL out of that file, set `spec.token.secretName` of the hook: then this shows `url_file` and `urlSecret`.',
  language: 'yaml',
  text: configuration(hook, `url: ${yamlText(hook.url)}`),
})

const configuration = ({ auth, name }: SnippetHook, url: string): string => `route:
  receiver: ${yamlText(name)}
  group_by: [alertname, namespace]
  group_wait: ${pace.wait}
  group_interval: ${pace.interval}
  # Each repeat is another step, until the bound is reached.
  repeat_interval: ${pace.repeat}
receivers:
  - name: ${yamlText(name)}
    webhook_configs:
      - ${url}
        ${endsToo}
        send_resolved: true
${fileProof(auth)}`

const fileProof = (auth: Auth | undefined): string => {
  switch (auth?.form) {
    case 'bearer':
      return `        http_config:
          authorization:
            credentials_file: ${yamlText(`/etc/alertmanager/secrets/${auth.secret}/${auth.key}`)}
`
    case 'basic':
      return `        http_config:
          basic_auth:
            username_file: ${yamlText(`/etc/alertmanager/secrets/${auth.secret}/username`)}
            password_file: ${yamlText(`/etc/alertmanager/secrets/${auth.secret}/password`)}
`
    case 'hmac':
      return unsigned(8)
    case 'sns':
      return foreign(8)
    case undefined:
      return ''
  }
}

const operatorProof = (auth: Auth | undefined): string => {
  switch (auth?.form) {
    case 'bearer':
      return `          httpConfig:
            authorization:
              credentials:
                name: ${yamlText(auth.secret)}
                key: ${yamlText(auth.key)}
`
    case 'basic':
      return `          httpConfig:
            basicAuth:
              username:
                name: ${yamlText(auth.secret)}
                key: username
              password:
                name: ${yamlText(auth.secret)}
                key: password
`
    case 'hmac':
      return unsigned(10)
    case 'sns':
      return foreign(10)
    case undefined:
      return ''
  }
}

/** Alertmanager signs nothing. */
const unsigned = (spaces: number): string =>
  `${' '.repeat(spaces)}# This hook asks for a signature (auth.hmac), and Alertmanager has none: use auth.bearer or auth.basic.\n`

/** Alertmanager is no topic. */
const foreign = (spaces: number): string =>
  `${' '.repeat(spaces)}# This hook takes messages of Amazon SNS alone (auth.sns): use auth.bearer or auth.basic.\n`
