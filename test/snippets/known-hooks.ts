import type { Auth } from '../../src/api/auth.ts'
import type { SnippetHook } from '../../src/snippets/snippet.ts'

export const exampleURL = 'https://hooks.example.com/v1/trigger/eyJhbGciOiJFZERTQSJ9.e30.c2ln'
const topicArn = 'arn:aws:sns:eu-central-1:123456789012:web-load'

/** Each way in which a hook can ask for a proof, by a name for it. */
export const auths: Readonly<Record<string, Auth | undefined>> = {
  nothing: undefined,
  bearer: { form: 'bearer', secret: 'alerts', key: 'token' },
  basic: { form: 'basic', secret: 'alerts' },
  'hmac-github': { form: 'hmac', secret: 'alerts', key: 'secret', header: 'X-Hub-Signature-256', prefix: 'sha256=' },
  'hmac-grafana': { form: 'hmac', secret: 'alerts', key: 'secret', header: 'X-Grafana-Alerting-Signature', prefix: '' },
  'hmac-flux': { form: 'hmac', secret: 'alerts', key: 'secret', header: 'X-Signature', prefix: 'sha256=' },
  'hmac-pagerduty': { form: 'hmac', secret: 'alerts', key: 'secret', header: 'X-PagerDuty-Signature', prefix: 'v1=' },
  'hmac-jfrog': { form: 'hmac', secret: 'alerts', key: 'secret', header: 'X-JFrog-Event-Auth', prefix: '' },
  sns: { form: 'sns', topicArn },
}

/** The spec of each, as a hook has it. */
export const authSpecs: Readonly<Record<string, object | undefined>> = Object.fromEntries(
  Object.entries(auths).map(([name, auth]) => [name, auth && specOf(auth)]),
)

function specOf(auth: Auth): object {
  switch (auth.form) {
    case 'bearer':
      return { bearer: { secretKeyRef: { name: auth.secret, key: auth.key } } }
    case 'basic':
      return { basic: { secretRef: { name: auth.secret } } }
    case 'hmac':
      return { hmac: { secretKeyRef: { name: auth.secret, key: auth.key }, header: auth.header, prefix: auth.prefix } }
    case 'sns':
      return { sns: { topicArn: auth.topicArn } }
  }
}

/** Hooks with each form of auth, with the URL in the status and in a Secret, that count and that roll out. */
export const knownHooks: readonly SnippetHook[] = Object.values(auths).flatMap(auth => {
  const hook = { namespace: 'shop', name: 'web-up', url: exampleURL, ...(auth && { auth }) }
  return [
    hook,
    { ...hook, secretName: 'web-up-url' },
    { ...hook, name: '9.a-hook.with-dots' },
    { ...hook, pushes: { restarts: false, image: 'registry.example.com/team/shop/web' } },
    { ...hook, pushes: { restarts: true } },
  ]
})
