import { hiddenHeaders, placeholderNote } from './proof.ts'
import { yamlBlock, yamlText } from './quote.ts'
import type { Snippet, SnippetHook } from './snippet.ts'

/** Flux's notification-controller. The hook runs for events of objects that Flux applies. */
export const flux: Snippet = {
  name: 'flux',
  title: 'Flux',
  group: 'pipelines',
  proves: {
    forms: ['bearer', 'basic', 'header', 'hmac'],
    // How Flux signs:
    // https://fluxcd.io/flux/components/notification/providers/#generic-webhook-with-hmac
    signs: [{ header: 'X-Signature', prefix: 'sha256=' }],
  },
  pushes: false,
  texts: hook => {
    const { auth } = hook
    // No namespace contains a dot, so no other hook has this name.
    const name = `${hook.namespace}.${hook.name}`
    const { url } = hiddenHeaders(hook)
    return [
      {
        where: `kubectl apply, in addition to what Flux reconciles. Replace "shop" with your Kustomization.${placeholderNote(hook)}`,
        language: 'yaml',
        text: `apiVersion: v1
kind: Secret
metadata:
  name: ${yamlText(`${name}-url`)}
  namespace: flux-system
stringData:
  address: ${yamlText(url)}
${secretLines(hook)}---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Provider
metadata:
  name: ${yamlText(name)}
  namespace: flux-system
spec:
  type: ${auth?.form === 'hmac' ? 'generic-hmac' : 'generic'}
  secretRef:
    name: ${yamlText(`${name}-url`)}
  # Time for all four retries of a post.
  timeout: 1m
---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Alert
metadata:
  name: ${yamlText(name)}
  namespace: flux-system
spec:
  providerRef:
    name: ${yamlText(name)}
  # Errors pass too. To leave them out, give the hook: when: body.severity == 'info'
  eventSeverity: info
  eventSources:
    - kind: Kustomization
      name: shop
  # Of all that Flux says of it, this alone: something was changed.
  inclusionList:
    - ".*configured.*"
`,
      },
    ]
  },
}

/**
 * Returns what the Secret for Flux has besides the address: headers as YAML, and the signing key.
 */
const secretLines = (hook: SnippetHook): string => {
  const { headers } = hiddenHeaders(hook)
  const lines = headers.map(({ name, value }) => `${yamlText(name)}: ${yamlText(value)}`).join('\n')
  return (
    (lines === '' ? '' : `  headers: ${yamlBlock(lines, 4)}\n`) +
    (hook.auth?.form === 'hmac' ? '  token: SECRET\n' : '')
  )
}
