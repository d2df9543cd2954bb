import { endsToo } from './ends-too.ts'
import { grafanaText, plainText, yamlText } from './quote.ts'
import { hookVariable, hookWord } from './names.ts'
import { headerTokenOf, tokenText, secretsOf } from './proof.ts'
import type { Snippet, SnippetHook } from './snippet.ts'

/**
 * Headers that Grafana refuses, and `auth.header` accepts:
 * https://github.com/grafana/alerting/blob/main/receivers/webhook/v1/config.go
 */
const reserved: ReadonlySet<string> = new Set([
  'authorization',
  'accept-charset',
  'accept-encoding',
  'date',
  'forwarded',
  'max-forwards',
  'origin',
  'referer',
  'user-agent',
  'via',
  'x-forwarded-for',
  'x-real-ip',
])

/** A contact point of Grafana, as a provisioning file. */
export const grafana: Snippet = {
  name: 'grafana',
  title: 'Grafana',
  group: 'alerts',
  proves: {
    forms: ['bearer', 'basic', 'header', 'hmac'],
    reserved,
    // Grafana writes the digits of a signature without a prefix, with or without a signed time.
    signs: [{ prefix: '' }, { prefix: '', timestamp: { prefix: '', separator: ':' } }],
  },
  pushes: false,
  texts: hook => [
    {
      where: `\`/etc/grafana/provisioning/alerting/receiver-hooks-${hookWord(hook)}.yaml\`; or the same by hand, as a contact point of the type Webhook. A notification policy with matchers of your own sends alerts there.${fromEnvironment(hook)}`,
      language: 'yaml',
      text: `apiVersion: 1
contactPoints:
  - orgId: 1
    name: ${yamlText(hookWord(hook))}
    receivers:
      - uid: ${yamlText(hookWord(hook, 40))}
        type: webhook
        ${endsToo}
        disableResolveMessage: false
        settings:
          url: ${yamlText(grafanaText(headerTokenOf(hook)?.endpoint ?? hook.url))}
          httpMethod: POST
${headerTokenOf(hook) === undefined ? '' : bearerLines(hook)}${proofLines(hook)}`,
    },
    ...tokenText(hook, `The value of ${hookVariable('token', hook)} in Grafana's environment.`),
  ],
}

/**
 * Returns the lines with a token for the header `Authorization`. Grafana hides its value, but shows
 * the URL.
 */
const bearerLines = (hook: SnippetHook): string => `          authorization_scheme: Bearer
          authorization_credentials: $${hookVariable('token', hook)}
`

/** Returns a note on the environment variables from which Grafana's provisioning reads secrets. */
const fromEnvironment = (hook: SnippetHook): string => {
  const { auth, secretName: secret } = hook
  const own = secret !== undefined && headerTokenOf(hook) !== undefined
  return [...(own ? [{ variable: 'token', secret, key: 'token' }] : []), ...secretsOf(auth)]
    .map(
      ({ key, secret, variable }) =>
        ` ${hookVariable(variable, hook)} in Grafana's environment is what Secret/${plainText(secret)} has under ${plainText(key)}.`,
    )
    .concat(auth?.form === 'header' ? ' Grafana before version 12 cannot send such a header.' : [])
    .join('')
}

const proofLines = (hook: SnippetHook): string => {
  const { auth } = hook
  switch (auth?.form) {
    case 'bearer':
      return bearerLines(hook)
    case 'basic':
      return `          username: $${hookVariable('username', hook)}
          password: $${hookVariable('password', hook)}
`
    case 'header':
      return `          headers:
            ${yamlText(grafanaText(auth.header))}: $${hookVariable('secret', hook)}
`
    case 'hmac':
      return `          hmacConfig:
            secret: $${hookVariable('secret', hook)}
            header: ${yamlText(grafanaText(auth.header))}
${auth.timestamp === undefined ? '' : `            timestampHeader: ${yamlText(grafanaText(auth.timestamp.header))}\n`}`
    case 'oidc':
    case 'sns':
    case 'standardWebhooks':
    case undefined:
      return ''
  }
}
