import { hookWord } from './names.ts'
import { anyHeader, hiddenHeaders, placeholderNote, type Header } from './proof.ts'
import { yamlText } from './quote.ts'
import type { Snippet, SnippetHook } from './snippet.ts'

/**
 * Argo CD's notifications. The hook runs when an Application is deployed and healthy. Argo CD posts again
 * when an answer is lost, so the body is an event of CloudEvents with the id of the sync.
 */
export const argoCd: Snippet = {
  name: 'argo-cd',
  title: 'Argo CD',
  group: 'pipelines',
  proves: anyHeader,
  pushes: false,
  texts: hook => {
    const { url } = hiddenHeaders(hook)
    // A part of keys such as `trigger.KEY`, in which it may not contain a dot. The name of the
    // annotation has it twice, and 63 characters at most.
    const key = hookWord(hook, 26)
    return [
      {
        where: `kubectl -n argocd patch secret argocd-notifications-secret --patch-file FILE. The credentials for a post belong in a Secret.${placeholderNote(hook, true)}`,
        language: 'yaml',
        text: `stringData:
  ${key}-url: ${yamlText(url)}
${secretLines(key, hook)}`,
      },
      {
        where: `kubectl -n argocd patch configmap argocd-notifications-cm --patch-file FILE. It applies to each Application with the annotation \`notifications.argoproj.io/subscribe.${key}.${key}: ""\`.`,
        language: 'yaml',
        text: `data:
  service.webhook.${key}: |
    url: $${key}-url
    headers:
      - name: Content-Type
        value: application/json
${headerLines(key, hook)}  template.${key}: |
    webhook:
      ${key}:
        method: POST
        body: |
          {
            "specversion": "1.0",
            "type": "io.argoproj.application.deployed",
            "source": {{toJson (printf "/applications/%s" .app.metadata.uid)}},
            "id": {{toJson .app.status.operationState.finishedAt}},
            "application": {{toJson .app.metadata.name}},
            "revision": {{toJson .app.status.sync.revision}}
          }
  trigger.${key}: |
    - when: app.status.operationState.phase in ['Succeeded'] and app.status.health.status == 'Healthy'
      oncePer: ${yamlText(revisionsOf('app.status.operationState.syncResult'))}
      send: [${yamlText(key)}]
`,
      },
    ]
  },
}

/**
 * Returns the expression of what a sync has deployed. The result for an Application with several sources has
 * `revisions` and an empty `revision`, and Argo CD would post again at each change of the health.
 */
const revisionsOf = (result: string): string => `'revisions' in ${result} ? ${result}.revisions : ${result}.revision`

const secretLines = (key: string, hook: SnippetHook): string => {
  if (hook.auth?.form === 'basic') return `  ${key}-username: USERNAME\n  ${key}-password: PASSWORD\n`
  return namedHeaders(key, hook)
    .map(({ entry, value }) => `  ${entry}: ${yamlText(value)}\n`)
    .join('')
}

const headerLines = (key: string, hook: SnippetHook): string => {
  if (hook.auth?.form === 'basic') {
    return `    basicAuth:\n      username: $${key}-username\n      password: $${key}-password\n`
  }
  return namedHeaders(key, hook)
    .map(({ entry, name }) => `      - name: ${yamlText(name)}\n        value: $${entry}\n`)
    .join('')
}

/** Returns the headers of a post, each with the entry of Argo CD's Secret for its value. */
const namedHeaders = (key: string, hook: SnippetHook): readonly (Header & { readonly entry: string })[] =>
  hiddenHeaders(hook).headers.map(header => ({
    ...header,
    entry: `${key}-${header.name === 'Authorization' ? 'authorization' : 'secret'}`,
  }))
