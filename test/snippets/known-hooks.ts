import type { SentAuth } from '../../src/api/auth.ts'
import type { SnippetHook } from '../../cli/snippets/snippet.ts'

export const exampleURL = 'https://hooks.example.com/v1/trigger/eyJhbGciOiJFZERTQSJ9.e30.c2ln'
const topicArn = 'arn:aws:sns:eu-central-1:123456789012:web-load'

/** Each way in which a hook can ask for a proof, by a name for it. */
export const auths: Readonly<Record<string, SentAuth | undefined>> = {
  nothing: undefined,
  bearer: { form: 'bearer', secret: 'alerts', key: 'token' },
  basic: { form: 'basic', secret: 'alerts' },
  'hmac-github': { form: 'hmac', secret: 'alerts', key: 'secret', header: 'X-Hub-Signature-256', prefix: 'sha256=' },
  'hmac-grafana': { form: 'hmac', secret: 'alerts', key: 'secret', header: 'X-Grafana-Alerting-Signature', prefix: '' },
  'hmac-flux': { form: 'hmac', secret: 'alerts', key: 'secret', header: 'X-Signature', prefix: 'sha256=' },
  'hmac-pagerduty': { form: 'hmac', secret: 'alerts', key: 'secret', header: 'X-PagerDuty-Signature', prefix: 'v1=' },
  'hmac-jfrog': { form: 'hmac', secret: 'alerts', key: 'secret', header: 'X-JFrog-Event-Auth', prefix: '' },
  'hmac-grafana-time': {
    form: 'hmac',
    secret: 'alerts',
    key: 'secret',
    header: 'X-Grafana-Alerting-Signature',
    prefix: '',
    timestamp: { header: 'X-Grafana-Alerting-Timestamp', prefix: '', separator: ':', toleranceMs: 300_000 },
  },
  'hmac-slack': {
    form: 'hmac',
    secret: 'alerts',
    key: 'secret',
    header: 'X-Slack-Signature',
    prefix: 'v0=',
    timestamp: { header: 'X-Slack-Request-Timestamp', prefix: 'v0:', separator: ':', toleranceMs: 300_000 },
  },
  'hmac-base64': {
    form: 'hmac',
    secret: 'alerts',
    key: 'secret',
    header: 'X-Shopify-Hmac-Sha256',
    prefix: '',
    encoding: 'base64',
  },
  header: { form: 'header', secret: 'alerts', key: 'secret', header: 'X-Secret' },
  'header-gitlab': { form: 'header', secret: 'alerts', key: 'secret', header: 'X-Gitlab-Token' },
  'standard-webhooks': { form: 'standardWebhooks', secret: 'alerts', key: 'webhook', toleranceMs: 300_000 },
  'oidc-github': {
    form: 'oidc',
    issuer: 'https://token.actions.githubusercontent.com',
    audience: 'https://hooks.example.com/v1/hooks/shop/web-up',
    claims: [
      { name: 'repository_id', oneOf: ['123456'] },
      { name: 'ref', oneOf: ['refs/heads/main'] },
    ],
  },
  'oidc-gitlab': {
    form: 'oidc',
    issuer: 'https://gitlab.com',
    audience: 'https://hooks.example.com/v1/hooks/shop/web-up',
    claims: [
      { name: 'project_id', oneOf: ['123456'] },
      { name: 'ref_protected', oneOf: ['true'] },
    ],
  },
  'oidc-google': {
    form: 'oidc',
    issuer: 'https://accounts.google.com',
    audience: 'https://hooks.example.com/v1/hooks/shop/web-up',
    claims: [{ name: 'email', oneOf: ['pusher@acme.iam.gserviceaccount.com'] }],
  },
  'oidc-account': {
    form: 'oidc',
    issuer: 'https://kubernetes.default.svc.cluster.local',
    audience: 'https://hooks.example.com/v1/hooks/shop/web-up',
    claims: [{ name: 'sub', oneOf: ['system:serviceaccount:shop:poster'] }],
  },
  sns: { form: 'sns', topicArn },
}

/** The spec of each, as a hook has it. */
export const authSpecs: Readonly<Record<string, object | undefined>> = Object.fromEntries(
  Object.entries(auths).map(([name, auth]) => [name, auth && specOf(auth)]),
)

function specOf(auth: SentAuth): object {
  switch (auth.form) {
    case 'bearer':
      return { bearer: { secretKeyRef: { name: auth.secret, key: auth.key } } }
    case 'basic':
      return { basic: { secretRef: { name: auth.secret } } }
    case 'header':
      return { header: { name: auth.header, secretKeyRef: { name: auth.secret, key: auth.key } } }
    case 'hmac': {
      const { encoding, header, key, prefix, secret, timestamp } = auth
      const time = timestamp && {
        header: timestamp.header,
        prefix: timestamp.prefix,
        separator: timestamp.separator,
        tolerance: `${timestamp.toleranceMs}ms`,
      }
      return {
        hmac: {
          secretKeyRef: { name: secret, key },
          header,
          prefix,
          ...(encoding && { encoding }),
          ...(time && { timestamp: time }),
        },
      }
    }
    case 'oidc': {
      const { audience, claims, issuer } = auth
      return { oidc: { issuer, audience, claims } }
    }
    case 'standardWebhooks': {
      const { key, secret, toleranceMs } = auth
      return { standardWebhooks: { secretKeyRef: { name: secret, key }, tolerance: `${toleranceMs}ms` } }
    }
    case 'sns':
      return { sns: { topicArn: auth.topicArn } }
  }
}

/**
 * Hooks with each form of auth, with the URL in the status and in a Secret. Some count, some roll
 * out.
 */
export const knownHooks: readonly SnippetHook[] = Object.values(auths).flatMap(auth => {
  const hook = { namespace: 'shop', name: 'web-up', url: exampleURL, ...(auth && { auth }) }
  return [
    hook,
    { ...hook, secretName: 'web-up-url' },
    { ...hook, name: '9.a-hook.with-dots' },
    { ...hook, forMs: 1_200_000 },
    { ...hook, pushes: { restarts: false, image: 'registry.example.com/team/shop/web' } },
    { ...hook, pushes: { restarts: true }, rollsOut: true },
    { ...hook, rollsOut: true },
  ]
})
