import { hookWord } from './names.ts'
import { nothing } from './proof.ts'
import { azureText, jsonText, shortName } from './quote.ts'
import type { Snippet } from './snippet.ts'

/** An action group of Azure Monitor. */
export const azureMonitor: Snippet = {
  name: 'azure-monitor',
  title: 'Azure Monitor',
  group: 'alerts',
  proves: nothing,
  pushes: false,
  texts: hook => [
    {
      where:
        'Deploy a resource template (`az deployment group create`), or add a Webhook action with the common alert schema to an action group.',
      language: 'json',
      text: jsonText({
        $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
        contentVersion: '1.0.0.0',
        resources: [
          {
            type: 'Microsoft.Insights/actionGroups',
            apiVersion: '2023-01-01',
            name: hookWord(hook),
            location: 'Global',
            properties: {
              // Azure accepts at most 12 characters.
              groupShortName: azureText(shortName(hook.name, 12)),
              enabled: true,
              webhookReceivers: [{ name: hookWord(hook), serviceUri: azureText(hook.url), useCommonAlertSchema: true }],
            },
          },
        ],
      }),
    },
  ],
}
