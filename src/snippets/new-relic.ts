import type { Auth } from '../api/auth.ts'
import { credentials, placeholderNote } from './proof.ts'
import type { Snippet } from './snippet.ts'

/** A webhook of a workflow of New Relic. */
export const newRelic: Snippet = {
  name: 'new-relic',
  title: 'New Relic',
  group: 'alerts',
  proves: credentials,
  pushes: false,
  texts: hook => [
    {
      where: `Alerts, Destinations, Webhook: the endpoint URL.${authorization(hook.auth)}${placeholderNote(hook, true)}`,
      language: 'text',
      text: `${hook.url}\n`,
    },
    {
      where:
        "The payload template of a workflow's webhook with this destination. This is the template that is there by default.",
      language: 'handlebars',
      text: template,
    },
  ],
}

const authorization = (auth: Auth | undefined): string => {
  switch (auth?.form) {
    case 'bearer':
      return ' As authorization choose Bearer token, with TOKEN.'
    case 'basic':
      return ' As authorization choose Basic, with USERNAME and PASSWORD.'
    case 'hmac':
    case 'sns':
    case undefined:
      return ''
  }
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
