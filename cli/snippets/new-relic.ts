import { credentials, headerTokenOf, placeholderNote } from './proof.ts'
import type { Snippet, SnippetHook, SnippetText } from './snippet.ts'

/** A webhook of a workflow of New Relic. */
export const newRelic: Snippet = {
  name: 'new-relic',
  title: 'New Relic',
  group: 'alerts',
  proves: credentials,
  pushes: false,
  texts: hook => [
    {
      where: `Alerts, Destinations, Webhook: the endpoint URL.${authorization(hook)}${placeholderNote(hook, true)}`,
      language: 'text',
      text: `${headerTokenOf(hook)?.endpoint ?? hook.url}\n`,
    },
    ...tokenText(hook),
    {
      where:
        "The payload template of a workflow's webhook with this destination. It is part of the default template, which works as well.",
      language: 'handlebars',
      text: template,
    },
  ],
}

/** Returns what to enter as New Relic's bearer token, if it is the hook's own token. */
const tokenText = (hook: SnippetHook): readonly SnippetText[] => {
  const header = headerTokenOf(hook)
  return header === undefined
    ? []
    : [{ where: 'TOKEN, which New Relic hides.', language: 'text', text: `${header.token}\n` }]
}

const authorization = (hook: SnippetHook): string => {
  if (hook.auth?.form === 'basic') return ' For authorization, choose Basic and enter USERNAME and PASSWORD.'
  const isInURL = hook.auth === undefined && headerTokenOf(hook) === undefined
  return isInURL ? '' : ' For authorization, choose Bearer token and enter TOKEN.'
}

const template = `{
  "id": {{ json issueId }},
  "issueUrl": {{ json issuePageUrl }},
  "title": {{ json annotations.title.[0] }},
  "priority": {{ json priority }},
  "state": {{ json state }},
  "trigger": {{ json triggerEvent }},
  "createdAt": {{ createdAt }},
  "updatedAt": {{ updatedAt }},
  "alertPolicyNames": {{ json accumulations.policyName }},
  "alertConditionNames": {{ json accumulations.conditionName }},
  "workflowName": {{ json workflowName }}
}
`
