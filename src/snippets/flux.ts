import type { Auth } from '../api/auth.ts'
import { yamlText } from './quote.ts'
import type { Snippet } from './snippet.ts'

/** What Flux signs with, and how: https://fluxcd.io/flux/components/notification/providers/#generic-webhook-with-hmac */
const signed = { header: 'X-Signature', prefix: 'sha256=' }

/** Flux's notification-controller: the hook runs for events of what Flux applies. */
export const flux: Snippet = {
  name: 'flux',
  title: 'Flux',
  group: 'pipelines',
  texts: ({ auth, name, url }) => [
    {
      where: 'kubectl apply, beside what Flux reconciles. Put your Kustomization in the place of "shop".',
      language: 'yaml',
      text: `apiVersion: v1
kind: Secret
metadata:
  name: ${yamlText(`${name}-url`)}
  namespace: flux-system
stringData:
  address: ${yamlText(url)}
${secretLines(auth)}---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Provider
metadata:
  name: ${yamlText(name)}
  namespace: flux-system
spec:
  type: ${auth?.form === 'hmac' ? 'generic-hmac' : 'generic'}
  secretRef:
    name: ${yamlText(`${name}-url`)}
---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Alert
metadata:
  name: ${yamlText(name)}
  namespace: flux-system
spec:
  providerRef:
    name: ${yamlText(name)}
  eventSeverity: info
  eventSources:
    - kind: Kustomization
      name: shop
  # Of all that Flux says of it, this alone: something was changed.
  inclusionList:
    - ".*configured.*"
`,
    },
  ],
}

const secretLines = (auth: Auth | undefined): string => {
  switch (auth?.form) {
    case 'bearer':
      return `  # What Secret/${auth.secret} of the hook has under ${auth.key}.\n  headers: |\n    Authorization: Bearer TOKEN\n`
    case 'basic':
      return `  # The Base64 of USERNAME:PASSWORD of Secret/${auth.secret} of the hook.\n  headers: |\n    Authorization: Basic CREDENTIALS\n`
    case 'hmac':
      return `  # What Secret/${auth.secret} of the hook has under ${auth.key}.\n  token: SECRET\n${
        auth.header.toLowerCase() === signed.header.toLowerCase() && auth.prefix === signed.prefix
          ? ''
          : `  # Flux signs in ${signed.header}: set auth.hmac.header to that, and prefix to "${signed.prefix}".\n`
      }`
    case 'sns':
      return '  # This hook takes messages of Amazon SNS alone (auth.sns): use auth.bearer, auth.basic or auth.hmac.\n'
    case undefined:
      return ''
  }
}
