import { nothing } from './proof.ts'
import { jsonText } from './quote.ts'
import type { Snippet } from './snippet.ts'

/** A webhook capability of Sonatype Nexus. Nexus signs only with SHA-1, which no hook accepts. */
export const nexus: Snippet = {
  name: 'nexus',
  title: 'Sonatype Nexus Repository',
  group: 'images',
  proves: nothing,
  pushes: true,
  texts: ({ url }) => [
    {
      where:
        'Administration, System, Capabilities, Create capability, Webhook: Repository, with these settings. Replace docker-hosted with your repository.',
      language: 'json',
      text: jsonText({ Repository: 'docker-hosted', 'Event Types': 'component', URL: url }),
    },
  ],
}
